/** 文件查看器: any exchange file, from the centre or from this computer; a local file never leaves it. */
import { InboxOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Skeleton, Upload } from 'antd';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { send } from '../../api/http';
import { useTabTitle } from '../../app/tabs';
import { PageHead } from '../../components/PageHead';
import { ProblemView } from '../../components/ProblemView';
import { FileView } from '../../components/wire/FileView';
import { useT } from '../../i18n';

const SOURCES = { result: '/result-files/', receipt: '/receipts/', upload: '/uploads/' } as const;

export default function ViewerPage() {
  const t = useT();
  const [params] = useSearchParams();
  const source = (Object.keys(SOURCES) as (keyof typeof SOURCES)[]).find((key) => params.has(key));
  const name = source ? params.get(source)! : null;
  const [local, setLocal] = useState<{ name: string; bytes: Uint8Array } | null>(null);
  useTabTitle(name ? `${t('nav.viewer')} ${name}` : null);
  const remote = useQuery({
    queryKey: ['file', source, name],
    enabled: name !== null,
    staleTime: 5 * 60_000,
    queryFn: async ({ signal }) => {
      const path = `${SOURCES[source!]}${encodeURIComponent(name!)}/${source === 'upload' ? 'raw' : 'content'}`;
      return new Uint8Array(await (await send('GET', path, { signal, headers: { accept: '*/*' } })).arrayBuffer());
    },
  });
  const shown = local ?? (remote.data && name ? { name, bytes: remote.data } : null);
  return (
    <section className="page">
      <PageHead title={t('nav.viewer')} intro={t('wire.viewerIntro')} />
      <Upload.Dragger
        accept=".dat"
        showUploadList={false}
        className={shown ? 'viewer-drop small' : 'viewer-drop'}
        beforeUpload={(file) => {
          void file.arrayBuffer().then((buffer) => setLocal({ name: file.name, bytes: new Uint8Array(buffer) }));
          return false;
        }}
      >
        <InboxOutlined className="viewer-icon" /> {t('wire.drop')}
      </Upload.Dragger>
      {remote.error && !local ? (
        <ProblemView error={remote.error} retry={() => void remote.refetch()} />
      ) : remote.isFetching && !shown ? (
        <Skeleton active />
      ) : (
        shown && <FileView key={shown.name} {...shown} />
      )}
    </section>
  );
}

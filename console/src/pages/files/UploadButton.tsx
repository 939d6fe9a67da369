/** 上送: drop a file and its signature; the receipt is shown as soon as the centre has written it. */
import { CloudUploadOutlined, InboxOutlined } from '@ant-design/icons';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, Modal, Spin, Upload } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { get, Problem, send } from '../../api/http';
import { useCan } from '../../api/session';
import type { Page } from '../../api/types';
import { ProblemView } from '../../components/ProblemView';
import { FileResult } from '../../components/verdicts';
import { useTabActive } from '../../app/tabs';
import { useT } from '../../i18n';
import { formatBytes } from '../../lib/text';

export function UploadButton() {
  const t = useT();
  const can = useCan();
  const active = useTabActive();
  const [open, setOpen] = useState(false);
  if (!can('file.upload')) return null;
  return (
    <>
      <Button type="primary" icon={<CloudUploadOutlined />} onClick={() => setOpen(true)}>
        {t('file.send')}
      </Button>
      <Modal open={open && active} title={t('file.send')} footer={null} width={640} destroyOnHidden onCancel={() => setOpen(false)}>
        <Sender />
      </Modal>
    </>
  );
}

interface Sent {
  name: string;
  bytes: number;
  state: 'sending' | 'sent' | 'failed';
  error?: unknown;
}

function Sender() {
  const t = useT();
  const client = useQueryClient();
  const [sent, setSent] = useState<Sent[]>([]);
  const update = (name: string, next: Partial<Sent>) => setSent((all) => all.map((s) => (s.name === name ? { ...s, ...next } : s)));

  const sendAll = async (files: File[]) => {
    const signatures = new Map(files.filter((f) => f.name.endsWith('.sig')).map((f) => [f.name.slice(0, -4), f]));
    const uploads = files.filter((f) => !f.name.endsWith('.sig'));
    setSent((all) => [...all.filter((s) => !uploads.some((u) => u.name === s.name)), ...uploads.map((f) => ({ name: f.name, bytes: f.size, state: 'sending' as const }))]);
    for (const file of uploads) {
      try {
        const signature = signatures.get(file.name);
        const headers: Record<string, string> = signature ? { 'x-tongka-signature': (await signature.text()).trim() } : {};
        await send('POST', `/uploads/${encodeURIComponent(file.name)}`, { body: file, headers });
        update(file.name, { state: 'sent' });
      } catch (error) {
        update(file.name, { state: 'failed', error });
      }
    }
    void client.invalidateQueries({ queryKey: ['list', 'uploads'] });
    void client.invalidateQueries({ queryKey: ['list', 'receipts'] });
    void client.invalidateQueries({ queryKey: ['dashboard'] });
  };
  return (
    <>
      <Upload.Dragger
        multiple
        accept=".dat,.sig"
        showUploadList={false}
        beforeUpload={(file, all) => {
          // Called once a file; the whole drop goes together, so that signatures find their files.
          if (file === all[0]) void sendAll(all);
          return false;
        }}
      >
        <p>
          <InboxOutlined className="viewer-icon" />
        </p>
        <p>{t('file.drop')}</p>
        <p className="muted small">{t('file.dropHint')}</p>
      </Upload.Dragger>
      <ul className="sent-files">
        {sent.map((s) => (
          <li key={s.name}>
            <span className="mono">{s.name}</span> <span className="muted">{formatBytes(s.bytes)}</span>
            {s.state === 'sending' ? <Spin size="small" /> : s.state === 'failed' ? <ProblemView error={s.error} /> : <ReceiptOf name={s.name} />}
          </li>
        ))}
      </ul>
    </>
  );
}

/** Waits for the receipt: it comes within a minute. */
function ReceiptOf({ name }: { name: string }) {
  const t = useT();
  const receipt = useQuery({
    queryKey: ['list', 'receipts', 'of', name],
    queryFn: async () => (await get<Page>('/receipts', { upload_name: name, limit: 1 })).items[0] ?? null,
    refetchInterval: (query) => (query.state.data ? false : 1500),
  });
  if (receipt.error instanceof Problem) return <ProblemView error={receipt.error} />;
  if (!receipt.data) return <Alert type="info" showIcon title={t('file.waiting')} />;
  return (
    <span>
      <FileResult result={String(receipt.data['result'])} /> {String(receipt.data['detail'] ?? '')}{' '}
      <Link to={`/uploads/${encodeURIComponent(name)}`}>{t('common.detail')}</Link>
    </span>
  );
}

import { Link } from 'react-router';
import { href } from '../../api/http';
import { useCan } from '../../api/session';
import { useT } from '../../i18n';

/** 查看 and 下载 of a file that the centre wrote. */
export function FileActions({ kind, name }: { kind: 'result' | 'receipt'; name: string }) {
  const t = useT();
  const can = useCan();
  const path = `${kind === 'result' ? '/result-files' : '/receipts'}/${encodeURIComponent(name)}/content`;
  if (!can('file.download')) return null;
  return (
    <>
      <Link to={`/viewer?${kind}=${encodeURIComponent(name)}`} aria-label={`${t('file.view')} ${name}`}>
        {t('file.view')}
      </Link>
      <a href={href(path)} download aria-label={`${t('common.download')} ${name}`}>
        {t('common.download')}
      </a>
    </>
  );
}

import { Link } from 'react-router';
import { href } from '../../api/http';
import { useCan } from '../../api/session';
import type { Row } from '../../api/types';
import { useT } from '../../i18n';

/** A receipt's file, as the interface names it: date, receiver, number. */
export function receiptName(row: Row): string {
  return `TXR_${String(row['clearing_date']).replaceAll('-', '')}_${String(row['member'])}_${String(row['sequence']).padStart(6, '0')}.dat`;
}

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

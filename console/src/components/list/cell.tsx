/** One value of a row, by the kind of its column. */
import { Tooltip } from 'antd';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { useOpensUpload } from '../../api/session';
import type { Cell, ColumnSpec, Row } from '../../api/types';
import { useLanguage, usePick, useT } from '../../i18n';
import { formatCount, formatPpm } from '../../lib/money';
import { Digest, MemberName, Money, Time, ToneTag } from '../figures';

export const RIGHT_ALIGNED: ReadonlySet<string> = new Set(['int', 'fen', 'ppm']);

/** Where names of things lead, in every list alike. */
function linkOf(name: string, value: string): string | null {
  if (name === 'clearing_date' || name === 'booked_on' || name === 'booking_date') return `/days/${value}`;
  if ((name === 'upload_name' || name === 'upload') && /^TXU_/.test(value)) return `/uploads/${value}`;
  if (name === 'approval' || name === 'approval_id') return `/approvals/${value}`;
  return null;
}

export function CellValue({ spec, value }: { spec: ColumnSpec; value: Cell; row?: Row }): ReactNode {
  const t = useT();
  const pick = usePick();
  const { language } = useLanguage();
  const opens = useOpensUpload();
  if (value === null || value === undefined || value === '') return <span className="muted">—</span>;
  switch (spec.kind) {
    case 'fen':
      return <Money fen={Number(value)} />;
    case 'int': {
      const to = linkOf(spec.name, String(value));
      const text = /(^|_)(id|no|number|sequence|version)$/.test(spec.name) ? String(value) : formatCount(Number(value));
      return to ? <Link className="num" to={to}>{text}</Link> : <span className="num">{text}</span>;
    }
    case 'ppm':
      return <span className="num" title={`${value} ppm`}>{formatPpm(Number(value))}</span>;
    case 'flag': {
      const on = value === true || value === 1 || value === 'true';
      return <ToneTag tone={on ? 'info' : 'plain'}>{t(on ? 'common.yes' : 'common.no')}</ToneTag>;
    }
    case 'date': {
      const to = linkOf(spec.name, String(value));
      return to ? <Link className="num" to={to}>{String(value)}</Link> : <span className="num">{String(value)}</span>;
    }
    case 'datetime':
      return <Time value={String(value)} />;
    case 'digest':
      return <Digest value={String(value)} />;
    case 'member':
      return <MemberName code={String(value)} />;
    case 'enum': {
      const known = spec.values?.find((v) => v.value === String(value));
      return known ? (
        <ToneTag tone={known.tone} title={language === 'zh' ? `${known.zh} ${known.value}` : `${known.en} ${known.value}`}>
          {pick(known)}
        </ToneTag>
      ) : (
        <ToneTag tone="plain">{String(value)}</ToneTag>
      );
    }
    case 'json': {
      const text = typeof value === 'string' ? value : JSON.stringify(value);
      return (
        <Tooltip title={<span className="mono wrap">{text}</span>}>
          <span className="mono">{text}</span>
        </Tooltip>
      );
    }
    default: {
      const text = String(value);
      const found = linkOf(spec.name, text);
      const to = found?.startsWith('/uploads/') && !opens(text) ? null : found;
      const className = spec.kind === 'code' ? 'mono' : undefined;
      return to ? <Link className={className} to={to}>{text}</Link> : <span className={className} title={text}>{text}</span>;
    }
  }
}

/** One line byte by byte: pointing at a field lights its bytes, pointing at bytes lights the field in the table. */
import { useMemo, useState } from 'react';
import { useDisplay } from '../../app/display';
import { usePick, useT } from '../../i18n';
import { formatFen } from '../../lib/money';
import { decodeLine, meaning, type DecodedField, type WireTable } from '../../lib/wire';
import { CopyButton } from '../CopyButton';

export function RawLine({ table, line }: { table: WireTable; line: string }) {
  const t = useT();
  const { unit } = useDisplay();
  const [lit, setLit] = useState<string | null>(null);
  const decoded = useMemo(() => decodeLine(table, line), [table, line]);
  const yuan = (fen: number) => `${formatFen(fen, unit)} ${t(`app.unit.${unit}`)}`;
  const flat: { key: string; depth: number; d: DecodedField; offset: number }[] = decoded.flatMap((d) => [
    { key: d.field.name, depth: 0, d, offset: d.field.offset },
    ...(d.inner ?? []).map((i) => ({ key: `${d.field.name}.${i.field.name}`, depth: 1, d: i, offset: d.field.offset + i.field.offset })),
  ]);
  const leaves = flat.filter((f) => !f.d.inner);
  return (
    <div className="raw-line">
      <div className="raw-bytes" tabIndex={0} role="group" aria-label={t('wire.bytes')}>
        <div className="mono raw-ruler" aria-hidden>
          {Array.from({ length: Math.ceil(table.line / 10) }, (_, i) => String(i * 10).padEnd(10)).join('')}
        </div>
        <div className="mono raw-text">
          {leaves.map((f, at) => (
            <span
              key={f.key}
              className={`${at % 2 ? 'odd' : 'even'}${f.d.ok ? '' : ' wrong'}${lit === f.key ? ' lit' : ''}`}
              onMouseEnter={() => setLit(f.key)}
              onMouseLeave={() => setLit(null)}
            >
              {f.d.text}
            </span>
          ))}
          <span className="raw-end" aria-hidden>
            CRLF
          </span>
        </div>
      </div>
      <CopyButton text={line.replace(/\r?\n$/, '')} label={t('wire.bytes')} />
      <FieldTable flat={flat} lit={lit} setLit={setLit} yuan={yuan} />
    </div>
  );
}

interface FieldTableProps {
  flat: { key: string; depth: number; d: DecodedField; offset: number }[];
  lit: string | null;
  setLit: (key: string | null) => void;
  yuan: (fen: number) => string;
}

function FieldTable({ flat, lit, setLit, yuan }: FieldTableProps) {
  const t = useT();
  const pick = usePick();
  return (
    <table className="plain-table field-table">
      <thead>
        <tr>
          <th>#</th>
          <th>{t('wire.field')}</th>
          <th>{t('wire.type')}</th>
          <th className="right">{t('wire.offset')}</th>
          <th>{t('wire.raw')}</th>
          <th>{t('wire.meaning')}</th>
          <th>{t('common.note')}</th>
        </tr>
      </thead>
      <tbody>
        {flat.map(({ key, depth, d, offset }) => (
          <tr key={key} className={`${lit === key ? 'lit' : ''}${d.ok ? '' : ' wrong'}`} onMouseEnter={() => setLit(key)} onMouseLeave={() => setLit(null)}>
            <td className="muted">{depth === 0 ? d.field.no : ''}</td>
            <td style={{ paddingLeft: 6 + depth * 16 }}>
              {pick(d.field)} <span className="muted mono small">{d.field.name}</span>
            </td>
            <td className="mono">
              {d.field.type}
              {d.field.width}
              {d.field.signed ? ' ±' : ''}
            </td>
            <td className="right num">{offset}</td>
            <td className="mono field-raw">{d.inner ? '' : d.text}</td>
            <td className={d.ok ? '' : 'negative'}>{d.inner ? '' : d.masked ? t('wire.masked') : d.ok ? meaning(d, yuan) : t('wire.wrong')}</td>
            <td className="muted small">{d.field.note}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

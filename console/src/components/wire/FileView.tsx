/** A whole exchange file: its header, what is wrong with it, its lines page by page. */
import { Alert, Button, InputNumber, Space } from 'antd';
import { useMemo, useState } from 'react';
import { useDisplay } from '../../app/display';
import { usePick, useT } from '../../i18n';
import { formatCount, formatFen } from '../../lib/money';
import { formatBytes } from '../../lib/text';
import { decodeLine, meaning, readFile } from '../../lib/wire';
import { TABLES } from '../../lib/wire-tables';
import { Panel } from '../Panel';
import { RawLine } from './RawLine';

const PAGE = 25;

export function FileView({ name, bytes }: { name: string; bytes: Uint8Array }) {
  const t = useT();
  const pick = usePick();
  const { unit } = useDisplay();
  const file = useMemo(() => readFile(bytes), [bytes]);
  const [from, setFrom] = useState(0);
  const [open, setOpen] = useState<number | null>(null);
  const yuan = (fen: number) => formatFen(fen, unit);
  const lines = Array.from({ length: Math.max(0, Math.min(PAGE, file.count - from)) }, (_, i) => from + i);
  const table = file.table;
  const shown = table?.fields.filter((f) => f.name !== 'mark' && f.name !== 'reserved') ?? [];
  return (
    <div className="file-view">
      <Panel
        title={
          <>
            <span className="mono">{name}</span> {table && pick(table)}
          </>
        }
        extra={
          <span className="muted">
            {formatBytes(bytes.length)} · {t('common.records', { n: formatCount(file.count) })}
          </span>
        }
      >
        {file.faults.map((fault) => (
          <Alert key={fault} type="error" showIcon title={t(`wire.fault.${fault}`)} />
        ))}
        <RawLine table={TABLES['HEADER']!} line={String.fromCharCode(...bytes.subarray(0, 143))} />
      </Panel>
      {table && file.count > 0 && (
        <Panel
          title={t('wire.lines')}
          extra={
            <Space size={4}>
              <Button size="small" disabled={from === 0} onClick={() => setFrom(Math.max(0, from - PAGE))}>
                {t('common.previous')}
              </Button>
              <InputNumber
                size="small"
                min={1}
                max={file.count}
                value={from + 1}
                aria-label={t('wire.goTo')}
                onChange={(n) => n && setFrom(Math.min(file.count - 1, n - 1))}
              />
              <span className="muted num">/ {formatCount(file.count)}</span>
              <Button size="small" disabled={from + PAGE >= file.count} onClick={() => setFrom(from + PAGE)}>
                {t('common.next')}
              </Button>
            </Space>
          }
        >
          <div className="scroll" tabIndex={0} role="group" aria-label={t('wire.lines')}>
            <table className="plain-table decoded-table">
              <thead>
                <tr>
                  <th>{t('wire.line')}</th>
                  {shown.map((f) => (
                    <th key={f.name} className={f.type === 'N' ? 'right' : undefined}>
                      {pick(f)}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                {lines.map((at) => (
                  <tr key={at} className={open === at ? 'lit' : undefined}>
                    <td>
                      <Button type="link" size="small" className="inline" aria-expanded={open === at} onClick={() => setOpen(open === at ? null : at)}>
                        {at + 1}
                      </Button>
                    </td>
                    {decodeLine(table, file.line(at))
                      .filter((d) => shown.includes(d.field))
                      .map((d) => (
                        <td key={d.field.name} className={`${d.field.type === 'N' ? 'right num' : 'mono'}${d.ok ? '' : ' negative'}`}>
                          {d.inner ? `${d.text.slice(0, 24)}…` : meaning(d, yuan)}
                        </td>
                      ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
          {open !== null && <RawLine table={table} line={file.line(open)} />}
        </Panel>
      )}
    </div>
  );
}

/** The records of an upload as sent, with their verdicts; each opens byte by byte and leads to its explanation. */
import { Button, Empty, Segmented, Skeleton } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { useUploadRecords } from '../../api/files';
import { useCan } from '../../api/session';
import { useDisplay } from '../../app/display';
import type { SetParams } from '../../components/list/params';
import { ProblemView } from '../../components/ProblemView';
import { ReasonText, VerdictTag } from '../../components/verdicts';
import { RawLine } from '../../components/wire/RawLine';
import { usePick, useT } from '../../i18n';
import { formatFen } from '../../lib/money';
import { decodeLine, meaning } from '../../lib/wire';
import { TABLES } from '../../lib/wire-tables';

const LIMIT = 50;
const COLUMNS = ['issuer_id', 'serial', 'counter', 'psam', 'psam_txn', 'balance_before', 'amount', 'date', 'time', 'industry', 'line'];

export function RecordsTab({ name, params, setParams }: { name: string; params: URLSearchParams; setParams: SetParams }) {
  const t = useT();
  const pick = usePick();
  const can = useCan();
  const { unit } = useDisplay();
  const verdict = params.get('verdict') ?? '';
  const from = Number(params.get('from')) || 1;
  const [open, setOpen] = useState<number | null>(null);
  const page = useUploadRecords(name, verdict, from, LIMIT);
  const table = TABLES['TXU']!;
  const fields = table.fields.filter((f) => COLUMNS.includes(f.name));
  const set = (changes: Record<string, string>) =>
    setParams((old) => {
      const next = new URLSearchParams(old);
      for (const [key, value] of Object.entries(changes)) {
        if (value) next.set(key, value);
        else next.delete(key);
      }
      return next;
    });
  return (
    <div className="panel panel-body">
      <div className="flows-bar">
        <Segmented
          value={verdict}
          onChange={(v) => set({ verdict: v, from: '' })}
          options={[{ value: '', label: t('common.all') }, ...(['A', 'R', 'S', 'D', 'T'] as const).map((v) => ({ value: v, label: t(`verdict.${v}`) }))]}
        />
        <Button size="small" disabled={from === 1} onClick={() => set({ from: '' })}>
          {t('list.first')}
        </Button>
        <Button size="small" disabled={!page.data?.next} onClick={() => set({ from: String(page.data!.next) })}>
          {t('list.next')}
        </Button>
      </div>
      {page.error ? (
        <ProblemView error={page.error} retry={() => void page.refetch()} />
      ) : !page.data ? (
        <Skeleton active />
      ) : page.data.items.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('list.empty')} />
      ) : (
        <div className="scroll" tabIndex={0} role="region" aria-label={t('file.records')}>
          <table className="plain-table decoded-table">
            <thead>
              <tr>
                <th>#</th>
                <th>{t('file.verdict')}</th>
                <th>{t('common.reason')}</th>
                {fields.map((f) => (
                  <th key={f.name} className={f.fen ? 'right' : undefined}>
                    {pick(f)}
                  </th>
                ))}
                <th>{t('list.actions')}</th>
              </tr>
            </thead>
            <tbody>
              {page.data.items.map((record) => {
                const decoded = decodeLine(table, record.raw);
                return [
                  <tr key={record.record_no} className={open === record.record_no ? 'lit' : undefined}>
                    <td>
                      <Button type="link" size="small" className="inline num" aria-expanded={open === record.record_no} onClick={() => setOpen(open === record.record_no ? null : record.record_no)}>
                        {record.record_no}
                      </Button>
                    </td>
                    <td>
                      <VerdictTag verdict={record.verdict} />
                    </td>
                    <td>
                      <ReasonText reason={record.reason} />
                    </td>
                    {decoded
                      .filter((d) => COLUMNS.includes(d.field.name))
                      .map((d) => (
                        <td key={d.field.name} className={`${d.field.fen ? 'right num' : 'mono'}${d.ok ? '' : ' negative'}`}>
                          {meaning(d, (fen) => formatFen(fen, unit))}
                        </td>
                      ))}
                    <td>
                      {can('record.read') && <Link to={`/uploads/${encodeURIComponent(name)}/records/${record.record_no}`}>{t('file.explain')}</Link>}
                    </td>
                  </tr>,
                  open === record.record_no && (
                    <tr key={`${record.record_no} raw`}>
                      <td colSpan={fields.length + 4}>
                        <RawLine table={table} line={record.raw} />
                      </td>
                    </tr>
                  ),
                ];
              })}
            </tbody>
          </table>
        </div>
      )}
    </div>
  );
}

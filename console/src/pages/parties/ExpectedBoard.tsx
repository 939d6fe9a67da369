/** 应到文件看板: which member's files of a clearing date are there, late or missing. */
import { useQuery } from '@tanstack/react-query';
import { DatePicker, Empty, Skeleton } from 'antd';
import dayjs from 'dayjs';
import { useSearchParams } from 'react-router';
import type { ExpectedLine } from '../../api/changes';
import { dashboardQuery } from '../../api/dashboard';
import { get } from '../../api/http';
import type { Tone } from '../../api/types';
import { MemberName, Time, ToneTag } from '../../components/figures';
import { PageHead } from '../../components/PageHead';
import { ProblemView } from '../../components/ProblemView';
import { useT, type MessageKey } from '../../i18n';
import { formatCount } from '../../lib/money';

const TONES: Record<string, Tone> = { waiting: 'plain', due_soon: 'info', late: 'warn', escalated: 'bad', arrived: 'ok', arrived_late: 'warn' };
/** What asks for somebody first. */
const ORDER = ['escalated', 'late', 'due_soon', 'waiting', 'arrived_late', 'arrived'];

export default function ExpectedBoard() {
  const t = useT();
  const [params, setParams] = useSearchParams();
  const dashboard = useQuery(dashboardQuery);
  const days = dashboard.data;
  const date = params.get('date') ?? days?.open_day?.clearing_date ?? days?.last_closed?.clearing_date ?? null;
  const board = useQuery({
    queryKey: ['expected-board', date],
    enabled: date !== null,
    refetchInterval: 30_000,
    queryFn: async ({ signal }) => (await get<{ items: ExpectedLine[] }>(`/expected-board/${date}`, undefined, signal)).items,
  });
  const lines = [...(board.data ?? [])].sort((a, b) => ORDER.indexOf(a.standing) - ORDER.indexOf(b.standing) || a.member.localeCompare(b.member));
  const error = board.error ?? (date === null ? dashboard.error : null);
  return (
    <section className="page">
      <PageHead title={t('nav.expectedBoard')} intro={t('expected.intro')}>
        <DatePicker allowClear={false} aria-label={t('common.date')} value={date ? dayjs(date) : null} onChange={(next) => next && setParams({ date: next.format('YYYY-MM-DD') })} />
      </PageHead>
      <div className="panel panel-body">
        {error ? (
          <ProblemView error={error} retry={() => void board.refetch()} />
        ) : date === null && !dashboard.isPending ? (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('app.noOpenDay')} />
        ) : !board.data ? (
          <Skeleton active />
        ) : lines.length === 0 ? (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('expected.none')} />
        ) : (
          <table className="plain-table">
            <thead>
              <tr>
                <th>{t('common.state')}</th>
                <th>{t('common.member')}</th>
                <th>{t('field.fileKind')}</th>
                <th className="right">{t('expected.arrived')}</th>
                <th>{t('field.windowFrom')}</th>
                <th>{t('field.windowTo')}</th>
                <th>{t('expected.lastAt')}</th>
                <th className="right">{t('expected.late')}</th>
              </tr>
            </thead>
            <tbody>
              {lines.map((line) => (
                <tr key={`${line.member}.${line.kind}`}>
                  <td>
                    <ToneTag tone={TONES[line.standing] ?? 'plain'}>{t(`standing.${line.standing}` as MessageKey)}</ToneTag>
                  </td>
                  <td>
                    <MemberName code={line.member} />
                  </td>
                  <td className="mono">{line.kind}</td>
                  <td className="right num">
                    {formatCount(line.arrived)} / {formatCount(line.expected)}
                  </td>
                  <td>
                    <Time value={line.from} />
                  </td>
                  <td>
                    <Time value={line.by} />
                  </td>
                  <td>
                    <Time value={line.last_at} />
                  </td>
                  <td className="right num">{line.late_minutes > 0 ? t('span.minutes', { n: formatCount(line.late_minutes) }) : '—'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </section>
  );
}

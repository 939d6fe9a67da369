/** Who would gain, who would pay more: bars, and the same as a table. */
import { useMemo } from 'react';
import { Chart } from '../../components/Chart';
import { MemberName, Money } from '../../components/figures';
import { Panel } from '../../components/Panel';
import { useDisplay } from '../../app/display';
import { useT } from '../../i18n';
import { formatFen } from '../../lib/money';

interface Change {
  before_fen: number;
  after_fen: number;
  difference_fen: number;
}

export interface Result {
  members: (Change & { member: string; name: string; fees_paid: Change; fees_earned: Change })[];
  clearing_dates: string[];
  /** The centre's own fees. */
  centre: Change;
}

export function WhatIfResult({ result }: { result: Result }) {
  const t = useT();
  const { theme, unit } = useDisplay();
  const sorted = useMemo(() => [...result.members].sort((a, b) => b.difference_fen - a.difference_fen), [result]);
  const option = useMemo(() => {
    const divisor = unit === 'wan' ? 1_000_000 : 100;
    const [gain, loss] = theme === 'dark' ? ['#4cbf86', '#ef6b66'] : ['#17774a', '#bf2f2b'];
    return {
      grid: { left: 8, right: 16, top: 8, bottom: 4, outerBoundsMode: 'same' },
      tooltip: { trigger: 'axis', axisPointer: { type: 'shadow' }, valueFormatter: (v: number) => formatFen(Math.round(v * divisor), unit) },
      xAxis: { type: 'category', data: sorted.map((m) => m.name), axisLabel: { rotate: 45, interval: 0 } },
      yAxis: { type: 'value', name: t(`app.unit.${unit}`) },
      series: [{ type: 'bar', barMaxWidth: 28, data: sorted.map((m) => ({ value: m.difference_fen / divisor, itemStyle: { color: m.difference_fen < 0 ? loss : gain } })) }],
    };
  }, [sorted, theme, unit, t]);
  const { centre } = result;
  return (
    <div className="stack">
      <Panel title={t('whatIf.chart')}>
        <Chart option={option} height={300} label={t('whatIf.chart')} />
      </Panel>
      <Panel title={t('whatIf.table')} extra={<span className="muted num">{result.clearing_dates[0]} — {result.clearing_dates.at(-1)}</span>}>
        <table className="plain-table">
          <thead>
            <tr>
              <th>{t('common.member')}</th>
              <th className="right">{t('whatIf.before')}</th>
              <th className="right">{t('whatIf.after')}</th>
              <th className="right">{t('whatIf.difference')}</th>
              <th className="right">{t('whatIf.feesPaid')}</th>
              <th className="right">{t('whatIf.feesEarned')}</th>
            </tr>
          </thead>
          <tbody>
            {sorted.map((m) => (
              <tr key={m.member}>
                <td>
                  <MemberName code={m.member} />
                </td>
                <td className="right">
                  <Money fen={m.before_fen} />
                </td>
                <td className="right">
                  <Money fen={m.after_fen} />
                </td>
                <td className="right">
                  <Money fen={m.difference_fen} signed strong />
                </td>
                <td className="right">
                  <Money fen={m.fees_paid.difference_fen} signed />
                </td>
                <td className="right">
                  <Money fen={m.fees_earned.difference_fen} signed />
                </td>
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <td>{t('whatIf.centre')}</td>
              <td className="right">
                <Money fen={centre.before_fen} />
              </td>
              <td className="right">
                <Money fen={centre.after_fen} />
              </td>
              <td className="right">
                <Money fen={centre.difference_fen} signed />
              </td>
              <td />
              <td />
            </tr>
          </tfoot>
        </table>
      </Panel>
    </div>
  );
}

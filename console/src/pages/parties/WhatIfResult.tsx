/** Who would gain, who would pay more: bars, and the same as a table. */
import { useMemo } from 'react';
import { Chart } from '../../components/Chart';
import { MemberName, Money } from '../../components/figures';
import { Panel } from '../../components/Panel';
import { useDisplay } from '../../app/display';
import { useT } from '../../i18n';
import { formatFen } from '../../lib/money';

export interface Result {
  members: { member: string; name: string; before_fen: number; after_fen: number; difference_fen: number }[];
  /** The centre's own fees, where the server says them. */
  centre?: { before_fen: number; after_fen: number; difference_fen: number };
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
  const sum = (of: (m: Result['members'][number]) => number) => result.members.reduce((total, m) => total + of(m), 0);
  const centre = result.centre ?? { before_fen: -sum((m) => m.before_fen), after_fen: -sum((m) => m.after_fen), difference_fen: -sum((m) => m.difference_fen) };
  return (
    <div className="stack">
      <Panel title={t('whatIf.chart')}>
        <Chart option={option} height={300} label={t('whatIf.chart')} />
      </Panel>
      <Panel title={t('whatIf.table')}>
        <table className="plain-table">
          <thead>
            <tr>
              <th>{t('common.member')}</th>
              <th className="right">{t('whatIf.before')}</th>
              <th className="right">{t('whatIf.after')}</th>
              <th className="right">{t('whatIf.difference')}</th>
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
            </tr>
          </tfoot>
        </table>
      </Panel>
    </div>
  );
}

/** Who received from whom: rows acquirers, columns issuers, darker is more. A member's own cards are not money between cities. */
import { useMemo } from 'react';
import type { Flows } from '../../api/days';
import { useDisplay } from '../../app/display';
import { useT } from '../../i18n';
import { activeMembers, foreignFlows } from '../../lib/flows';
import { formatCount, formatFen } from '../../lib/money';
import { Chart } from '../Chart';

export function FlowMatrix({ data }: { data: Flows }) {
  const t = useT();
  const { theme, unit } = useDisplay();
  const members = useMemo(() => activeMembers(data.members, data.flows), [data]);
  const option = useMemo(() => {
    const at = new Map(members.map((m, i) => [m.code, i]));
    const flows = foreignFlows(data.flows);
    const names = members.map((m) => m.name);
    const cells = flows.map((f) => ({ value: [at.get(f.issuer), at.get(f.acquirer), f.gross_fen], flow: f }));
    const own = members.map((_, i) => [i, i, 0]);
    const sorted = flows.map((f) => f.gross_fen).sort((a, b) => a - b);
    const top = sorted[Math.floor(sorted.length * 0.97)] ?? 1;
    return {
      grid: { left: 64, right: 12, top: 64, bottom: 40 },
      xAxis: { type: 'category', data: names, position: 'top', axisLabel: { rotate: 60, interval: 0 }, axisTick: { show: false }, axisLine: { show: false }, splitArea: { show: true, areaStyle: { color: ['transparent'] } } },
      yAxis: { type: 'category', data: names, inverse: true, axisLabel: { interval: 0 }, axisTick: { show: false }, axisLine: { show: false } },
      tooltip: {
        formatter: (p: { data: { flow?: (typeof flows)[number] } }) => {
          const flow = p.data.flow;
          if (!flow) return t('flows.own');
          const name = (code: string) => members[at.get(code)!]!.name;
          return `${t('flows.acquirer')} <b>${name(flow.acquirer)}</b> ← ${t('flows.issuer')} <b>${name(flow.issuer)}</b><br/>${t('flows.gross')} <b>${formatFen(flow.gross_fen, unit)}</b> ${t(`app.unit.${unit}`)}<br/>${t('common.count')} ${formatCount(flow.count)}${
            flow.issuer_fee_fen === null ? '' : `<br/>${t('flows.issuerFee')} ${formatFen(flow.issuer_fee_fen)} · ${t('flows.centreFee')} ${formatFen(flow.centre_fee_fen ?? 0)}`
          }`;
        },
      },
      visualMap: {
        min: 0, max: top, calculable: true, orient: 'horizontal', left: 'center', bottom: 0, itemHeight: 160, itemWidth: 10,
        inRange: { color: theme === 'dark' ? ['#17283f', '#2f6fca', '#9ccaff'] : ['#eaf2fb', '#6fa6dd', '#12366b'] },
        formatter: (v: number) => formatFen(Math.round(v), unit),
        seriesIndex: 0,
      },
      series: [
        { type: 'heatmap', data: cells, itemStyle: { borderWidth: 1, borderColor: theme === 'dark' ? '#151c25' : '#fff' }, emphasis: { itemStyle: { borderColor: '#d98a1c', borderWidth: 2 } } },
        { type: 'heatmap', data: own, itemStyle: { color: theme === 'dark' ? '#2a3442' : '#dfe4ea' }, silent: false },
      ],
    };
  }, [data, members, theme, unit, t]);
  return (
    <>
      <p className="muted small">{t('flows.matrixHint')}</p>
      <Chart option={option} height={Math.max(360, members.length * 19 + 130)} label={t('flows.matrix')} />
    </>
  );
}

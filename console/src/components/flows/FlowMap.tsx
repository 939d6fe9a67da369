/** The same flows where they happen: cities by longitude and latitude on a plain grid, the largest flows as arcs. */
import { useMemo } from 'react';
import type { Flows } from '../../api/days';
import { useDisplay } from '../../app/display';
import { useT } from '../../i18n';
import { activeMembers, foreignFlows } from '../../lib/flows';
import { formatFen } from '../../lib/money';
import { Chart } from '../Chart';

/** More arcs than this only make a tangle. */
const ARCS = 80;
/** A degree of longitude at 35° north is this much of a degree of latitude. */
const SHAPE = 0.82;

export function FlowMap({ data }: { data: Flows }) {
  const t = useT();
  const { theme, unit } = useDisplay();
  const option = useMemo(() => {
    const placed = activeMembers(data.members, data.flows).filter((m) => m.lon !== null && m.lat !== null);
    const place = new Map(placed.map((m) => [m.code, m]));
    const flows = foreignFlows(data.flows).filter((f) => place.has(f.acquirer) && place.has(f.issuer)).slice(0, ARCS);
    const top = flows[0]?.gross_fen ?? 1;
    const turnover = new Map<string, number>();
    for (const f of foreignFlows(data.flows)) for (const code of [f.acquirer, f.issuer]) turnover.set(code, (turnover.get(code) ?? 0) + f.gross_fen);
    const most = Math.max(1, ...turnover.values());
    const line = theme === 'dark' ? '#222c39' : '#e6eaf0';
    const degree = (v: number, letter: string) => `${v}°${letter}`;
    return {
      grid: { left: 44, right: 16, top: 12, bottom: 26 },
      xAxis: { type: 'value', min: 98, max: 132, interval: 4, axisLabel: { formatter: (v: number) => degree(v, 'E') }, splitLine: { lineStyle: { color: line } } },
      yAxis: { type: 'value', min: 18, max: 48, interval: 4, axisLabel: { formatter: (v: number) => degree(v, 'N') }, splitLine: { lineStyle: { color: line } } },
      tooltip: {
        formatter: (p: { seriesType: string; data: { name?: string; text?: string } }) => p.data.text ?? p.data.name ?? '',
      },
      series: [
        {
          type: 'lines',
          coordinateSystem: 'cartesian2d',
          effect: { show: false },
          data: flows.map((f) => {
            const from = place.get(f.issuer)!;
            const to = place.get(f.acquirer)!;
            return {
              coords: [[from.lon, from.lat], [to.lon, to.lat]],
              text: `${from.name} → ${to.name}<br/><b>${formatFen(f.gross_fen, unit)}</b> ${t(`app.unit.${unit}`)}`,
              lineStyle: { width: 0.6 + 4 * Math.sqrt(f.gross_fen / top), opacity: 0.25 + 0.5 * Math.sqrt(f.gross_fen / top) },
            };
          }),
          lineStyle: { color: theme === 'dark' ? '#5aa0f2' : '#2f7fd0', curveness: 0.22 },
          emphasis: { lineStyle: { color: '#d98a1c', opacity: 1 } },
        },
        {
          type: 'scatter',
          coordinateSystem: 'cartesian2d',
          data: placed.map((m) => ({
            name: m.name,
            value: [m.lon, m.lat],
            symbolSize: 6 + 18 * Math.sqrt((turnover.get(m.code) ?? 0) / most),
            text: `<b>${m.name}</b> ${m.code}<br/>${formatFen(turnover.get(m.code) ?? 0, unit)} ${t(`app.unit.${unit}`)}`,
          })),
          itemStyle: { color: theme === 'dark' ? '#82b6ff' : '#1d4f91', borderColor: theme === 'dark' ? '#0c1117' : '#fff', borderWidth: 1 },
          label: { show: true, formatter: '{b}', position: 'right', color: theme === 'dark' ? '#e6ebf2' : '#17202c', fontSize: 12 },
          labelLayout: { hideOverlap: true, moveOverlap: 'shiftY' },
        },
      ],
    };
  }, [data, theme, unit, t]);
  return (
    <>
      <p className="muted small">{t('flows.mapHint', { n: ARCS })}</p>
      <div className="flow-map" style={{ aspectRatio: `${(34 * SHAPE) / 30}` }}>
        <Chart option={option} height="100%" label={t('flows.map')} />
      </div>
    </>
  );
}

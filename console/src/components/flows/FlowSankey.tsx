/** Issuers on the left, acquirers on the right: whose cards were used where. */
import { useMemo } from 'react';
import type { Flows } from '../../api/days';
import { useDisplay } from '../../app/display';
import { useT } from '../../i18n';
import { foreignFlows } from '../../lib/flows';
import { formatFen } from '../../lib/money';
import { Chart } from '../Chart';

const STREAMS = 60;

export function FlowSankey({ data }: { data: Flows }) {
  const t = useT();
  const { theme, unit } = useDisplay();
  const option = useMemo(() => {
    const names = new Map(data.members.map((m) => [m.code, m.name]));
    const flows = foreignFlows(data.flows).slice(0, STREAMS);
    const left = [...new Set(flows.map((f) => f.issuer))];
    const right = [...new Set(flows.map((f) => f.acquirer))];
    const label = (id: string) => names.get(id.slice(1)) ?? id.slice(1);
    return {
      tooltip: {
        formatter: (p: { dataType: string; name: string; value: number; data: { source?: string; target?: string } }) => {
          const amount = `<b>${formatFen(p.value, unit)}</b> ${t(`app.unit.${unit}`)}`;
          return p.data.source ? `${t('flows.issuer')} ${label(p.data.source)} → ${t('flows.acquirer')} ${label(p.data.target!)}<br/>${amount}` : `${label(p.name)}<br/>${amount}`;
        },
      },
      series: [
        {
          type: 'sankey',
          left: 70, right: 70, top: 8, bottom: 8,
          nodeGap: 6,
          nodeWidth: 12,
          draggable: false,
          emphasis: { focus: 'adjacency' },
          data: [...left.map((code) => ({ name: `I${code}`, depth: 0 })), ...right.map((code) => ({ name: `A${code}`, depth: 1, label: { position: 'right' } }))],
          links: flows.map((f) => ({ source: `I${f.issuer}`, target: `A${f.acquirer}`, value: f.gross_fen })),
          label: { position: 'left', formatter: (p: { name: string }) => label(p.name), color: theme === 'dark' ? '#e6ebf2' : '#17202c' },
          lineStyle: { color: 'source', opacity: theme === 'dark' ? 0.35 : 0.28, curveness: 0.5 },
        },
      ],
    };
  }, [data, theme, unit, t]);
  return (
    <>
      <p className="muted small">{t('flows.sankeyHint', { n: STREAMS })}</p>
      <Chart option={option} height={620} label={t('flows.sankey')} />
    </>
  );
}

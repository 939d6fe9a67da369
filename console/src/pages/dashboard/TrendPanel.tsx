/** Volumes and what became of them over the last clearing dates; as a chart or as the same numbers in a table. */
import { Empty, Segmented } from 'antd';
import { useMemo, useState } from 'react';
import { useNavigate } from 'react-router';
import type { TrendPoint } from '../../api/types';
import { useDisplay } from '../../app/display';
import { VERDICT_COLOURS } from '../../app/theme';
import { Chart } from '../../components/Chart';
import { Money } from '../../components/figures';
import { Panel } from '../../components/Panel';
import { useT } from '../../i18n';
import { formatCount, formatFen } from '../../lib/money';

const KINDS = [
  ['A', 'accepted'],
  ['R', 'rejected'],
  ['S', 'suspicious'],
  ['D', 'duplicate'],
  ['T', 'test'],
] as const;

export function TrendPanel({ trend }: { trend: TrendPoint[] }) {
  const t = useT();
  const [view, setView] = useState<'chart' | 'table'>('chart');
  return (
    <Panel
      title={t('dash.trend')}
      className="dash-trend"
      extra={
        <Segmented
          size="small"
          value={view}
          options={[
            { value: 'chart', label: t('common.chart') },
            { value: 'table', label: t('common.table') },
          ]}
          onChange={setView}
        />
      }
    >
      {trend.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} />
      ) : view === 'chart' ? (
        <TrendChart trend={trend} />
      ) : (
        <TrendTable trend={trend} />
      )}
    </Panel>
  );
}

function TrendChart({ trend }: { trend: TrendPoint[] }) {
  const t = useT();
  const { theme, unit } = useDisplay();
  const navigate = useNavigate();
  const option = useMemo(() => {
    const colours = VERDICT_COLOURS[theme];
    const divisor = unit === 'wan' ? 1_000_000 : 100;
    return {
      grid: { left: 8, right: 8, top: 34, bottom: 4, outerBoundsMode: 'same' },
      legend: { top: 0, left: 0, itemWidth: 12, itemHeight: 8, icon: 'rect' },
      tooltip: {
        trigger: 'axis',
        valueFormatter: (value: number, index: number) => (index === undefined ? String(value) : formatCount(value)),
      },
      xAxis: { type: 'category', data: trend.map((p) => p.clearing_date.slice(5)) },
      yAxis: [
        { type: 'value', name: t('dash.records') },
        { type: 'value', name: t(`app.unit.${unit}`), splitLine: { show: false } },
      ],
      series: [
        ...KINDS.map(([letter, field]) => ({
          type: 'bar',
          stack: 'records',
          name: t(`verdict.${letter}`),
          color: colours[letter],
          barMaxWidth: 26,
          data: trend.map((p) => p[field]),
        })),
        {
          type: 'line',
          yAxisIndex: 1,
          name: t('dash.amount'),
          color: theme === 'dark' ? '#6fd3b0' : '#0f8a68',
          symbolSize: 5,
          data: trend.map((p) => p.amount_fen / divisor),
          tooltip: { valueFormatter: (value: number) => formatFen(Math.round(value * divisor), unit) },
        },
      ],
    };
  }, [trend, theme, unit, t]);
  return (
    <Chart
      option={option}
      height={236}
      label={`${t('dash.trend')}: ${trend.map((p) => `${p.clearing_date} ${formatCount(p.records)}`).join(', ')}`}
      onClick={(p) => {
        const point = trend.find((x) => x.clearing_date.slice(5) === p.name);
        if (point) void navigate(`/days/${point.clearing_date}`);
      }}
    />
  );
}

function TrendTable({ trend }: { trend: TrendPoint[] }) {
  const t = useT();
  return (
    <div className="scroll" tabIndex={0} role="region" aria-label={t('dash.trend')}>
      <table className="plain-table">
        <thead>
          <tr>
            <th>{t('common.date')}</th>
            <th className="right">{t('dash.records')}</th>
            <th className="right">{t('dash.amount')}</th>
            {KINDS.map(([letter]) => (
              <th key={letter} className="right">
                {t(`verdict.${letter}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {[...trend].reverse().map((p) => (
            <tr key={p.clearing_date}>
              <td className="num">{p.clearing_date}</td>
              <td className="right num">{formatCount(p.records)}</td>
              <td className="right">
                <Money fen={p.amount_fen} />
              </td>
              {KINDS.map(([letter, field]) => (
                <td key={letter} className="right num">
                  {formatCount(p[field])}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

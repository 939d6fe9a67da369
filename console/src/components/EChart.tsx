import { BarChart, EffectScatterChart, HeatmapChart, LineChart, LinesChart, SankeyChart, ScatterChart } from 'echarts/charts';
import { AriaComponent, DataZoomComponent, GridComponent, LegendComponent, TooltipComponent, VisualMapComponent } from 'echarts/components';
import { init, use, type EChartsCoreOption, type EChartsType } from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { useEffect, useRef } from 'react';
import { useDisplay } from '../app/display';
import type { ChartProps } from './Chart';

use([
  AriaComponent,
  BarChart,
  CanvasRenderer,
  DataZoomComponent,
  EffectScatterChart,
  GridComponent,
  HeatmapChart,
  LegendComponent,
  LineChart,
  LinesChart,
  SankeyChart,
  ScatterChart,
  TooltipComponent,
  VisualMapComponent,
]);

export type ChartOption = EChartsCoreOption;

/** Text and line colours that echarts does not take from CSS. */
const INK = {
  light: { text: '#4d5866', axis: '#cfd6df', split: '#edf0f4', tip: '#ffffff', tipText: '#17202c' },
  dark: { text: '#aeb8c5', axis: '#364252', split: '#222c39', tip: '#1b2430', tipText: '#e6ebf2' },
};

export default function EChart({ option, height, label, onClick }: ChartProps) {
  const { theme } = useDisplay();
  const box = useRef<HTMLDivElement>(null);
  const chart = useRef<EChartsType | null>(null);
  const click = useRef(onClick);
  click.current = onClick;

  useEffect(() => {
    const ink = INK[theme];
    const { fontFamily } = getComputedStyle(box.current!);
    const axis = {
      axisLine: { lineStyle: { color: ink.axis } },
      axisTick: { lineStyle: { color: ink.axis } },
      axisLabel: { color: ink.text, fontFamily },
      splitLine: { lineStyle: { color: ink.split } },
      nameTextStyle: { color: ink.text, fontFamily },
    };
    const made = init(box.current!, {
      textStyle: { fontFamily, color: ink.text },
      legend: { textStyle: { color: ink.text, fontFamily } },
      tooltip: { backgroundColor: ink.tip, borderColor: ink.axis, textStyle: { color: ink.tipText, fontSize: 12 } },
      visualMap: { textStyle: { color: ink.text } },
      categoryAxis: axis,
      valueAxis: axis,
    });
    chart.current = made;
    made.on('finished', () => {
      if (box.current) box.current.dataset['chart'] = 'drawn';
    });
    made.on('click', (params) => click.current?.(params as never));
    const observer = new ResizeObserver(() => made.resize());
    observer.observe(box.current!);
    return () => {
      observer.disconnect();
      made.dispose();
      chart.current = null;
    };
  }, [theme]);

  useEffect(() => {
    chart.current?.setOption({ animationDuration: 250, ...option }, { notMerge: true });
  }, [option, theme]);

  return <div ref={box} data-chart="drawing" style={{ height, width: '100%' }} role="img" aria-label={label} />;
}

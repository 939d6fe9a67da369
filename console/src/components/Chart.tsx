/** An ECharts figure, its library loaded when the first one is shown. */
import { Skeleton } from 'antd';
import { lazy, Suspense } from 'react';
import type { ChartOption } from './EChart';

const EChart = lazy(() => import('./EChart'));

export interface ChartProps {
  option: ChartOption;
  height: number | string;
  /** What the figure shows, for those who cannot see it. */
  label: string;
  onClick?: (params: { name?: string; data?: unknown; value?: unknown }) => void;
}

export function Chart(props: ChartProps) {
  return (
    <Suspense fallback={<Skeleton.Node active style={{ width: '100%', height: props.height }} />}>
      <EChart {...props} />
    </Suspense>
  );
}

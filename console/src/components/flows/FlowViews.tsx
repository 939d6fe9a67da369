/** Money between cities, four ways to look at it: matrix, map, streams, table. The choice is in the URL. */
import { Empty, Segmented } from 'antd';
import type { Flows } from '../../api/days';
import { useT } from '../../i18n';
import { formatCount, share } from '../../lib/money';
import { totals } from '../../lib/flows';
import { Money } from '../figures';
import type { SetParams } from '../list/params';
import { FlowMap } from './FlowMap';
import { FlowMatrix } from './FlowMatrix';
import { FlowSankey } from './FlowSankey';
import { FlowTable } from './FlowTable';

const VIEWS = ['matrix', 'map', 'sankey', 'table'] as const;

export function FlowViews({ data, params, setParams }: { data: Flows; params: URLSearchParams; setParams: SetParams }) {
  const t = useT();
  const view = VIEWS.find((v) => v === params.get('view')) ?? 'matrix';
  const sum = totals(data.flows);
  const choose = (next: string) =>
    setParams((old) => {
      const changed = new URLSearchParams(old);
      changed.set('view', next);
      return changed;
    }, true);
  return (
    <div className="flows">
      <div className="flows-bar">
        <Segmented value={view} onChange={choose} options={VIEWS.map((v) => ({ value: v, label: t(`flows.${v}`) }))} />
        <span className="muted">
          {t('common.count')} <b className="num">{formatCount(sum.count)}</b>
        </span>
        <span className="muted">
          {t('flows.gross')} <Money fen={sum.gross_fen} strong />
        </span>
        <span className="muted">
          {t('flows.foreign')} <Money fen={sum.foreign_fen} strong /> ({share(sum.foreign_fen, sum.gross_fen)})
        </span>
        <span className="muted">
          {t('flows.centreFee')} <Money fen={sum.centre_fee_fen} strong />
        </span>
      </div>
      {data.flows.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('common.empty')} />
      ) : view === 'matrix' ? (
        <FlowMatrix data={data} />
      ) : view === 'map' ? (
        <FlowMap data={data} />
      ) : view === 'sankey' ? (
        <FlowSankey data={data} />
      ) : (
        <FlowTable data={data} />
      )}
    </div>
  );
}

/** Every pair of members: both directions and what remains between them. */
import { Table } from 'antd';
import { useMemo } from 'react';
import type { Flow, Flows } from '../../api/days';
import { useT } from '../../i18n';
import { byPair, foreignFlows, netOf } from '../../lib/flows';
import { formatCount } from '../../lib/money';
import { MemberName, Money } from '../figures';

export function FlowTable({ data }: { data: Flows }) {
  const t = useT();
  const pairs = useMemo(() => byPair(data.flows), [data]);
  const rows = useMemo(() => foreignFlows(data.flows), [data]);
  const sorter = (of: (flow: Flow) => number) => (a: Flow, b: Flow) => of(a) - of(b);
  return (
    <Table<Flow>
      size="small"
      bordered
      rowKey={(flow) => `${flow.acquirer} ${flow.issuer}`}
      dataSource={rows}
      pagination={{ pageSize: 50, showSizeChanger: false, size: 'small', showTotal: (n) => t('list.total', { n: formatCount(n) }) }}
      columns={[
        { title: t('flows.acquirer'), key: 'acquirer', render: (_, f) => <MemberName code={f.acquirer} /> },
        { title: t('flows.issuer'), key: 'issuer', render: (_, f) => <MemberName code={f.issuer} /> },
        { title: t('common.count'), key: 'count', align: 'right', sorter: sorter((f) => f.count), render: (_, f) => <span className="num">{formatCount(f.count)}</span> },
        { title: t('flows.gross'), key: 'gross', align: 'right', sorter: sorter((f) => f.gross_fen), render: (_, f) => <Money fen={f.gross_fen} /> },
        { title: t('flows.issuerFee'), key: 'issuer_fee', align: 'right', render: (_, f) => <Money fen={f.issuer_fee_fen} /> },
        { title: t('flows.centreFee'), key: 'centre_fee', align: 'right', render: (_, f) => <Money fen={f.centre_fee_fen} /> },
        { title: t('flows.pairNet'), key: 'net', align: 'right', sorter: sorter((f) => netOf(pairs, f.acquirer, f.issuer)), render: (_, f) => <Money signed fen={netOf(pairs, f.acquirer, f.issuer)} /> },
      ]}
    />
  );
}

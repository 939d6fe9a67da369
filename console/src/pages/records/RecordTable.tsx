import { Table } from 'antd';
import { Link } from 'react-router';
import type { FoundRecord } from '../../api/files';
import { useOpensUpload } from '../../api/session';
import { MemberName, Money, Time } from '../../components/figures';
import { ReasonText, VerdictTag } from '../../components/verdicts';
import { useT } from '../../i18n';
import { Industry } from '../files/UploadPage';

export function explainPath(record: Pick<FoundRecord, 'upload' | 'record_no'>): string {
  return `/uploads/${encodeURIComponent(record.upload)}/records/${record.record_no}`;
}

export function RecordTable({ items }: { items: FoundRecord[] }) {
  const t = useT();
  const opens = useOpensUpload();
  return (
    <Table<FoundRecord>
      size="small"
      bordered
      pagination={false}
      rowKey={(r) => `${r.upload} ${r.record_no}`}
      dataSource={items}
      scroll={{ x: 'max-content' }}
      columns={[
        { title: t('record.at'), key: 'at', render: (_, r) => <Time value={r.at} /> },
        { title: t('record.card'), key: 'card', render: (_, r) => <span className="mono">{r.card}</span> },
        { title: t('record.counter'), key: 'counter', align: 'right', render: (_, r) => <span className="num">{r.counter}</span> },
        { title: t('record.amount'), key: 'amount', align: 'right', render: (_, r) => <Money fen={r.amount_fen} /> },
        { title: t('record.balance'), key: 'balance', align: 'right', render: (_, r) => <Money fen={r.balance_before_fen} /> },
        { title: t('file.verdict'), key: 'verdict', render: (_, r) => <VerdictTag verdict={r.verdict} /> },
        { title: t('common.reason'), key: 'reason', render: (_, r) => <ReasonText reason={r.reason} /> },
        { title: t('flows.acquirer'), key: 'sender', render: (_, r) => <MemberName code={r.sender} /> },
        { title: t('flows.issuer'), key: 'issuer', render: (_, r) => <MemberName code={r.issuer} /> },
        { title: t('file.industry'), key: 'industry', render: (_, r) => <Industry code={r.industry} /> },
        { title: t('record.psam'), key: 'psam', render: (_, r) => <span className="mono">{r.psam}</span> },
        { title: t('nav.days'), key: 'date', render: (_, r) => <span className="num">{r.clearing_date}</span> },
        { title: t('list.actions'), key: '$', fixed: 'right', render: (_, r) => (opens(r.upload) ? <Link to={explainPath(r)}>{t('file.explain')}</Link> : <span className="muted">—</span>) },
      ]}
    />
  );
}

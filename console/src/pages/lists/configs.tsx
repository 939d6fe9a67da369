/** What the console adds to single lists. A list without an entry works as the server describes it. */
import { Link } from 'react-router';
import { FileResult } from '../../components/verdicts';
import { OpenDayButton } from '../days/OpenDayButton';
import { UploadButton } from '../files/UploadButton';
import { FileActions } from '../files/FileActions';
import { StatementLinks } from '../days/StatementLinks';
import type { ListConfig } from '../../components/list/config';

const path = (base: string, column: string): ListConfig['open'] => (row) => `${base}/${encodeURIComponent(String(row[column]))}`;

export const CONFIGS: Record<string, ListConfig | undefined> = {
  'clearing-days': {
    rowKey: 'clearing_date',
    primary: ['clearing_date', 'state'],
    open: path('/days', 'clearing_date'),
    toolbar: OpenDayButton,
  },
  uploads: {
    rowKey: 'name',
    primary: ['clearing_date', 'member', 'name'],
    open: path('/uploads', 'name'),
    sum: ['total_fen'],
    toolbar: UploadButton,
  },
  receipts: {
    rowKey: 'name',
    primary: ['clearing_date', 'member', 'result'],
    render: {
      result: (value) => <FileResult result={String(value)} />,
      upload_name: (value) => <Link className="mono" to={`/uploads/${encodeURIComponent(String(value))}`}>{String(value)}</Link>,
    },
    actions: ({ row }) => <FileActions kind="receipt" name={String(row['name'])} />,
  },
  'result-files': {
    rowKey: 'name',
    primary: ['clearing_date', 'member', 'kind'],
    actions: ({ row }) => <FileActions kind="result" name={String(row['name'])} />,
  },
  positions: {
    primary: ['clearing_date', 'member', 'net_fen'],
    sum: ['receivable_fen', 'payable_fen', 'adjustments_fen', 'net_fen'],
    actions: ({ row }) => <StatementLinks date={String(row['clearing_date'])} member={String(row['member'])} />,
  },
  groups: { primary: ['clearing_date', 'acquirer', 'issuer'], sum: ['gross_fen', 'issuer_fee_fen', 'centre_fee_fen'] },
  members: { rowKey: 'code', open: path('/members', 'code') },
  approvals: { rowKey: 'id', primary: ['state', 'kind', 'proposed_at'], open: path('/approvals', 'id') },
};

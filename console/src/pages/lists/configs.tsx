/** What the console adds to single lists. A list without an entry works as the server describes it. */
import type { ListConfig } from '../../components/list/config';

const path = (base: string, column: string): ListConfig['open'] => (row) => `${base}/${encodeURIComponent(String(row[column]))}`;

export const CONFIGS: Record<string, ListConfig | undefined> = {
  'clearing-days': { rowKey: 'clearing_date', primary: ['clearing_date', 'state'], open: path('/days', 'clearing_date') },
  uploads: { rowKey: 'name', primary: ['clearing_date', 'member', 'name'], open: path('/uploads', 'name'), sum: ['total_fen'] },
  members: { rowKey: 'code', open: path('/members', 'code') },
  approvals: { rowKey: 'id', primary: ['state', 'kind', 'proposed_at'], open: path('/approvals', 'id') },
};

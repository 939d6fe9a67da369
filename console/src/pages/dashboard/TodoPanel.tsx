import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import { get } from '../../api/http';
import { useListSpec } from '../../api/lists';
import type { Dashboard, Page } from '../../api/types';
import { Panel } from '../../components/Panel';
import { useT } from '../../i18n';
import { formatCount } from '../../lib/money';

export function TodoPanel({ todo }: { todo: Dashboard['todo'] }) {
  const t = useT();
  const behind = useMembersBehind();
  const entries = [
    { to: '/approvals?state.in=open', name: t('dash.todoApprovals'), count: todo.approvals },
    { to: '/suspicious', name: t('dash.todoSuspicious'), count: todo.suspicious },
    { to: '/jobs?state.in=failed', name: t('dash.todoFailedJobs'), count: todo.failed_jobs },
    ...(behind === undefined ? [] : [{ to: `/list-lag?state.in=${BEHIND}`, name: t('dash.listsBehind'), count: behind }]),
  ];
  return (
    <Panel title={t('dash.todo')} className="dash-todo">
      <div className="todo-tiles">
        {entries.map((entry) => (
          <Link key={entry.to} to={entry.to} className={entry.count ? 'todo-tile some' : 'todo-tile'}>
            <b className="num">{formatCount(entry.count)}</b>
            <span>{entry.name}</span>
          </Link>
        ))}
      </div>
    </Panel>
  );
}

const BEHIND = 'behind,never';

/** Members that miss a list or never confirmed one; `undefined` where the account does not see the lists. */
function useMembersBehind(): number | undefined {
  const offered = useListSpec('list-lag');
  const lag = useQuery({
    queryKey: ['list', 'list-lag', 'behind'],
    enabled: Boolean(offered),
    queryFn: ({ signal }) => get<Page>('/list-lag', { 'state.in': BEHIND, limit: 500 }, signal),
  });
  return lag.data && new Set(lag.data.items.map((row) => row['member'])).size;
}

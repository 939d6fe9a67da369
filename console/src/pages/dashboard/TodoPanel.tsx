import { Link } from 'react-router';
import type { Dashboard } from '../../api/types';
import { Panel } from '../../components/Panel';
import { useT } from '../../i18n';
import { formatCount } from '../../lib/money';

export function TodoPanel({ todo }: { todo: Dashboard['todo'] }) {
  const t = useT();
  const entries = [
    { to: '/approvals?state.in=open', name: t('dash.todoApprovals'), count: todo.approvals },
    { to: '/suspicious', name: t('dash.todoSuspicious'), count: todo.suspicious },
    { to: '/jobs?state.in=failed', name: t('dash.todoFailedJobs'), count: todo.failed_jobs },
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

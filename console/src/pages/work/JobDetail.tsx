/** A job in its drawer: how far it is, what came of it, and what may be done about it. */
import { Alert, Progress } from 'antd';
import { Link } from 'react-router';
import { call } from '../../api/http';
import { useCan } from '../../api/session';
import type { Row } from '../../api/types';
import { useJob } from '../../api/work';
import { ActionButton } from '../../components/ActionButton';
import { DiffTable } from '../../components/DiffTable';
import { ProblemView } from '../../components/ProblemView';
import { useT } from '../../i18n';

export function JobDetail({ row }: { row: Row }) {
  const t = useT();
  const job = useJob(String(row['id']));
  if (job.error) return <ProblemView error={job.error} />;
  if (!job.data) return null;
  const { state, progress_done: done, progress_total: total, error, result, kind } = job.data;
  const percent = total ? Math.floor(((done ?? 0) * 100) / total) : 0;
  return (
    <div className="stack drawer-extra">
      {state === 'running' && <Progress percent={percent} status="active" aria-label={t('job.progress')} />}
      {error && <Alert type="error" showIcon title={error} />}
      {kind === 'what-if' && state === 'done' && <Link to={`/what-if?job=${job.data.id}`}>{t('job.openWhatIf')}</Link>}
      {result !== null && result !== undefined && typeof result === 'object' && kind !== 'what-if' && <DiffTable before={null} after={result} />}
    </div>
  );
}

export function JobActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  const id = String(row['id']);
  const state = String(row['state']);
  if (!can('job.manage')) return null;
  const props = { size: 'small' as const, type: 'link' as const, invalidate: [['job', id], ['list', 'jobs']] };
  return (
    <>
      {['queued', 'running'].includes(state) && <ActionButton {...props} danger label={t('job.cancel')} description={t('job.cancelText')} submit={(_, key) => call('POST', `/jobs/${id}/cancel`, { key })} />}
    </>
  );
}

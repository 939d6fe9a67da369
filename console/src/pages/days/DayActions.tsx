import { Alert } from 'antd';
import { useDashboard } from '../../api/dashboard';
import { call } from '../../api/http';
import { useCan } from '../../api/session';
import type { DaySummary } from '../../api/types';
import { ActionButton } from '../../components/ActionButton';
import { useT } from '../../i18n';

/** What may be done to the date now; the server refuses what may not. */
export function DayActions({ day }: { day: DaySummary }) {
  const t = useT();
  const can = useCan();
  const { data } = useDashboard();
  const date = day.clearing_date;
  const invalidate = [['day', date], ['list', 'clearing-days']];
  const failed = day.steps.some((step) => step.state === 'failed');
  const closed = day.state === 'closed';
  const missing = data?.open_day?.clearing_date === date ? data.missing_files.length : 0;
  const post = (verb: string) => (_: object, key: string) => call('POST', `/clearing-days/${date}/${verb}`, { key });
  return (
    <>
      {day.state === 'open' && can('day.operate') && (
        <ActionButton
          primary
          danger
          label={t('day.cut')}
          title={`${t('day.cut')} ${date}`}
          description={
            <>
              <p>{t('day.cutText')}</p>
              {missing > 0 && <Alert type="warning" showIcon title={t('day.cutMissing', { n: missing })} />}
            </>
          }
          submit={post('cut')}
          invalidate={invalidate}
        />
      )}
      {failed && can('day.operate') && (
        <ActionButton primary label={t('day.resume')} description={t('day.resumeText')} submit={post('resume')} invalidate={invalidate} />
      )}
      {closed && can('day.prove') && (
        <ActionButton label={t('day.prove')} description={t('day.proveText')} submit={post('prove')} invalidate={invalidate} />
      )}
    </>
  );
}

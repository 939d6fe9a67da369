/** 总览: how the open clearing date stands, what is missing, what waits for a person. */
import { Button, Empty, Skeleton } from 'antd';
import { Link } from 'react-router';
import { useDashboard } from '../../api/dashboard';
import type { DaySummary } from '../../api/types';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { StepList } from '../../components/StepList';
import { VerdictMix } from '../../components/VerdictMix';
import { useT } from '../../i18n';
import { timeOfDay } from '../../lib/text';
import { Figures } from './Figures';
import { MissingFiles } from './MissingFiles';
import { ReservePanel } from './ReservePanel';
import { TodoPanel } from './TodoPanel';
import { TrendPanel } from './TrendPanel';

export default function DashboardPage() {
  const t = useT();
  const { data, error, refetch } = useDashboard();
  if (error && !data) return <ProblemView error={error} retry={() => void refetch()} />;
  if (!data) return <Skeleton active paragraph={{ rows: 12 }} className="panel-body" />;
  const day = data.open_day ?? data.last_closed;
  return (
    <section className="page dashboard" aria-label={t('nav.dashboard')}>
      <h1 className="visually-hidden">{t('nav.dashboard')}</h1>
      {day ? <DayHead day={day} open={data.open_day !== null} clock={data.clock} /> : <NoDay />}
      {day && <Figures day={day} previous={data.open_day ? data.last_closed : null} />}
      <div className="dash-grid">
        {day && (
          <Panel title={t('dash.steps')} extra={<Link to={`/days/${day.clearing_date}`}>{t('common.detail')}</Link>} className="dash-steps">
            <StepList steps={day.steps} />
          </Panel>
        )}
        {day && (
          <Panel title={t('dash.verdicts')} className="dash-verdicts">
            <VerdictMix verdicts={day.verdicts} clearingDate={day.clearing_date} />
          </Panel>
        )}
        <MissingFiles files={data.missing_files} day={data.open_day} />
        <TodoPanel todo={data.todo} />
        <TrendPanel trend={data.trend} />
        <ReservePanel reserves={data.reserves} />
      </div>
    </section>
  );
}

function DayHead({ day, open, clock }: { day: DaySummary; open: boolean; clock: string }) {
  const t = useT();
  return (
    <div className="dash-head">
      <span className="dash-date">
        {t(open ? 'dash.openDay' : 'dash.lastClosed')} <b className="num">{day.clearing_date}</b>
      </span>
      <span className={open ? 'dash-badge estimate' : 'dash-badge'}>{t(open ? 'dash.estimate' : 'dash.settled')}</span>
      <span className="muted">{t('dash.openedAt', { time: timeOfDay(day.opened_at) })}</span>
      <span className="header-gap" />
      <span className="muted">{t('common.asOf', { time: timeOfDay(clock) })}</span>
    </div>
  );
}

function NoDay() {
  const t = useT();
  return (
    <Panel title={t('dash.none')}>
      <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('dash.noneHint')}>
        <Link to="/days">
          <Button>{t('dash.goDays')}</Button>
        </Link>
      </Empty>
    </Panel>
  );
}

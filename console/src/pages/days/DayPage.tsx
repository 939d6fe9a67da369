/** One clearing date: its checklist, what came in, what it came to, and the proof. */
import { Skeleton, Tabs } from 'antd';
import { Link, useParams } from 'react-router';
import { useTabTitle } from '../../app/tabs';
import { useDay, useFlows } from '../../api/days';
import { useListSpec } from '../../api/lists';
import { usePick, useT } from '../../i18n';
import { ToneTag } from '../../components/figures';
import { FlowViews } from '../../components/flows/FlowViews';
import { EmbeddedList } from '../../components/list/EmbeddedList';
import { useUrlParams } from '../../components/list/params';
import { PageHead } from '../../components/PageHead';
import { ProblemView } from '../../components/ProblemView';
import { CONFIGS } from '../lists/configs';
import { DayActions } from './DayActions';
import { DayOverview } from './DayOverview';
import { PositionsTab } from './PositionsTab';
import { ProofTab } from './ProofTab';

export default function DayPage() {
  const t = useT();
  const date = useParams()['date']!;
  const [params, setParams] = useUrlParams();
  const day = useDay(date);
  useTabTitle(t('nav.day', { date }));
  if (day.error && !day.data) return <ProblemView error={day.error} retry={() => void day.refetch()} />;
  if (!day.data) return <Skeleton active className="panel-body" />;
  const tab = params.get('tab') ?? 'overview';
  const fixed = { clearing_date: date };
  return (
    <section className="page">
      <PageHead
        title={
          <>
            {t('nav.day', { date })} <DayState state={day.data.state} />
          </>
        }
        intro={<Neighbours date={date} />}
      >
        <DayActions day={day.data} />
      </PageHead>
      <Tabs
        size="small"
        className="page-tabs"
        activeKey={tab}
        onChange={(next) => setParams(() => new URLSearchParams(next === 'overview' ? {} : { tab: next }))}
        items={[
          { key: 'overview', label: t('day.overview'), children: <DayOverview day={day.data} /> },
          { key: 'files', label: t('day.files'), children: <EmbeddedList name="uploads" fixed={fixed} config={CONFIGS['uploads']} /> },
          { key: 'positions', label: t('day.positions'), children: <PositionsTab date={date} /> },
          { key: 'flows', label: t('day.flows'), children: <FlowsTab date={date} params={params} setParams={setParams} /> },
          { key: 'results', label: t('day.results'), children: <EmbeddedList name="result-files" fixed={fixed} config={CONFIGS['result-files']} /> },
          { key: 'proof', label: t('day.proof'), children: <ProofTab day={day.data} /> },
        ]}
      />
    </section>
  );
}

export function DayState({ state }: { state: string }) {
  const pick = usePick();
  const spec = useListSpec('clearing-days');
  const known = spec?.columns.find((c) => c.name === 'state')?.values?.find((v) => v.value === state);
  return <ToneTag tone={known?.tone ?? 'plain'}>{known ? pick(known) : state}</ToneTag>;
}

function shifted(date: string, days: number): string {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

function Neighbours({ date }: { date: string }) {
  return (
    <span className="neighbours num no-print">
      <Link to={`/days/${shifted(date, -1)}`}>‹ {shifted(date, -1)}</Link> <Link to={`/days/${shifted(date, 1)}`}>{shifted(date, 1)} ›</Link>
    </span>
  );
}

function FlowsTab({ date, params, setParams }: { date: string } & Pick<Parameters<typeof FlowViews>[0], 'params' | 'setParams'>) {
  const flows = useFlows(date);
  if (flows.error) return <ProblemView error={flows.error} retry={() => void flows.refetch()} />;
  if (!flows.data) return <Skeleton active />;
  return <FlowViews data={flows.data} params={params} setParams={setParams} />;
}

/** 费率试算: what other fees would have meant on days that are closed. Nothing is booked. */
import { Button, DatePicker, Empty, Progress, Skeleton, Steps } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useSearchParams } from 'react-router';
import { useQuery } from '@tanstack/react-query';
import { call, get } from '../../api/http';
import type { Page } from '../../api/types';
import { useJob } from '../../api/work';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { useT } from '../../i18n';
import { randomKey } from '../../lib/text';
import { feeOf } from './changes';
import { FeeEditor, type FeeRule } from './FeeEditor';
import { WhatIfResult, type Result } from './WhatIfResult';

export default function WhatIfPage() {
  const t = useT();
  const [params, setParams] = useSearchParams();
  const job = params.get('job');
  return (
    <section className="page">
      <PageHead title={t('nav.whatIf')} intro={t('whatIf.intro')}>
        {job && <Button onClick={() => setParams({})}>{t('whatIf.again')}</Button>}
      </PageHead>
      {job ? <Outcome id={job} /> : <Wizard started={(id) => setParams({ job: String(id) })} />}
    </section>
  );
}

function Wizard({ started }: { started: (job: number) => void }) {
  const t = useT();
  const [step, setStep] = useState(0);
  const [range, setRange] = useState<[Dayjs, Dayjs] | null>(null);
  const [fees, setFees] = useState<FeeRule[] | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const days = useQuery({
    queryKey: ['list', 'clearing-days', 'closed'],
    queryFn: async () => {
      const page = await get<Page>('/clearing-days', { 'state.in': 'closed', sort: '-clearing_date', limit: 100 });
      return page.items.map((row) => String(row['clearing_date']));
    },
  });
  const present = useQuery({
    queryKey: ['list', 'fees', 'present'],
    queryFn: allFees,
  });
  const failed = days.error ?? present.error;
  if (failed) return <ProblemView error={failed} />;
  if (!days.data || !present.data) return <Skeleton active className="panel panel-body" />;
  const closed = new Set(days.data);
  const first = days.data.at(-1);
  const last = days.data[0];
  const span = range ?? (last ? [dayjs(days.data[Math.min(6, days.data.length - 1)]), dayjs(last)] : null);
  const chosen = span ? days.data.filter((d) => d >= span[0].format('YYYY-MM-DD') && d <= span[1].format('YYYY-MM-DD')).reverse() : [];
  const rules = fees ?? present.data;
  const start = async () => {
    setBusy(true);
    setError(null);
    try {
      const answer = await call<{ job: number }>('POST', '/what-if', { key: randomKey(), body: { clearing_dates: chosen, fees: rules.map((rule) => feeOf({ ...rule })) } });
      started(answer.job);
    } catch (caught) {
      setError(caught);
      setBusy(false);
    }
  };
  if (!last) return <Empty description={t('whatIf.noDays')} />;
  return (
    <div className="panel panel-body stack">
      <Steps size="small" current={step} onChange={setStep} items={[{ title: t('whatIf.days') }, { title: t('whatIf.fees') }, { title: t('whatIf.run') }]} />
      {step === 0 && (
        <div className="wizard-step">
          <label>
            {t('whatIf.range')}{' '}
            <DatePicker.RangePicker
              allowClear={false}
              value={span}
              minDate={dayjs(first)}
              maxDate={dayjs(last)}
              disabledDate={(date) => !closed.has(date.format('YYYY-MM-DD'))}
              onChange={(next) => next?.[0] && next[1] && setRange([next[0], next[1]])}
            />
          </label>
          <p className="muted">{t('whatIf.chosen', { n: chosen.length })}</p>
        </div>
      )}
      {step === 1 && <FeeEditor rules={rules} present={present.data} change={setFees} />}
      {step === 2 && (
        <div className="wizard-step">
          <p>{t('whatIf.summary', { days: chosen.length, from: chosen[0] ?? '', to: chosen.at(-1) ?? '', rules: rules.length })}</p>
          <p className="muted">{t('whatIf.nothingBooked')}</p>
          {error !== null && <ProblemView error={error} />}
        </div>
      )}
      <div className="wizard-buttons">
        {step > 0 && <Button onClick={() => setStep(step - 1)}>{t('common.previous')}</Button>}
        {step < 2 ? (
          <Button type="primary" disabled={chosen.length === 0} onClick={() => setStep(step + 1)}>
            {t('common.next')}
          </Button>
        ) : (
          <Button type="primary" loading={busy} onClick={() => void start()}>
            {t('whatIf.start')}
          </Button>
        )}
      </div>
    </div>
  );
}

/** Every rule, also those that ended: past dates were priced by them. */
async function allFees(): Promise<FeeRule[]> {
  const rules: FeeRule[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Page = await get<Page>('/fees', { limit: 500, cursor });
    rules.push(...(page.items as unknown as FeeRule[]));
    cursor = page.next_cursor;
  }
  return rules;
}

function Outcome({ id }: { id: string }) {
  const t = useT();
  const job = useJob(id);
  if (job.error) return <ProblemView error={job.error} retry={() => void job.refetch()} />;
  if (!job.data) return <Skeleton active className="panel panel-body" />;
  const { state, progress_done: done, progress_total: total, error, result } = job.data;
  if (state === 'queued' || state === 'running') {
    return (
      <Panel title={t('whatIf.running')}>
        <Progress percent={total ? Math.floor(((done ?? 0) * 100) / total) : 0} status="active" aria-label={t('job.progress')} />
      </Panel>
    );
  }
  if (state !== 'done') return <Panel title={t('whatIf.failed')}>{error}</Panel>;
  return <WhatIfResult result={result as Result} />;
}

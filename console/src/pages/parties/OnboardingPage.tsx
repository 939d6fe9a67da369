/** 成员接入: every member on its way in, with its steps; some are seen in the book, the others people tick. */
import { useQuery } from '@tanstack/react-query';
import { DatePicker, Empty, Form, Input, Select, Skeleton, Steps } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import type { Onboarding, OnboardingStep } from '../../api/changes';
import { call, get } from '../../api/http';
import { useCan } from '../../api/session';
import { ActionButton } from '../../components/ActionButton';
import { Time } from '../../components/figures';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { usePick, useT } from '../../i18n';

const KEY = ['onboarding'];
const STATUS = { open: 'wait', doing: 'process', done: 'finish' } as const;

export default function OnboardingPage() {
  const t = useT();
  const can = useCan();
  const all = useQuery({ queryKey: KEY, queryFn: async () => (await get<{ items: Onboarding[] }>('/onboarding')).items });
  const required = [{ required: true, message: t('common.required') }];
  return (
    <section className="page">
      <PageHead title={t('nav.onboarding')} intro={t('onboarding.intro')}>
        {can('member.propose') && (
          <ActionButton<{ member: string; name: string }> primary label={t('onboarding.start')} submit={(body, key) => call('POST', '/onboarding', { key, body })} invalidate={[KEY]}>
            <Form.Item name="member" label={t('field.memberCode')} extra={t('hint.memberCode')} rules={[...required, { pattern: /^\d{8}$/, message: t('form.pattern') }]}>
              <Input className="mono" maxLength={8} />
            </Form.Item>
            <Form.Item name="name" label={t('field.name')} rules={required}>
              <Input maxLength={60} />
            </Form.Item>
          </ActionButton>
        )}
      </PageHead>
      {all.error ? (
        <ProblemView error={all.error} retry={() => void all.refetch()} />
      ) : !all.data ? (
        <Skeleton active className="panel panel-body" />
      ) : all.data.length === 0 ? (
        <div className="panel panel-body">
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('onboarding.none')} />
        </div>
      ) : (
        <div className="stack">
          {all.data.map((one) => (
            <OneMember key={one.member} onboarding={one} />
          ))}
        </div>
      )}
    </section>
  );
}

function OneMember({ onboarding }: { onboarding: Onboarding }) {
  const t = useT();
  const pick = usePick();
  const { member, name, steps, started_at, started_by } = onboarding;
  const done = steps.filter((step) => step.state === 'done').length;
  return (
    <Panel
      title={
        <>
          {name} <span className="code muted">{member}</span>
        </>
      }
      extra={
        <span className="muted">
          {t('onboarding.progress', { done, all: steps.length })} · {started_by} <Time value={started_at} />
        </span>
      }
    >
      <Steps
        size="small"
        orientation="vertical"
        className="onboarding-steps"
        items={steps.map((step) => ({
          title: (
            <>
              {pick(step)} <StepButton member={member} step={step} />
            </>
          ),
          status: STATUS[step.state],
          content: <StepNote step={step} />,
        }))}
      />
    </Panel>
  );
}

function StepNote({ step }: { step: OnboardingStep }) {
  const t = useT();
  const parts = [step.on_date, step.note, step.changed_by].filter(Boolean);
  return <span className="muted small">{step.automatic ? t('onboarding.automatic') : parts.join(' · ')}</span>;
}

function StepButton({ member, step }: { member: string; step: OnboardingStep }) {
  const t = useT();
  const pick = usePick();
  const can = useCan();
  if (step.automatic || !can('member.propose')) return null;
  return (
    <ActionButton<{ state: string; on_date?: Dayjs; note?: string }>
      size="small"
      type="link"
      label={t('onboarding.note')}
      title={pick(step)}
      initial={{ state: step.state === 'open' ? 'done' : step.state, on_date: step.on_date ? dayjs(step.on_date) : undefined, note: step.note }}
      submit={({ state, on_date, note }, key) =>
        call('POST', `/onboarding/${member}/${step.step}`, { key, body: { state, ...(on_date ? { on_date: on_date.format('YYYY-MM-DD') } : {}), ...(note ? { note } : {}) } })
      }
      invalidate={[KEY]}
    >
      <Form.Item name="state" label={t('common.state')}>
        <Select options={(['open', 'doing', 'done'] as const).map((value) => ({ value: value as string, label: t(`onboarding.state.${value}`) }))} />
      </Form.Item>
      <Form.Item name="on_date" label={t('common.date')}>
        <DatePicker className="grow" />
      </Form.Item>
      <Form.Item name="note" label={t('common.note')}>
        <Input maxLength={200} />
      </Form.Item>
    </ActionButton>
  );
}

/** 复核单: what is proposed, by whom, what it changes; another person approves or refuses. */
import { Alert, Descriptions, Form, Input, Skeleton } from 'antd';
import { Link, useParams } from 'react-router';
import { call } from '../../api/http';
import { useCan, useSession } from '../../api/session';
import type { Tone } from '../../api/types';
import { useApproval, type Approval } from '../../api/work';
import { useTabTitle } from '../../app/tabs';
import { ActionButton } from '../../components/ActionButton';
import { Deed, Summary } from '../../components/Deed';
import { DiffTable } from '../../components/DiffTable';
import { Time, ToneTag } from '../../components/figures';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { useT } from '../../i18n';

const TONES: Record<Approval['state'], Tone> = { open: 'warn', scheduled: 'info', done: 'ok', refused: 'bad', withdrawn: 'plain', failed: 'bad' };

export default function ApprovalPage() {
  const t = useT();
  const id = useParams()['id']!;
  const approval = useApproval(id);
  useTabTitle(t('nav.approval', { id }));
  if (approval.error) return <ProblemView error={approval.error} retry={() => void approval.refetch()} />;
  if (!approval.data) return <Skeleton active className="panel-body" />;
  const data = approval.data;
  return (
    <section className="page">
      <PageHead
        title={
          <>
            {t('nav.approval', { id })} <ToneTag tone={TONES[data.state]}>{t(`approval.state.${data.state}`)}</ToneTag>
          </>
        }
        intro={<Summary text={data.summary} />}
      >
        {data.state === 'open' && <Decide approval={data} />}
      </PageHead>
      <div className="dash-grid">
        <Panel title={t('approval.facts')} className="span-4">
          <Descriptions
            size="small"
            column={1}
            items={[
              { key: 'kind', label: t('approval.kind'), children: <Deed code={data.kind} /> },
              { key: 'object', label: t('approval.object'), children: <Summary text={data.object} /> },
              { key: 'by', label: t('approval.proposer'), children: `${data.proposer.name} (${data.proposer.login})` },
              { key: 'at', label: t('approval.proposedAt'), children: <Time value={data.proposed_at} /> },
              { key: 'effective', label: t('approval.effectiveOn'), children: data.effective_on ?? t('approval.atOnce') },
              ...(data.decider
                ? [
                    { key: 'decider', label: t('approval.decider'), children: `${data.decider.name} (${data.decider.login})` },
                    { key: 'decided', label: t('approval.decidedAt'), children: <Time value={data.decided_at} /> },
                  ]
                : []),
              ...(data.executed_at ? [{ key: 'executed', label: t('approval.executedAt'), children: <Time value={data.executed_at} /> }] : []),
              ...(data.reason ? [{ key: 'reason', label: t('common.reason'), children: data.reason }] : []),
            ]}
          />
        </Panel>
        {data.kind.startsWith('dispute.suspicious.') ? (
          // What is proposed is not another state of the record: both are shown, not compared.
          <Panel title={t('approval.record')} className="span-8" extra={<RecordLink after={data.after} />}>
            <DiffTable before={null} after={data.before} />
          </Panel>
        ) : (
          <Panel title={t('approval.changes')} className="span-8">
            <DiffTable before={data.before} after={data.after} />
          </Panel>
        )}
        {data.result !== null && data.result !== undefined && (
          <Panel title={t('approval.result')} className="span-12">
            <DiffTable before={null} after={data.result} />
          </Panel>
        )}
      </div>
    </section>
  );
}

/** From a suspicious record's proposal to the record itself. */
function RecordLink({ after }: { after: unknown }) {
  const t = useT();
  const can = useCan();
  const { upload, record } = (after ?? {}) as { upload?: string; record?: number };
  return upload && record && can('record.read') ? <Link to={`/uploads/${encodeURIComponent(upload)}/records/${record}`}>{t('file.explain')}</Link> : null;
}

function Decide({ approval }: { approval: Approval }) {
  const t = useT();
  const { account } = useSession();
  const own = approval.proposer.person === account.person;
  const allowed = approval.may_decide;
  const invalidate = [['approval', String(approval.id)], ['list']];
  const post = (verb: string) => (values: object, key: string) => call('POST', `/approvals/${approval.id}/${verb}`, { key, body: values });
  const why = own ? t('approval.own') : allowed ? undefined : t('approval.noPermission');
  return (
    <>
      {own && <Alert type="info" showIcon className="inline-alert" title={t('approval.own')} />}
      {!own && !allowed && <Alert type="info" showIcon className="inline-alert" title={t('approval.noPermission')} />}
      {own && <ActionButton label={t('approval.withdraw')} description={t('approval.withdrawText')} submit={post('withdraw')} invalidate={invalidate} />}
      <ActionButton<{ reason: string }> danger label={t('approval.refuse')} disabled={why} submit={post('refuse')} invalidate={invalidate}>
        <Form.Item name="reason" label={t('common.reason')} rules={[{ required: true, message: t('common.required') }]}>
          <Input.TextArea rows={3} maxLength={300} showCount autoFocus />
        </Form.Item>
      </ActionButton>
      <ActionButton
        primary
        label={t('approval.approve')}
        disabled={why}
        description={
          <>
            <p>
              <Summary text={approval.summary} />
            </p>
            <p className="muted">{t('approval.approveText')}</p>
          </>
        }
        submit={post('approve')}
        invalidate={invalidate}
      />
    </>
  );
}

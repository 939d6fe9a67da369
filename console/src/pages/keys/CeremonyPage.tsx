/**
 * 分量合成: a guided form. One person opens it; each custodian then enters a component of their own, with their own
 * passphrase, alone at the screen. What was entered leaves the page with the request and is shown nowhere again.
 */
import { PrinterOutlined } from '@ant-design/icons';
import { Alert, Button, Empty, Form, Input, Skeleton, Steps } from 'antd';
import { Link, useNavigate, useParams } from 'react-router';
import { call, href } from '../../api/http';
import { useCeremonies, useCeremony, type Ceremony } from '../../api/keys';
import { useTabTitle } from '../../app/tabs';
import { ActionButton } from '../../components/ActionButton';
import { Time, ToneTag } from '../../components/figures';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { useT } from '../../i18n';
import { ComponentForm } from './ComponentForm';
import { Minutes } from './Minutes';
import { KeyFields, keyOf, type KeyValues } from './KeyFields';
import { CustodianSelect } from './CustodianSelect';

const TONES = { open: 'warn', done: 'ok', aborted: 'plain' } as const;

export function CeremoniesPage() {
  const t = useT();
  const navigate = useNavigate();
  const all = useCeremonies();
  return (
    <section className="page">
      <PageHead title={t('nav.ceremony')} intro={t('ceremony.intro')}>
        <ActionButton<KeyValues & { custodians: string[]; kcv?: string }>
          primary
          width={680}
          label={t('ceremony.start')}
          submit={(values, key) =>
            call('POST', '/key-ceremonies', { key, body: { key: keyOf(values), custodians: values.custodians, ...(values.kcv ? { kcv: values.kcv.toUpperCase() } : {}) } })
          }
          invalidate={[['ceremony']]}
          done={(result) => void navigate(`/ceremonies/${(result as Ceremony).id}`)}
        >
          <KeyFields />
          <CustodianSelect />
          <Form.Item name="kcv" label={t('ceremony.expectedKcv')} extra={t('ceremony.expectedKcvHint')} rules={[{ pattern: /^[0-9A-Fa-f]{6}$/, message: t('form.pattern') }]}>
            <Input className="mono" maxLength={6} />
          </Form.Item>
        </ActionButton>
      </PageHead>
      <div className="panel panel-body">
        {all.error ? (
          <ProblemView error={all.error} retry={() => void all.refetch()} />
        ) : !all.data ? (
          <Skeleton active />
        ) : all.data.length === 0 ? (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('ceremony.none')} />
        ) : (
          <table className="plain-table">
            <thead>
              <tr>
                <th>#</th>
                <th>{t('key.name')}</th>
                <th>{t('common.state')}</th>
                <th>{t('ceremony.progress')}</th>
                <th>{t('ceremony.leader')}</th>
                <th>{t('common.time')}</th>
              </tr>
            </thead>
            <tbody>
              {all.data.map((c) => (
                <tr key={c.id}>
                  <td>
                    <Link to={`/ceremonies/${c.id}`}>{c.id}</Link>
                  </td>
                  <td className="mono">{c.key.name}</td>
                  <td>
                    <ToneTag tone={TONES[c.state]}>{t(`ceremony.state.${c.state}`)}</ToneTag>
                  </td>
                  <td className="num">
                    {c.participants.filter((p) => p.entered_at).length} / {c.participants.length}
                  </td>
                  <td>{c.leader}</td>
                  <td>
                    <Time value={c.created_at} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </div>
    </section>
  );
}

export function CeremonyPage() {
  const t = useT();
  const id = useParams()['id']!;
  const ceremony = useCeremony(id);
  useTabTitle(`${t('nav.ceremony')} ${id}`);
  if (ceremony.error) return <ProblemView error={ceremony.error} retry={() => void ceremony.refetch()} />;
  if (!ceremony.data) return <Skeleton active className="panel-body" />;
  const data = ceremony.data;
  const entered = data.participants.filter((p) => p.entered_at).length;
  const next = data.participants.findIndex((p) => !p.entered_at);
  return (
    <section className="page">
      <PageHead
        title={
          <>
            {t('nav.ceremony')} {id} <ToneTag tone={TONES[data.state]}>{t(`ceremony.state.${data.state}`)}</ToneTag>
          </>
        }
        intro={<span className="mono">{data.key.name}</span>}
      >
        {data.state === 'open' && (
          <ActionButton danger label={t('ceremony.abort')} description={t('ceremony.abortText')} submit={(_, key) => call('POST', `/key-ceremonies/${id}/abort`, { key })} invalidate={[['ceremony']]} />
        )}
        {data.state === 'done' && (
          <>
            <Button href={href(`/key-ceremonies/${id}/minutes`)} target="_blank" rel="noreferrer">
              {t('ceremony.serverMinutes')}
            </Button>
            <Button type="primary" icon={<PrinterOutlined />} onClick={() => print()}>
              {t('ceremony.printMinutes')}
            </Button>
          </>
        )}
      </PageHead>
      <div className="panel panel-body no-print">
        <Steps
          size="small"
          current={data.state === 'done' ? data.participants.length + 1 : entered}
          items={[
            ...data.participants.map((p) => ({ title: p.custodian, content: p.kcv ? `KCV ${p.kcv}` : undefined })),
            { title: t('ceremony.combine'), content: data.kcv ? `KCV ${data.kcv}` : undefined },
          ]}
        />
      </div>
      {data.state === 'open' && next >= 0 && <ComponentForm key={data.participants[next]!.custodian} ceremony={data} custodian={data.participants[next]!.custodian} place={next + 1} />}
      {data.state === 'open' && next < 0 && (
        <Panel title={t('ceremony.combine')} className="ceremony-step">
          <p className="dialog-text">{t('ceremony.combineText')}</p>
          <ActionButton primary label={t('ceremony.combine')} submit={(_, key) => call('POST', `/key-ceremonies/${id}/finish`, { key })} invalidate={[['ceremony'], ['list', 'keys']]} />
        </Panel>
      )}
      {data.state === 'aborted' && <Alert type="info" showIcon title={t('ceremony.aborted')} />}
      {data.state === 'done' && <Minutes ceremony={data} />}
    </section>
  );
}

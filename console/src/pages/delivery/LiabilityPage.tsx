/** 黑名单责任: one tap is asked about; what was asked is in the URL. */
import { useQuery } from '@tanstack/react-query';
import { Button, DatePicker, Form, Input, Select, Skeleton } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useSearchParams } from 'react-router';
import { liabilityOf, type Tap } from '../../api/delivery';
import { useMembers } from '../../api/lists';
import { useOwner } from '../../api/session';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { useT } from '../../i18n';
import { LiabilityView } from './LiabilityView';

const FIELDS = ['acquirer', 'scheme', 'issuer_id', 'serial', 'at'] as const;
type Values = Omit<Tap, 'at'> & { at: Dayjs };

export default function LiabilityPage() {
  const t = useT();
  const owner = useOwner();
  const { members } = useMembers();
  const [params, setParams] = useSearchParams();
  const tap = Object.fromEntries(FIELDS.map((field) => [field, params.get(field) ?? ''])) as unknown as Tap;
  const asked = FIELDS.every((field) => tap[field] !== '');
  const answer = useQuery({ queryKey: ['liability', tap], enabled: asked, queryFn: ({ signal }) => liabilityOf(tap, signal) });
  const own = owner.kind === 'member' ? owner.code : undefined;
  const known = members.map((m) => ({ value: m.code, label: `${m.name} ${m.code}` }));
  const required = { required: true, message: t('common.required') };
  const code = (pattern: RegExp) => [required, { pattern, message: t('form.pattern') }];
  const moment = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(tap.at);
  const initial = {
    acquirer: tap.acquirer || own,
    scheme: tap.scheme || 'T',
    issuer_id: tap.issuer_id,
    serial: tap.serial,
    at: moment ? dayjs(`${moment[1]}-${moment[2]}-${moment[3]}T${moment[4]}:${moment[5]}:${moment[6]}`) : undefined,
  };
  return (
    <section className="page">
      <PageHead title={t('liability.title')} intro={t('liability.intro')} />
      <div className="stack">
        <div className="panel panel-body">
          <Form<Values>
            key={params.toString()}
            layout="vertical"
            initialValues={initial}
            onFinish={(values) => setParams({ ...values, issuer_id: values.issuer_id.toUpperCase(), serial: values.serial.toUpperCase(), at: values.at.format('YYYYMMDDHHmmss') })}
          >
            <div className="form-grid">
              <Form.Item name="acquirer" label={t('flows.acquirer')} rules={[required]}>
                <Select showSearch optionFilterProp="label" options={own && !known.some((m) => m.value === own) ? [{ value: own, label: own }, ...known] : known} />
              </Form.Item>
              <Form.Item name="scheme" label={t('field.scheme')} rules={[required]}>
                <Select
                  options={[
                    { value: 'T', label: t('scheme.T') },
                    { value: 'M', label: t('scheme.M') },
                  ]}
                />
              </Form.Item>
              <Form.Item name="issuer_id" label={t('field.issuerId')} extra={t('hint.issuerId')} rules={code(/^[0-9A-Fa-f]{16}$/)}>
                <Input className="mono" maxLength={16} spellCheck={false} />
              </Form.Item>
              <Form.Item name="serial" label={t('liability.serial')} extra={t('liability.serialHint')} rules={code(/^[0-9A-Fa-f]{20}$/)}>
                <Input className="mono" maxLength={20} spellCheck={false} />
              </Form.Item>
              <Form.Item name="at" label={t('liability.at')} rules={[required]}>
                <DatePicker className="grow" showTime />
              </Form.Item>
            </div>
            <Button type="primary" htmlType="submit">
              {t('liability.ask')}
            </Button>
          </Form>
        </div>
        {asked && (
          <Panel title={t('day.proofResult')}>
            {answer.error ? <ProblemView error={answer.error} retry={() => void answer.refetch()} /> : answer.data ? <LiabilityView liability={answer.data} /> : <Skeleton active />}
          </Panel>
        )}
      </div>
    </section>
  );
}

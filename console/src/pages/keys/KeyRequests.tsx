/** 双控申请: one custodian proposes, another approves; both prove who they are with their own passphrase. */
import { Form, Input, Select } from 'antd';
import { call } from '../../api/http';
import { useCan } from '../../api/session';
import type { Row } from '../../api/types';
import { ActionButton } from '../../components/ActionButton';
import { useT } from '../../i18n';
import { useCustodians } from './CustodianSelect';
import { KeyFields, keyOf, type KeyValues } from './KeyFields';

interface Signed {
  custodian: string;
  passphrase: string;
}

/** Who acts, and their passphrase. It is never kept. */
function SignFields({ not }: { not?: string }) {
  const t = useT();
  const names = useCustodians().data ?? [];
  const required = [{ required: true, message: t('common.required') }];
  return (
    <div className="form-grid">
      <Form.Item name="custodian" label={t('key.custodian')} rules={required}>
        <Select options={names.filter((name) => name !== not).map((name) => ({ value: name, label: name }))} />
      </Form.Item>
      <Form.Item name="passphrase" label={t('ceremony.passphrase')} rules={required}>
        <Input.Password autoComplete="off" visibilityToggle={false} />
      </Form.Item>
    </div>
  );
}

export function RequestActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  if (!can('key.approve') || !['open', 'proposed'].includes(String(row['state']))) return null;
  const id = String(row['id']);
  const common = { size: 'small' as const, type: 'link' as const, invalidate: [['list', 'key-requests'], ['list', 'keys']], description: <p>{String(row['action'])}</p> };
  const post = (verb: string) => (values: Signed, key: string) => call('POST', `/key-requests/${id}/${verb}`, { key, body: values });
  return (
    <>
      <ActionButton<Signed> {...common} label={t('approval.approve')} title={`${t('approval.approve')} #${id}`} submit={post('approve')}>
        <SignFields not={String(row['proposer'])} />
      </ActionButton>
      <ActionButton<Signed> {...common} danger label={t('approval.refuse')} title={`${t('approval.refuse')} #${id}`} submit={post('refuse')}>
        <SignFields />
      </ActionButton>
    </>
  );
}

export function ProposeGenerate() {
  const t = useT();
  const can = useCan();
  if (!can('key.propose')) return null;
  return (
    <ActionButton<KeyValues & Signed>
      label={t('key.generate')}
      description={t('key.generateText')}
      twoPeople
      width={680}
      submit={(values, key) => call('POST', '/key-requests', { key, body: { action: 'generate', key: keyOf(values), custodian: values.custodian, passphrase: values.passphrase } })}
      invalidate={[['list', 'key-requests']]}
    >
      <KeyFields />
      <SignFields />
    </ActionButton>
  );
}

/** The states a key may go to. */
const NEXT: Record<string, string[]> = {
  generated: ['active', 'destroyed'],
  staged: ['active', 'destroyed'],
  active: ['retired', 'revoked'],
  retired: ['active', 'revoked', 'destroyed'],
  revoked: ['destroyed'],
};

export function KeyActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  const states = NEXT[String(row['state'])] ?? [];
  if (!can('key.propose') || states.length === 0) return null;
  const name = String(row['name']);
  return (
    <ActionButton<Signed & { to: string }>
      size="small"
      type="link"
      label={t('key.move')}
      title={`${t('key.move')} ${name}`}
      twoPeople
      description={<p className="mono">KCV {String(row['kcv'])}</p>}
      submit={(values, key) => call('POST', '/key-requests', { key, body: { action: 'move', name, to: values.to, custodian: values.custodian, passphrase: values.passphrase } })}
      invalidate={[['list', 'key-requests'], ['list', 'keys']]}
    >
      <Form.Item name="to" label={t('key.newState')} rules={[{ required: true, message: t('common.required') }]}>
        <Select options={states.map((state) => ({ value: state, label: t(`key.state.${state}` as 'key.state.active') }))} />
      </Form.Item>
      <SignFields />
    </ActionButton>
  );
}

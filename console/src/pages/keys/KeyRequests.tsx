/** 双控申请: one custodian proposes, another approves; both prove who they are with their own passphrase. */
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Alert, Button, DatePicker, Form, Input, InputNumber, Modal, Select, Typography } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { call, get } from '../../api/http';
import { NEXT_STATES, type NewKey } from '../../api/keys';
import { useCan } from '../../api/session';
import type { Page, Row } from '../../api/types';
import { ActionButton } from '../../components/ActionButton';
import { Deed } from '../../components/Deed';
import { useT, type MessageKey } from '../../i18n';
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
        <Select showSearch optionFilterProp="label" options={names.filter((name) => name !== not).map((name) => ({ value: name, label: name }))} />
      </Form.Item>
      <Form.Item name="passphrase" label={t('ceremony.passphrase')} rules={required}>
        <Input.Password autoComplete="off" visibilityToggle={false} />
      </Form.Item>
    </div>
  );
}

interface Decided {
  kcv: string | null;
  block: string | null;
}

export function RequestActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  const [made, setMade] = useState<Decided | null>(null);
  const id = String(row['id']);
  const open = row['state'] === 'open' && can('key.approve');
  const invalidate = [['list', 'key-requests'], ['list', 'keys']];
  const common = { size: 'small' as const, type: 'link' as const, description: <RequestText row={row} /> };
  const post = (verb: string) => (values: Signed, key: string) => call('POST', `/key-requests/${id}/${verb}`, { key, body: values });
  return (
    <>
      {open && (
        <>
          <ActionButton<Signed>
            {...common}
            quiet
            label={t('approval.approve')}
            title={`${t('approval.approve')} #${id}`}
            submit={post('approve')}
            // The list is asked again once the outcome was read: the row's button holds it.
            done={(result) => setMade(result as Decided)}
          >
            <SignFields not={String(row['proposer'])} />
          </ActionButton>
          <ActionButton<Signed> {...common} danger invalidate={invalidate} label={t('approval.refuse')} title={`${t('approval.refuse')} #${id}`} submit={post('refuse')}>
            <SignFields />
          </ActionButton>
        </>
      )}
      <Outcome made={made} id={id} invalidate={invalidate} close={() => setMade(null)} />
    </>
  );
}

/** What came of an approved request: a check value, or a block to give out. */
function Outcome({ made, id, invalidate, close }: { made: Decided | null; id: string; invalidate: string[][]; close: () => void }) {
  const t = useT();
  const client = useQueryClient();
  const leave = () => {
    for (const queryKey of invalidate) void client.invalidateQueries({ queryKey });
    close();
  };
  return (
    <Modal open={made !== null} title={t('key.outcome', { id })} onOk={leave} onCancel={leave} cancelButtonProps={{ hidden: true }} mask={{ closable: false }}>
      <Alert type="success" showIcon title={t('key.outcomeDone')} className="dialog-note" />
      {made?.kcv && (
        <p>
          {t('minutes.kcv')} <b className="mono">{made.kcv}</b>
        </p>
      )}
      {made?.block && (
        <>
          <p>{t('key.block')}</p>
          <Typography.Paragraph copyable className="mono wrap">
            {made.block}
          </Typography.Paragraph>
        </>
      )}
    </Modal>
  );
}

interface ActionJson {
  action?: string;
  key?: NewKey;
  name?: string;
  to?: string | number;
  under?: string;
  parent?: string;
}

/** A request in words, for who approves it. */
function RequestText({ row }: { row: Row }) {
  const t = useT();
  const raw = row['action'];
  const action = (typeof raw === 'string' ? JSON.parse(raw) : (raw ?? {})) as ActionJson;
  const { key } = action;
  const lines = [
    [t('key.deed'), <Deed key="deed" code={String(row['word'])} plain />],
    [t('key.name'), <b key="name" className="mono">{String(row['object'])}</b>],
    ...(key ? [[t('key.usage'), `${key.usage} ${t(`key.usage.${key.usage}` as MessageKey)} · ${key.sm4 ? 'SM4' : '3DES'} · ${t('key.version')} ${key.version} · ${t('key.index')} ${key.index}`]] : []),
    ...(row['word'] === 'key.move' && action.to ? [[t('key.newState'), t(`key.state.${action.to}` as MessageKey)]] : []),
    ...(action.parent ? [[t('key.parent'), action.parent]] : []),
    ...(action.under ? [[t('key.under'), action.under]] : []),
    [t('approval.proposer'), String(row['proposer'])],
  ];
  return (
    <dl className="facts">
      {lines.map(([term, text], at) => (
        <div key={at}>
          <dt>{term}</dt>
          <dd>{text}</dd>
        </div>
      ))}
    </dl>
  );
}

const invalidateRequests = [['list', 'key-requests']];

/** Sends a proposal; whoever proposes signs with their passphrase. */
function propose<V extends Signed>(actionOf: (values: V) => Record<string, unknown>) {
  return async (values: V, key: string) => {
    await call('POST', '/key-requests', { key, body: { ...actionOf(values), custodian: values.custodian, passphrase: values.passphrase } });
  };
}

interface FactorValues {
  levels: string;
  factorIssuer?: string;
  factorSerial?: string;
}

/** One pattern a line, the upper level first. */
function factorsOf({ levels, factorIssuer, factorSerial }: FactorValues) {
  return {
    levels: levels.split('\n').map((line) => line.trim()).filter(Boolean),
    ...(factorIssuer ? { issuer: factorIssuer } : {}),
    ...(factorSerial ? { serial: factorSerial } : {}),
  };
}

function FactorFields({ optional }: { optional?: boolean }) {
  const t = useT();
  return (
    <div className="form-grid">
      <Form.Item name="levels" label={t('key.factors')} extra={t('key.factorsHint')} className="full" rules={optional ? [] : [{ required: true, message: t('common.required') }]}>
        <Input.TextArea rows={2} className="mono" spellCheck={false} />
      </Form.Item>
      <Form.Item name="factorIssuer" label={t('field.issuerId')} rules={[{ pattern: /^[0-9A-Fa-f]{16}$/, message: t('form.pattern') }]}>
        <Input className="mono" maxLength={16} />
      </Form.Item>
      <Form.Item name="factorSerial" label={t('field.serial')} rules={[{ pattern: /^[0-9A-Fa-f]{20}$/, message: t('form.pattern') }]}>
        <Input className="mono" maxLength={20} />
      </Form.Item>
    </div>
  );
}

function TransportKey() {
  const t = useT();
  const keys = useKeyNames('ZMK').data ?? [];
  return (
    <Form.Item name="under" label={t('key.under')} extra={t('key.underHint')} rules={[{ required: true, message: t('common.required') }]}>
      <Select showSearch options={keys.map((name) => ({ value: name, label: name }))} />
    </Form.Item>
  );
}

function useKeyNames(usage: string) {
  return useQuery({ queryKey: ['list', 'keys', 'of', usage], queryFn: async () => (await get<Page>('/keys', { usage, limit: 500 })).items.map((row) => String(row['name'])) });
}

export function KeyToolbar() {
  const t = useT();
  const navigate = useNavigate();
  return (
    <>
      <Button onClick={() => void navigate('/key-inventory')}>{t('nav.keyInventory')}</Button>
      <ProposeKey />
    </>
  );
}

export function ProposeKey() {
  const t = useT();
  const can = useCan();
  if (!can('key.propose')) return null;
  return (
    <>
      <ActionButton<KeyValues & Signed>
        primary
        label={t('key.generate')}
        description={t('key.generateText')}
        twoPeople
        width={680}
        submit={propose((values) => ({ action: 'generate', key: keyOf(values) }))}
        invalidate={invalidateRequests}
      >
        <KeyFields />
        <SignFields />
      </ActionButton>
      <ActionButton<KeyValues & Signed & { under: string; block: string }>
        label={t('key.import')}
        description={t('key.importText')}
        twoPeople
        width={680}
        submit={propose((values) => ({ action: 'import', key: keyOf(values), under: values.under, block: values.block.replaceAll(/\s/g, '') }))}
        invalidate={invalidateRequests}
      >
        <KeyFields />
        <TransportKey />
        <Form.Item name="block" label={t('key.block')} rules={[{ required: true, message: t('common.required') }]}>
          <Input.TextArea rows={3} className="mono" spellCheck={false} />
        </Form.Item>
        <SignFields />
      </ActionButton>
    </>
  );
}

export function KeyActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  if (!can('key.propose')) return null;
  const states = NEXT_STATES[String(row['state'])] ?? [];
  const name = String(row['name']);
  const usable = row['state'] === 'active';
  const common = { size: 'small' as const, type: 'link' as const, twoPeople: true, invalidate: invalidateRequests, description: <p className="mono">{name} · KCV {String(row['kcv'])}</p> };
  return (
    <>
      {states.length > 0 && (
        <ActionButton<Signed & { to: string }> {...common} label={t('key.move')} title={`${t('key.move')} ${name}`} submit={propose(({ to }) => ({ action: 'move', name, to }))}>
          <Form.Item name="to" label={t('key.newState')} rules={[{ required: true, message: t('common.required') }]}>
            <Select showSearch optionFilterProp="label" options={states.map((state) => ({ value: state, label: t(`key.state.${state}` as MessageKey) }))} />
          </Form.Item>
          <SignFields />
        </ActionButton>
      )}
      {usable && row['level'] !== 'service' && (
        <ActionButton<KeyValues & Signed & FactorValues & { to: number }>
          {...common}
          width={680}
          label={t('key.derive')}
          title={`${t('key.derive')} ${name}`}
          submit={propose((values) => ({ action: 'derive', parent: name, factors: factorsOf(values), to: values.to, key: keyOf(values) }))}
          initial={{ to: Number(row['owner'] ?? 0) }}
        >
          <KeyFields />
          <FactorFields />
          <Form.Item name="to" label={t('key.forOwner')} extra={t('key.forOwnerHint')} rules={[{ required: true, message: t('common.required') }]}>
            <InputNumber min={0} className="grow" />
          </Form.Item>
          <SignFields />
        </ActionButton>
      )}
      {usable && (
        <ActionButton<Signed & FactorValues & { under: string }>
          {...common}
          width={680}
          label={t('key.export')}
          title={`${t('key.export')} ${name}`}
          submit={propose((values) => ({ action: 'export', name, factors: factorsOf({ ...values, levels: values.levels ?? '' }), under: values.under }))}
        >
          <TransportKey />
          <FactorFields optional />
          <SignFields />
        </ActionButton>
      )}
    </>
  );
}

/** A custodian gets a term and a passphrase of their own, which they type themselves. */
export function EnrolCustodian() {
  const t = useT();
  const can = useCan();
  if (!can('access.write')) return null;
  const required = [{ required: true, message: t('common.required') }];
  return (
    <ActionButton<{ name: string; passphrase: string; from: Dayjs; to: Dayjs }>
      label={t('custodian.enrol')}
      description={t('custodian.enrolText')}
      initial={{ from: dayjs(), to: dayjs().add(1, 'year') }}
      submit={({ name, passphrase, from, to }, key) => call('POST', '/custodians', { key, body: { name, passphrase, from: from.format('YYYY-MM-DD'), to: to.format('YYYY-MM-DD') } })}
      invalidate={[['list', 'custodians']]}
    >
      <div className="form-grid">
        <Form.Item name="name" label={t('custodian.name')} rules={required}>
          <Input maxLength={60} autoComplete="off" />
        </Form.Item>
        <Form.Item name="passphrase" label={t('ceremony.passphrase')} extra={t('custodian.passphraseHint')} rules={required}>
          <Input.Password autoComplete="new-password" visibilityToggle={false} />
        </Form.Item>
        <Form.Item name="from" label={t('custodian.from')} rules={required}>
          <DatePicker className="grow" />
        </Form.Item>
        <Form.Item name="to" label={t('custodian.to')} rules={required}>
          <DatePicker className="grow" />
        </Form.Item>
      </div>
    </ActionButton>
  );
}

/** Buttons of the system's lists: sessions, API keys, roles, audit. */
import { Alert, DatePicker, Form, Input, Modal, Select } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { call, get } from '../../api/http';
import { useCan } from '../../api/session';
import type { Page, Row } from '../../api/types';
import { ActionButton } from '../../components/ActionButton';
import { Digest } from '../../components/figures';
import { SecretOnce } from '../../components/SecretOnce';
import { RoleNames } from './RoleNames';
import { useT } from '../../i18n';
import { formatCount } from '../../lib/money';

export function SessionActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  if (!can('access.session') || row['ended_at']) return null;
  return (
    <ActionButton
      size="small"
      type="link"
      danger
      label={t('session.end')}
      title={`${t('session.end')} ${String(row['login'])}`}
      description={t('session.endText')}
      submit={() => call('DELETE', `/sessions/${encodeURIComponent(String(row['id']))}`)}
      invalidate={[['list', 'sessions']]}
    />
  );
}

export function AddApiKey() {
  const t = useT();
  const can = useCan();
  const [secret, setSecret] = useState<string | null>(null);
  const accounts = useQuery({
    queryKey: ['list', 'accounts', 'names'],
    enabled: can('access.key'),
    queryFn: async () => (await get<Page>('/accounts', { limit: 500 })).items,
  });
  if (!can('access.key')) return null;
  return (
    <>
      <ActionButton<{ account: number; name: string; expires_on?: Dayjs; algorithm: string; public_key?: string }>
        quiet
        label={t('common.add')}
        title={t('apiKey.add')}
        initial={{ algorithm: 'hmac-sm3', expires_on: dayjs().add(1, 'year') }}
        submit={({ account, name, expires_on, algorithm, public_key }, key) =>
          call('POST', '/api-keys', {
            key,
            body: { account, name, expires_on: expires_on?.format('YYYY-MM-DD'), public_key: algorithm === 'sm2' ? public_key?.replaceAll(/\s/g, '') : undefined },
          })
        }
        invalidate={[['list', 'api-keys']]}
        done={(result) => setSecret((result as { secret?: string | null } | undefined)?.secret ?? null)}
      >
        <Form.Item name="account" label={t('apiKey.account')} extra={t('apiKey.accountHint')} rules={[{ required: true, message: t('common.required') }]}>
          <Select showSearch optionFilterProp="label" options={(accounts.data ?? []).map((row) => ({ value: Number(row['id']), label: `${String(row['name'])} ${String(row['login'])}` }))} />
        </Form.Item>
        <Form.Item name="name" label={t('apiKey.purpose')} rules={[{ required: true, message: t('common.required') }]}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="algorithm" label={t('apiKey.algorithm')}>
          <Select
            options={[
              { value: 'hmac-sm3', label: 'HMAC-SM3' },
              { value: 'sm2', label: 'SM2' },
            ]}
          />
        </Form.Item>
        <Form.Item noStyle shouldUpdate={(a, b) => a.algorithm !== b.algorithm}>
          {({ getFieldValue }) =>
            getFieldValue('algorithm') === 'sm2' && (
              <Form.Item name="public_key" label={t('apiKey.publicKey')} extra={t('hint.publicKey')} rules={[{ required: true, message: t('common.required') }, { pattern: /^\s*04[0-9A-Fa-f]{128}\s*$/, message: t('form.patternOf', { hint: t('hint.publicKey') }) }]}>
                <Input.TextArea rows={3} className="mono" spellCheck={false} />
              </Form.Item>
            )
          }
        </Form.Item>
        <Form.Item name="expires_on" label={t('apiKey.expires')}>
          <DatePicker className="grow" />
        </Form.Item>
      </ActionButton>
      <SecretOnce title={t('apiKey.secret')} secret={secret} close={() => setSecret(null)} />
    </>
  );
}

export function ApiKeyActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  if (!can('access.key') || row['state'] === 'revoked') return null;
  return (
    <ActionButton
      size="small"
      type="link"
      danger
      label={t('apiKey.revoke')}
      title={`${t('apiKey.revoke')} ${String(row['name'])}`}
      description={t('apiKey.revokeText')}
      submit={() => call('DELETE', `/api-keys/${encodeURIComponent(String(row['id']))}`)}
      invalidate={[['list', 'api-keys']]}
    />
  );
}

export function AddRole() {
  const t = useT();
  const can = useCan();
  if (!can('access.role')) return null;
  return (
    <ActionButton<{ code: string; zh: string; en: string }>
      label={t('common.add')}
      title={t('role.add')}
      submit={({ code, ...names }) => call('PUT', `/roles/${encodeURIComponent(code)}`, { body: { ...names, permissions: [] } })}
      invalidate={[['list', 'roles']]}
    >
      <Form.Item name="code" label={t('role.code')} rules={[{ required: true, pattern: /^[a-z][a-z0-9-]{1,31}$/, message: t('form.pattern') }]}>
        <Input className="mono" />
      </Form.Item>
      <RoleNames />
    </ActionButton>
  );
}

interface Verified {
  ok: boolean;
  entries: number;
  head: string;
  first_bad: number | null;
  faults: { sequence: number; what: string }[];
}

export function VerifyAudit() {
  const t = useT();
  const can = useCan();
  const [verified, setVerified] = useState<Verified | null>(null);
  if (!can('audit.verify')) return null;
  return (
    <>
      <ActionButton quiet label={t('audit.verify')} description={t('audit.verifyText')} submit={(_, key) => call<Verified>('POST', '/audit/verify', { key })} done={(result) => setVerified(result as Verified)} />
      <Modal open={verified !== null} title={t('audit.verify')} footer={null} onCancel={() => setVerified(null)}>
        {verified && (
          <Alert
            showIcon
            type={verified.ok ? 'success' : 'error'}
            title={verified.ok ? t('audit.intact', { n: formatCount(verified.entries) }) : t('audit.broken', { n: verified.first_bad ?? 0 })}
            description={
              <>
                {t('audit.head')} <Digest value={verified.head} />
                {verified.faults.map((fault) => (
                  <p key={fault.sequence}>
                    {fault.sequence}: {fault.what}
                  </p>
                ))}
              </>
            }
          />
        )}
      </Modal>
    </>
  );
}

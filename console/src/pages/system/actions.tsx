/** Buttons of the system's lists: sessions, API keys, roles, audit. */
import { Alert, DatePicker, Form, Input, Modal, Select } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import { call } from '../../api/http';
import { useCan } from '../../api/session';
import type { Row } from '../../api/types';
import { ActionButton } from '../../components/ActionButton';
import { Digest } from '../../components/figures';
import { SecretOnce } from '../../components/SecretOnce';
import { useT } from '../../i18n';
import { formatCount } from '../../lib/money';

export function SessionActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  if (!can('access.session')) return null;
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
  if (!can('access.key')) return null;
  return (
    <>
      <ActionButton<{ name: string; algorithm: string; expires_on: Dayjs; public_key?: string }>
        label={t('common.add')}
        title={t('apiKey.add')}
        initial={{ algorithm: 'hmac-sm3', expires_on: dayjs().add(1, 'year') }}
        submit={(values, key) => call('POST', '/api-keys', { key, body: { ...values, expires_on: values.expires_on.format('YYYY-MM-DD') } })}
        invalidate={[['list', 'api-keys']]}
        done={(result) => setSecret((result as { secret?: string } | undefined)?.secret ?? null)}
      >
        <Form.Item name="name" label={t('field.name')} rules={[{ required: true, message: t('common.required') }]}>
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
              <Form.Item name="public_key" label={t('apiKey.publicKey')} rules={[{ required: true, message: t('common.required') }]}>
                <Input.TextArea rows={3} className="mono" spellCheck={false} />
              </Form.Item>
            )
          }
        </Form.Item>
        <Form.Item name="expires_on" label={t('apiKey.expires')} rules={[{ required: true, message: t('common.required') }]}>
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
    <ActionButton<{ code: string; name: string }>
      label={t('common.add')}
      title={t('role.add')}
      submit={({ code, name }) => call('PUT', `/roles/${encodeURIComponent(code)}`, { body: { name, permissions: [] } })}
      invalidate={[['list', 'roles']]}
    >
      <Form.Item name="code" label={t('role.code')} rules={[{ required: true, pattern: /^[a-z][a-z0-9-]{1,31}$/, message: t('form.pattern') }]}>
        <Input className="mono" />
      </Form.Item>
      <Form.Item name="name" label={t('field.name')} rules={[{ required: true, message: t('common.required') }]}>
        <Input maxLength={40} />
      </Form.Item>
    </ActionButton>
  );
}

interface Verified {
  ok: boolean;
  entries: number;
  head: string;
  first_bad: number | null;
}

export function VerifyAudit() {
  const t = useT();
  const can = useCan();
  const [verified, setVerified] = useState<Verified | null>(null);
  if (!can('audit.verify')) return null;
  return (
    <>
      <ActionButton label={t('audit.verify')} description={t('audit.verifyText')} submit={(_, key) => call<Verified>('POST', '/audit/verify', { key })} done={(result) => setVerified(result as Verified)} />
      <Modal open={verified !== null} title={t('audit.verify')} footer={null} onCancel={() => setVerified(null)}>
        {verified && (
          <Alert
            showIcon
            type={verified.ok ? 'success' : 'error'}
            title={verified.ok ? t('audit.intact', { n: formatCount(verified.entries) }) : t('audit.broken', { n: verified.first_bad ?? 0 })}
            description={
              <span>
                {t('audit.head')} <Digest value={verified.head} />
              </span>
            }
          />
        )}
      </Modal>
    </>
  );
}

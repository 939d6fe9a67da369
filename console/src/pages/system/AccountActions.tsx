/** 账户: opening, stopping, resetting, roles. Who may do which is decided by the server; the three powers are apart. */
import { Form, Input, Select } from 'antd';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { call, get } from '../../api/http';
import { useMembers } from '../../api/lists';
import { useCan, useOwner } from '../../api/session';
import type { Page, Row } from '../../api/types';
import { ActionButton } from '../../components/ActionButton';
import { SecretOnce } from '../../components/SecretOnce';
import { EnrolCustodian } from '../keys/KeyRequests';
import { useT } from '../../i18n';

interface RoleName {
  code: string;
  name: string;
}

export function useRoles() {
  return useQuery({
    queryKey: ['list', 'roles', 'names'],
    queryFn: async (): Promise<RoleName[]> => {
      const page = await get<Page>('/roles', { limit: 500 });
      return page.items.map((row) => ({ code: String(row['code']), name: String(row['name'] ?? row['zh'] ?? row['code']) }));
    },
  });
}

interface NewAccount {
  login: string;
  name: string;
  person: string;
  owner: string;
}

export function AccountToolbar() {
  const { kind } = useOwner();
  return (
    <>
      {/* Who registers custodians need not see the keys' pages. */}
      {kind !== 'member' && <EnrolCustodian />}
      <AddAccount />
    </>
  );
}

function AddAccount() {
  const t = useT();
  const can = useCan();
  const owner = useOwner();
  const { members } = useMembers();
  const [secret, setSecret] = useState<string | null>(null);
  const required = [{ required: true, message: t('common.required') }];
  if (!can('access.write')) return null;
  const own = owner.kind === 'centre' ? 'centre' : `${owner.kind}:${owner.code}`;
  return (
    <>
      <ActionButton<NewAccount>
        label={t('common.add')}
        title={t('account.add')}
        initial={{ owner: own }}
        quiet
        description={t('account.addText')}
        submit={(values, key) => call('POST', '/accounts', { key, body: values })}
        invalidate={[['list', 'accounts']]}
        done={(result) => setSecret((result as { password?: string } | undefined)?.password ?? null)}
      >
        <div className="form-grid">
          <Form.Item name="login" label={t('login.login')} rules={[...required, { pattern: /^[a-z0-9][a-z0-9._-]{2,31}$/, message: t('account.loginRule') }]}>
            <Input autoComplete="off" spellCheck={false} />
          </Form.Item>
          <Form.Item name="name" label={t('account.name')} rules={required}>
            <Input maxLength={40} />
          </Form.Item>
          <Form.Item name="person" label={t('account.person')} extra={t('account.personHint')} rules={required}>
            <Input maxLength={40} />
          </Form.Item>
          <Form.Item name="owner" label={t('account.owner')} rules={required}>
            <Select
              showSearch
              optionFilterProp="label"
              disabled={owner.kind !== 'centre'}
              options={owner.kind === 'centre' ? [{ value: 'centre', label: t('common.centre') }, ...members.map((m) => ({ value: `member:${m.code}`, label: `${m.name} ${m.code}` }))] : [{ value: own, label: own }]}
            />
          </Form.Item>
        </div>
      </ActionButton>
      <SecretOnce title={t('account.firstPassword')} secret={secret} close={() => setSecret(null)} />
    </>
  );
}

export function AccountActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  const [secret, setSecret] = useState<string | null>(null);
  const id = String(row['id']);
  const disabled = row['state'] === 'disabled' || row['enabled'] === false;
  const common = { size: 'small' as const, type: 'link' as const, invalidate: [['list', 'accounts']] };
  const post = (verb: string) => (values: object, key: string) => call('POST', `/accounts/${id}/${verb}`, { key, body: values });
  const who = String(row['login']);
  return (
    <>
      {can('access.write') && (
        <>
          {disabled ? (
            <ActionButton {...common} label={t('account.enable')} title={`${t('account.enable')} ${who}`} submit={post('enable')} />
          ) : (
            <ActionButton {...common} danger label={t('account.disable')} title={`${t('account.disable')} ${who}`} description={t('account.disableText')} submit={post('disable')} />
          )}
          <ActionButton
            {...common}
            label={t('account.reset')}
            title={`${t('account.reset')} ${who}`}
            description={t('account.resetText')}
            quiet
            submit={post('reset-password')}
            done={(result) => setSecret((result as { password?: string } | undefined)?.password ?? null)}
          />
        </>
      )}
      {can('access.grant') && (
        <>
          <GrantRoles row={row} />
          {row['totp'] === 'on' && <ActionButton {...common} label={t('account.resetTotp')} title={`${t('account.resetTotp')} ${who}`} description={t('account.resetTotpText')} submit={post('reset-totp')} />}
        </>
      )}
      <SecretOnce title={t('account.firstPassword')} secret={secret} close={() => setSecret(null)} />
    </>
  );
}

function GrantRoles({ row }: { row: Row }) {
  const t = useT();
  const roles = useRoles().data ?? [];
  const held = Array.isArray(row['roles']) ? row['roles'].map(String) : String(row['roles'] ?? '').split(/[,，、\s]+/).filter(Boolean);
  return (
    <ActionButton<{ roles: string[] }>
      size="small"
      type="link"
      label={t('nav.roles')}
      title={`${t('nav.roles')} ${String(row['login'])}`}
      description={t('account.rolesText')}
      initial={{ roles: held }}
      submit={(values, key) => call('POST', `/accounts/${String(row['id'])}/roles`, { key, body: values })}
      invalidate={[['list', 'accounts']]}
    >
      <Form.Item name="roles" label={t('nav.roles')}>
        <Select mode="multiple" optionFilterProp="label" options={roles.map((r) => ({ value: r.code, label: `${r.name} ${r.code}` }))} />
      </Form.Item>
    </ActionButton>
  );
}

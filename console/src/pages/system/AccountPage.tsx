/** 我的账户: who I am here, password, second factor. */
import { Alert, Button, Descriptions, Form, Input, Space, Tag } from 'antd';
import { useState } from 'react';
import { call } from '../../api/http';
import { useOwner, useSession } from '../../api/session';
import { ActionButton, useAnnounce } from '../../components/ActionButton';
import { CopyButton } from '../../components/CopyButton';
import { MemberName } from '../../components/figures';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { PasswordForm } from '../../components/PasswordForm';
import { ProblemView } from '../../components/ProblemView';
import { QrCode } from '../../components/QrCode';
import { useT } from '../../i18n';

export default function AccountPage() {
  const t = useT();
  const { account, permissions } = useSession();
  const owner = useOwner();
  const announce = useAnnounce();
  return (
    <section className="page">
      <PageHead title={t('nav.account')} />
      <div className="dash-grid">
        <Panel title={t('account.facts')} className="span-4">
          <Descriptions
            size="small"
            column={1}
            items={[
              { key: 'name', label: t('account.name'), children: account.name },
              { key: 'login', label: t('login.login'), children: account.login },
              { key: 'person', label: t('account.person'), children: account.person },
              { key: 'owner', label: t('account.owner'), children: owner.code ? <MemberName code={owner.code} /> : t('common.centre') },
              { key: 'roles', label: t('nav.roles'), children: <Space size={4} wrap>{account.roles.map((role) => <Tag key={role}>{role}</Tag>)}</Space> },
              { key: 'permissions', label: t('account.permissions'), children: permissions.length },
            ]}
          />
        </Panel>
        <Panel title={t('login.change')} className="span-4">
          <PasswordForm done={() => announce(undefined)} />
        </Panel>
        <Panel title={t('login.totp')} className="span-4">
          <Totp />
        </Panel>
      </div>
    </section>
  );
}

/**
 * Turning the second factor on: a secret for the authenticator, one code to show that it works, and the codes for the
 * day the authenticator is lost.
 */
function Totp() {
  const t = useT();
  const [setup, setSetup] = useState<{ secret: string; url: string } | null>(null);
  const [recovery, setRecovery] = useState<string[] | null>(null);
  const [code, setCode] = useState('');
  const [error, setError] = useState<unknown>(null);
  if (recovery) {
    return (
      <div className="stack">
        <Alert type="success" showIcon title={t('totp.on')} description={t('totp.recovery')} />
        <ul className="recovery mono">
          {recovery.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ul>
      </div>
    );
  }
  if (!setup) {
    return (
      <>
        <p className="muted dialog-text">{t('totp.text')}</p>
        <Space>
          <ActionButton quiet label={t('totp.start')} submit={(_, key) => call('POST', '/account/totp', { key })} done={(result) => setSetup(result as { secret: string; url: string })} />
          <ActionButton<{ code: string }> label={t('totp.end')} description={t('totp.endText')} submit={(values, key) => call('POST', '/account/totp/end', { key, body: values })}>
            <Form.Item name="code" label={t('login.totp')} rules={[{ required: true, message: t('common.required') }]}>
              <Input inputMode="numeric" autoComplete="one-time-code" />
            </Form.Item>
          </ActionButton>
        </Space>
      </>
    );
  }
  const confirm = async () => {
    setError(null);
    try {
      setRecovery((await call<{ recovery_codes: string[] }>('POST', '/account/totp/confirm', { body: { code } })).recovery_codes);
    } catch (caught) {
      setError(caught);
    }
  };
  return (
    <div className="stack">
      <QrCode text={setup.url} label={t('totp.scan')} />
      <p>
        {t('totp.secret')} <span className="mono wrap">{setup.secret}</span> <CopyButton text={setup.secret} label={t('totp.secret')} />
      </p>
      <Space.Compact>
        <Input inputMode="numeric" maxLength={6} placeholder={t('login.totpHint')} aria-label={t('login.totp')} value={code} onChange={(e) => setCode(e.target.value)} onPressEnter={() => void confirm()} />
        <Button type="primary" disabled={code.length !== 6} onClick={() => void confirm()}>
          {t('totp.confirm')}
        </Button>
      </Space.Compact>
      {error !== null && <ProblemView error={error} />}
    </div>
  );
}

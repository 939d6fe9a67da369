import { LockOutlined, SafetyOutlined, UserOutlined } from '@ant-design/icons';
import { Alert, Button, Form, Input } from 'antd';
import { useState, type KeyboardEvent } from 'react';
import { Problem } from '../../api/http';
import { useSessionState } from '../../api/session';
import { ProblemView } from '../../components/ProblemView';
import { useT } from '../../i18n';
import { LoginFrame } from './LoginFrame';

interface Values {
  login: string;
  password: string;
  totp?: string;
}

export default function LoginPage() {
  const t = useT();
  const { logIn, ended } = useSessionState();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [withTotp, setWithTotp] = useState(false);
  const [caps, setCaps] = useState(false);

  const submit = async (values: Values) => {
    setBusy(true);
    setError(null);
    try {
      await logIn(values.login.trim(), values.password, values.totp);
    } catch (caught) {
      if (caught instanceof Problem && asksForTotp(caught) && !withTotp) setWithTotp(true);
      else setError(caught);
      setBusy(false);
    }
  };
  const watchCaps = (event: KeyboardEvent) => setCaps(event.getModifierState('CapsLock'));
  return (
    <LoginFrame title={t('login.title')}>
      {ended && ended !== 'out' && error === null && <Alert type="info" showIcon className="dialog-note" title={t(`login.ended.${ended}`)} description={t('login.endedHint')} />}
      <Form<Values> layout="vertical" requiredMark={false} onFinish={(values) => void submit(values)} disabled={busy}>
        <Form.Item name="login" label={t('login.login')} rules={[{ required: true, message: t('common.required') }]}>
          <Input size="large" prefix={<UserOutlined />} autoComplete="username" autoFocus spellCheck={false} />
        </Form.Item>
        <Form.Item
          name="password"
          label={t('login.password')}
          extra={caps ? <span className="caps">{t('login.caps')}</span> : null}
          rules={[{ required: true, message: t('common.required') }]}
        >
          <Input.Password size="large" prefix={<LockOutlined />} autoComplete="current-password" onKeyUp={watchCaps} />
        </Form.Item>
        {withTotp && (
          <Form.Item name="totp" label={t('login.totp')} extra={t('login.totpHint')} rules={[{ required: true, message: t('common.required') }]}>
            <Input size="large" prefix={<SafetyOutlined />} inputMode="numeric" maxLength={6} autoComplete="one-time-code" autoFocus />
          </Form.Item>
        )}
        {error !== null && <ProblemView error={error} />}
        <Button type="primary" size="large" block htmlType="submit" loading={busy}>
          {t('login.submit')}
        </Button>
      </Form>
    </LoginFrame>
  );
}

/** The password was right and the account has a second factor. */
function asksForTotp(problem: Problem): boolean {
  return problem.code === 'P02';
}

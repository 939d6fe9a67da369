import { Button, Form, Input } from 'antd';
import { useState } from 'react';
import { call } from '../api/http';
import { useT } from '../i18n';
import { ProblemView } from './ProblemView';

interface Values {
  old: string;
  new: string;
  repeat: string;
}

export function PasswordForm({ done }: { done: () => void }) {
  const t = useT();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const required = { required: true, message: t('common.required') };
  const submit = async (values: Values) => {
    setBusy(true);
    setError(null);
    try {
      await call('POST', '/account/password', { body: { old_password: values.old, new_password: values.new } });
      done();
    } catch (caught) {
      setError(caught);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Form<Values> layout="vertical" requiredMark={false} disabled={busy} onFinish={(values) => void submit(values)}>
      <Form.Item name="old" label={t('login.old')} rules={[required]}>
        <Input.Password autoComplete="current-password" />
      </Form.Item>
      <Form.Item name="new" label={t('login.new')} extra={t('login.rule')} rules={[required, { min: 12, message: t('login.tooShort') }]}>
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      <Form.Item
        name="repeat"
        label={t('login.repeat')}
        dependencies={['new']}
        rules={[
          required,
          ({ getFieldValue }) => ({
            validator: (_, value) =>
              !value || value === getFieldValue('new') ? Promise.resolve() : Promise.reject(new Error(t('login.mismatch'))),
          }),
        ]}
      >
        <Input.Password autoComplete="new-password" />
      </Form.Item>
      {error !== null && <ProblemView error={error} />}
      <Button type="primary" block htmlType="submit" loading={busy}>
        {t('login.change')}
      </Button>
    </Form>
  );
}

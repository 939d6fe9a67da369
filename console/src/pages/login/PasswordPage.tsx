/** A password that must be changed before anything else. */
import { Button, Typography } from 'antd';
import { useSessionState } from '../../api/session';
import { PasswordForm } from '../../components/PasswordForm';
import { useT } from '../../i18n';
import { LoginFrame } from './LoginFrame';

export default function PasswordPage() {
  const t = useT();
  const { reload, end } = useSessionState();
  return (
    <LoginFrame title={t('login.change')}>
      <Typography.Paragraph type="secondary">{t('login.changeHint')}</Typography.Paragraph>
      <PasswordForm done={() => void reload()} />
      <Button type="link" block onClick={() => void end('out')}>
        {t('app.logout')}
      </Button>
    </LoginFrame>
  );
}

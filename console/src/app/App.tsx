/** Who is there? Nobody: the log-in page. Somebody with an expired password: changing it. Else the shell. */
import { App as AntApp, ConfigProvider, Spin } from 'antd';
import enUS from 'antd/locale/en_US';
import zhCN from 'antd/locale/zh_CN';
import dayjs from 'dayjs';
import 'dayjs/locale/zh-cn';
import { lazy, Suspense, useEffect } from 'react';
import { useSessionState } from '../api/session';
import { LiveProvider } from '../api/events';
import { ProblemView } from '../components/ProblemView';
import { useLanguage } from '../i18n';
import { useDisplay } from './display';
import { IdleGuard } from './IdleGuard';
import { themeOf } from './theme';

const Shell = lazy(() => import('./Shell'));
const LoginPage = lazy(() => import('../pages/login/LoginPage'));
const PasswordPage = lazy(() => import('../pages/login/PasswordPage'));

export function App() {
  const { language } = useLanguage();
  const { theme } = useDisplay();
  useEffect(() => {
    document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
    dayjs.locale(language === 'zh' ? 'zh-cn' : 'en');
  }, [language]);
  return (
    <ConfigProvider prefixCls="tk" theme={themeOf(theme)} locale={language === 'zh' ? zhCN : enUS} button={{ autoInsertSpace: false }} componentSize="medium">
      <AntApp className="tongka root" message={{ maxCount: 3 }} notification={{ placement: 'bottomRight' }}>
        <Suspense fallback={<Waiting />}>
          <Door />
        </Suspense>
      </AntApp>
    </ConfigProvider>
  );
}

function Door() {
  const { session, error, reload } = useSessionState();
  if (error) {
    return (
      <main className="door">
        <ProblemView error={error} retry={() => void reload()} />
      </main>
    );
  }
  if (session === undefined) return <Waiting />;
  if (session === null) return <LoginPage />;
  if (session.must_change_password) return <PasswordPage />;
  return (
    <LiveProvider>
      <Shell />
      <IdleGuard />
    </LiveProvider>
  );
}

function Waiting() {
  return (
    <div className="app-waiting">
      <Spin size="large" />
    </div>
  );
}

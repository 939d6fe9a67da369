import { Button } from 'antd';
import { useEffect, type ReactNode } from 'react';
import { Logo } from '../../app/Logo';
import { useLanguage, useT } from '../../i18n';

/** The quiet frame around logging in and changing a password. */
export function LoginFrame({ title, children }: { title: string; children: ReactNode }) {
  const t = useT();
  const { language, setLanguage } = useLanguage();
  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`;
  }, [title, t]);
  return (
    <main className="login">
      <section className="login-brand" aria-hidden={false}>
        <Logo size={44} />
        <h1>
          {t('app.name')} <span>{t('app.centre')}</span>
        </h1>
        <p className="login-principle">{t('login.principle')}</p>
        <ul>
          <li>{t('login.subtitle')}</li>
          <li>{t('login.audited')}</li>
          <li>{t('login.idle')}</li>
        </ul>
      </section>
      <section className="login-panel">
        <div className="login-box">
          <div className="login-head">
            <h2>{title}</h2>
            <Button type="text" size="small" lang={language === 'zh' ? 'en' : 'zh-CN'} onClick={() => setLanguage(language === 'zh' ? 'en' : 'zh')}>
              {t('app.language')}
            </Button>
          </div>
          {children}
        </div>
      </section>
    </main>
  );
}

/** A refusal or failure, staying on screen: what the server said, its code, and the request id to quote. */
import { Alert, Button, Space, Typography } from 'antd';
import { Problem } from '../api/http';
import { useLanguage, useT } from '../i18n';
import { oneLanguage } from '../lib/text';
import { CopyButton } from './CopyButton';
import { wordFor } from './Deed';

export function ProblemView({ error, retry }: { error: unknown; retry?: () => void }) {
  const t = useT();
  const { language } = useLanguage();
  if (!(error instanceof Problem)) {
    return <Alert className="problem-view" type="error" showIcon title={t('error.title')} description={error instanceof Error ? error.message : String(error)} />;
  }
  const network = error.status === 0;
  const title = network
    ? t('error.network')
    : error.status === 404
      ? t('error.notFound')
      : (language === 'zh' ? error.zh : error.en) || t('error.title');
  const hint = network ? t('error.networkHint') : oneLanguage(error.detail, language) || (error.status === 404 ? t('error.notFoundHint') : '');
  return (
    <Alert
      className="problem-view"
      type={error.status === 404 ? 'warning' : 'error'}
      showIcon
      role="alert"
      title={title}
      action={retry && <Button size="small" onClick={retry}>{t('error.retry')}</Button>}
      description={
        <div className="problem">
          {hint && <div>{hint}</div>}
          {error.errors.length > 0 && (
            <ul aria-label={t('error.fields')}>
              {error.errors.map((e) => (
                <li key={e.field + e.message}>
                  <FieldName field={e.field} /> {oneLanguage(e.message, language)}
                </li>
              ))}
            </ul>
          )}
          {error.retryAfter !== null && <div>{t('error.retryAfter', { seconds: error.retryAfter })}</div>}
          {!network && (
            <Space size={16} wrap className="problem-ids">
              <span>
                {t('error.code')} <b>{error.code}</b>
              </span>
              {error.requestId && (
                <span>
                  {t('error.requestId')} <span className="mono">{error.requestId}</span>
                  <CopyButton text={error.requestId} />
                </span>
              )}
            </Space>
          )}
        </div>
      }
    />
  );
}

/** An input by its name on screen, where it has one. */
function FieldName({ field }: { field: string }) {
  const t = useT();
  const known = wordFor('name', field.split('.').at(-1) ?? '');
  return known ? <b title={field}>{t(known)}</b> : <Typography.Text code>{field}</Typography.Text>;
}

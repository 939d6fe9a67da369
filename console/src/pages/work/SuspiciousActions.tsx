/** 可疑记录: propose to clear or to reject; a second person decides. */
import { Form, Input, Radio } from 'antd';
import { Link } from 'react-router';
import { call } from '../../api/http';
import { useCan, useOpensUpload } from '../../api/session';
import type { Row } from '../../api/types';
import { ActionButton } from '../../components/ActionButton';
import { MemberName, Money } from '../../components/figures';
import { ReasonText } from '../../components/verdicts';
import { useT } from '../../i18n';

export function SuspiciousActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  const opens = useOpensUpload();
  const upload = String(row['upload']);
  const record = String(row['record']);
  const explain = `/uploads/${encodeURIComponent(upload)}/records/${record}`;
  const open = row['state'] === 'open';
  return (
    <>
      {can('record.read') && opens(upload) && (
        <Link to={explain} aria-label={`${t('file.explain')} ${upload} ${record}`}>
          {t('file.explain')}
        </Link>
      )}
      {open && can('dispute.propose') && (
        <ActionButton<{ decision: string; reason: string }>
          size="small"
          type="link"
          label={t('suspicious.decide')}
          title={`${t('suspicious.decide')} · ${upload} #${record}`}
          twoPeople
          initial={{ decision: 'clear' }}
          description={
            <p>
              <ReasonText reason={String(row['reason'])} /> · <Money fen={Number(row['amount_fen'])} withUnit /> · <MemberName code={String(row['acquirer'])} /> →{' '}
              <MemberName code={String(row['issuer'] ?? '')} />
            </p>
          }
          submit={(values, key) => call('POST', `/suspicious/${encodeURIComponent(upload)}/${record}/propose`, { key, body: values })}
          invalidate={[['list', 'suspicious']]}
        >
          <Form.Item name="decision" label={t('suspicious.decision')} rules={[{ required: true }]}>
            <Radio.Group
              options={[
                { value: 'clear', label: t('suspicious.clear') },
                { value: 'reject', label: t('suspicious.reject') },
              ]}
            />
          </Form.Item>
          <Form.Item name="reason" label={t('common.reason')} extra={t('suspicious.reasonHint')} rules={[{ required: true, message: t('common.required') }]}>
            <Input.TextArea rows={3} maxLength={300} showCount />
          </Form.Item>
        </ActionButton>
      )}
    </>
  );
}

/** 人工调账: one party pays another, for a stated reason, after a second person agrees. */
import { Form, Input, Select } from 'antd';
import { call } from '../../api/http';
import { useMembers } from '../../api/lists';
import { useCan } from '../../api/session';
import { ActionButton } from '../../components/ActionButton';
import { fenOf, YuanItem } from '../../components/YuanItem';
import { useT } from '../../i18n';

interface Values {
  debtor: string;
  creditor: string;
  amount: string;
  reference: string;
  reason: string;
}

export function AddAdjustment() {
  const t = useT();
  const can = useCan();
  const { members } = useMembers();
  if (!can('dispute.propose')) return null;
  const required = [{ required: true, message: t('common.required') }];
  const options = [{ value: '00000000', label: t('common.centre') }, ...members.map((m) => ({ value: m.code, label: `${m.name} ${m.code}` }))];
  return (
    <ActionButton<Values>
      label={t('common.add')}
      title={t('adjustment.add')}
      description={t('adjustment.text')}
      twoPeople
      width={640}
      submit={({ amount, ...values }, key) => call('POST', '/adjustments', { key, body: { ...values, amount_fen: fenOf(amount) } })}
      invalidate={[['list', 'adjustments']]}
    >
      <div className="form-grid">
        <Form.Item name="debtor" label={t('adjustment.debtor')} rules={required}>
          <Select showSearch optionFilterProp="label" options={options} />
        </Form.Item>
        <Form.Item
          name="creditor"
          label={t('adjustment.creditor')}
          dependencies={['debtor']}
          rules={[
            ...required,
            ({ getFieldValue }) => ({
              validator: (_, value) => (!value || value !== getFieldValue('debtor') ? Promise.resolve() : Promise.reject(new Error(t('adjustment.same')))),
            }),
          ]}
        >
          <Select showSearch optionFilterProp="label" options={options} />
        </Form.Item>
        <YuanItem name="amount" label={t('reserve.amount')} />
        <Form.Item name="reference" label={t('adjustment.reference')} extra={t('adjustment.referenceHint')} rules={required}>
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="reason" label={t('common.reason')} rules={required} className="full">
          <Input.TextArea rows={2} maxLength={300} showCount />
        </Form.Item>
      </div>
    </ActionButton>
  );
}

/** Settlement through the bank: making a settlement date, registering an account, resolving a difference. */
import { DatePicker, Form, Input, InputNumber, Select } from 'antd';
import type { Dayjs } from 'dayjs';
import { call } from '../../api/http';
import { useCan, useSide } from '../../api/session';
import type { Row } from '../../api/types';
import { ActionButton } from '../../components/ActionButton';
import { useT } from '../../i18n';

const ROLES = ['reserve', 'outside', 'clearing', 'fees'] as const;
const WAYS = ['book', 'settle', 'offset', 'accept'] as const;

function useMay(permission: string) {
  const can = useCan();
  return useSide() === 'centre' && can(permission);
}

/** 生成结算日 */
export function MakeSettlementDate() {
  const t = useT();
  if (!useMay('settlement.operate')) return null;
  return (
    <ActionButton<{ date?: Dayjs }>
      primary
      label={t('settle.make')}
      description={t('settle.makeText')}
      submit={({ date }, key) => call('POST', '/settlement-dates', { key, body: date ? { date: date.format('YYYY-MM-DD') } : {} })}
      invalidate={[['list', 'settlement-dates'], ['list', 'payment-instructions'], ['list', 'settlement-items']]}
    >
      <Form.Item name="date" label={t('settle.date')} extra={t('settle.dateHint')}>
        <DatePicker className="grow" />
      </Form.Item>
    </ActionButton>
  );
}

interface AccountValues {
  role: (typeof ROLES)[number];
  member?: string;
  number: string;
  name: string;
  bank: string;
}

/** 登记银行账户 */
export function AddBankAccount() {
  const t = useT();
  if (!useMay('settlement.propose')) return null;
  const required = [{ required: true, message: t('common.required') }];
  return (
    <ActionButton<AccountValues>
      primary
      twoPeople
      label={t('settle.account')}
      description={t('settle.accountText')}
      submit={({ member, ...rest }, key) => call('POST', '/bank-accounts', { key, body: { ...rest, member: member?.trim() || '00000000' } })}
      invalidate={[['list', 'bank-accounts']]}
    >
      <Form.Item name="role" label={t('settle.role')} rules={required}>
        <Select options={ROLES.map((role) => ({ value: role, label: t(`settle.role.${role}`) }))} />
      </Form.Item>
      <Form.Item name="member" label={t('settle.member')} extra={t('settle.memberHint')}>
        <Input maxLength={8} />
      </Form.Item>
      <Form.Item name="number" label={t('settle.number')} rules={required}>
        <Input maxLength={34} />
      </Form.Item>
      <Form.Item name="name" label={t('settle.name')} rules={required}>
        <Input maxLength={60} />
      </Form.Item>
      <Form.Item name="bank" label={t('settle.bank')} rules={required} extra={t('settle.bankHint')}>
        <Input maxLength={14} />
      </Form.Item>
    </ActionButton>
  );
}

/** 处理对账差异 */
export function QueueActions({ row }: { row: Row }) {
  const t = useT();
  if (!useMay('settlement.propose') || row['state'] !== 'open') return null;
  const required = [{ required: true, message: t('common.required') }];
  return (
    <ActionButton<{ action: (typeof WAYS)[number]; other?: number; note: string }>
      size="small"
      type="link"
      twoPeople
      label={t('settle.resolve')}
      description={<p>{String(row['detail'] ?? '')}</p>}
      submit={({ action, other, note }, key) =>
        call('POST', `/bank-queue/${String(row['id'])}/resolve`, { key, body: { action, note, ...(other === undefined || other === null ? {} : { other }) } })
      }
      invalidate={[['list', 'bank-queue']]}
    >
      <Form.Item name="action" label={t('settle.way')} rules={required}>
        <Select options={WAYS.map((way) => ({ value: way, label: t(`settle.way.${way}`) }))} />
      </Form.Item>
      <Form.Item name="other" label={t('settle.other')} extra={t('settle.otherHint')}>
        <InputNumber min={1} precision={0} />
      </Form.Item>
      <Form.Item name="note" label={t('common.note')} rules={required}>
        <Input maxLength={200} />
      </Form.Item>
    </ActionButton>
  );
}

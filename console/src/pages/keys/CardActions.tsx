/** 卡管: new products, segments and orders are proposed; cards and SAMs move through their life. */
import { Form, Input, Select } from 'antd';
import { call } from '../../api/http';
import { useCan } from '../../api/session';
import type { Row } from '../../api/types';
import { ActionButton } from '../../components/ActionButton';
import { ChangeFields, payloadOf, type FormField } from '../../components/ChangeForm';
import { useT, type MessageKey } from '../../i18n';

const PRODUCT: FormField[] = [
  { name: 'code', label: 'card.productCode', type: 'code', pattern: /^[A-Z0-9]{1,12}$/ },
  { name: 'name', label: 'field.name', type: 'text' },
  { name: 'scheme', label: 'field.scheme', type: 'select', options: [{ value: 'T', label: 'scheme.T' }, { value: 'M', label: 'scheme.M' }] },
  { name: 'issuer', label: 'field.issuerId', type: 'code', pattern: /^[0-9A-F]{16}$/, hint: 'hint.issuerId' },
  { name: 'region', label: 'field.city', type: 'int' },
  { name: 'kind', label: 'card.kind', type: 'int' },
  { name: 'max_balance_fen', label: 'card.maxBalance', type: 'yuan' },
  { name: 'deposit_fen', label: 'card.deposit', type: 'yuan' },
  { name: 'years', label: 'card.years', type: 'int' },
];
const SEGMENT: FormField[] = [
  { name: 'product', label: 'card.productCode', type: 'code' },
  { name: 'maker', label: 'card.maker', type: 'code' },
  { name: 'first', label: 'card.first', type: 'code', pattern: /^\d{8,19}$/ },
  { name: 'last', label: 'card.last', type: 'code', pattern: /^\d{8,19}$/ },
];
const ORDER: FormField[] = [
  { name: 'product', label: 'card.productCode', type: 'code' },
  { name: 'maker', label: 'card.maker', type: 'code' },
  { name: 'card_count', label: 'card.count', type: 'int' },
];

function adder(path: string, fields: FormField[], title: MessageKey) {
  return function Add() {
    const t = useT();
    const can = useCan();
    if (!can('card.propose')) return null;
    return (
      <ActionButton<Record<string, unknown>>
        label={t('common.add')}
        title={t(title)}
        width={640}
        submit={(values, key) => call('POST', `/${path}`, { key, body: payloadOf(fields, values) })}
        invalidate={[['list', path]]}
      >
        <ChangeFields fields={fields} />
      </ActionButton>
    );
  };
}

export const AddProduct = adder('card-products', PRODUCT, 'card.addProduct');
export const AddSegment = adder('segments', SEGMENT, 'card.addSegment');
export const AddOrder = adder('production-orders', ORDER, 'card.addOrder');

/** The states a card may go to: the same table as the server's, which decides. */
const NEXT: Record<string, string[]> = {
  made: ['stock', 'scrapped'],
  stock: ['issued', 'scrapped'],
  scrapped: ['destroyed'],
  issued: ['active', 'returned'],
  active: ['lost', 'blocked', 'returned', 'replaced'],
  lost: ['active', 'blocked', 'replaced'],
  blocked: ['active', 'returned', 'replaced'],
  returned: ['stock', 'destroyed'],
  replaced: ['destroyed'],
};

export function CardActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  const states = NEXT[String(row['state'])] ?? [];
  if (!can('card.operate') || states.length === 0) return null;
  const number = String(row['number']);
  return (
    <ActionButton<{ to: string; reason: string }>
      size="small"
      type="link"
      label={t('card.move')}
      title={`${t('card.move')} ${number}`}
      submit={(values, key) => call('POST', `/cards/${encodeURIComponent(number)}/move`, { key, body: values })}
      invalidate={[['list', 'cards'], ['list', 'stock']]}
    >
      <Form.Item name="to" label={t('key.newState')} rules={[{ required: true, message: t('common.required') }]}>
        <Select options={states.map((state) => ({ value: state, label: t(`card.state.${state}` as MessageKey) }))} />
      </Form.Item>
      <Form.Item name="reason" label={t('common.reason')} rules={[{ required: true, message: t('common.required') }]}>
        <Input maxLength={200} />
      </Form.Item>
    </ActionButton>
  );
}

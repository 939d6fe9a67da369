/** 卡管: new products, segments and orders are proposed; cards and SAMs move through their life. */
import { Form, Input, Select } from 'antd';
import { call } from '../../api/http';
import { useCan } from '../../api/session';
import type { Row } from '../../api/types';
import { ActionButton } from '../../components/ActionButton';
import { ChangeFields, initialOf, payloadOf, type FormField } from '../../components/ChangeForm';
import { useT, type MessageKey } from '../../i18n';

const product: FormField = { name: 'product', label: 'card.productCode', type: 'choice', from: { list: 'card-products', column: 'code', more: 'name' } };
const maker: FormField = { name: 'maker', label: 'card.maker', type: 'code', pattern: /^[a-z0-9._-]{1,32}$/, hint: 'card.makerHint' };
const number = /^\d{8,19}$/;
const PRODUCT: FormField[] = [
  { name: 'code', label: 'card.productCode', type: 'code', pattern: /^[A-Z0-9-]{1,16}$/, hint: 'card.codeHint' },
  { name: 'name', label: 'field.name', type: 'text' },
  { name: 'scheme', label: 'field.scheme', type: 'select', options: [{ value: 'T', label: 'scheme.T' }, { value: 'M', label: 'scheme.M' }] },
  {
    name: 'keys', label: 'card.keys', type: 'select',
    options: [
      { value: 'sm4', label: 'card.keys.sm4' },
      { value: '3des', label: 'card.keys.3des' },
      { value: 'both', label: 'card.keys.both' },
    ],
  },
  { name: 'issuer', label: 'field.issuerId', type: 'code', pattern: /^[0-9A-F]{16}$/, hint: 'hint.issuerId' },
  { name: 'region', label: 'card.region', type: 'code', pattern: /^\d{8}$/, hint: 'card.regionHint' },
  { name: 'kind', label: 'card.kind', type: 'int', max: 255 },
  { name: 'years', label: 'card.years', type: 'int', min: 1, max: 50 },
  { name: 'max_balance_fen', label: 'card.maxBalance', type: 'yuan' },
  { name: 'overdraft_fen', label: 'field.overdraft', type: 'yuan', start: 0 },
  { name: 'deposit_fen', label: 'card.deposit', type: 'yuan', start: 0 },
  { name: 'check_digit', label: 'card.checkDigit', type: 'flag', start: false },
];
const SEGMENT: FormField[] = [
  product,
  maker,
  { name: 'first', label: 'card.first', type: 'code', pattern: number, hint: 'card.numberHint' },
  { name: 'last', label: 'card.last', type: 'code', pattern: number },
];
const ORDER: FormField[] = [product, maker, { name: 'card_count', label: 'card.count', type: 'int', min: 1 }];
const TRANSFER: FormField[] = [
  product,
  { name: 'count', label: 'card.count', type: 'int', min: 1 },
  { name: 'from', label: 'card.fromStore', type: 'code', pattern: /^[A-Z0-9-]{1,32}$/, hint: 'card.storeHint' },
  { name: 'to', label: 'card.toStore', type: 'code', pattern: /^[A-Z0-9-]{1,32}$/ },
  { name: 'first', label: 'card.first', type: 'code', pattern: number, optional: true, hint: 'card.firstHint' },
];

function adder(path: string, fields: FormField[], title: MessageKey, permission = 'card.propose', label: MessageKey = 'common.add') {
  return function Add() {
    const t = useT();
    const can = useCan();
    if (!can(permission)) return null;
    return (
      <ActionButton<Record<string, unknown>>
        primary
        label={t(label)}
        title={t(title)}
        initial={initialOf(fields, {})}
        width={640}
        submit={(values, key) => call('POST', `/${path}`, { key, body: payloadOf(fields, values) })}
        invalidate={[['list', path.split('/')[0]], ['list', 'stock-entries']]}
      >
        <ChangeFields fields={fields} />
      </ActionButton>
    );
  };
}

export const AddProduct = adder('card-products', PRODUCT, 'card.addProduct');
export const AddSegment = adder('segments', SEGMENT, 'card.addSegment');
export const AddOrder = adder('production-orders', ORDER, 'card.addOrder');
export const TransferStock = adder('stock/transfer', TRANSFER, 'card.transfer', 'card.operate', 'card.transfer');

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
  return (
    <ActionButton<{ to: string; store?: string }>
      size="small"
      type="link"
      label={t('card.move')}
      title={`${t('card.move')} ${String(row['number'])}`}
      // The number is masked: a card is named by its id.
      submit={({ to, store }, key) => call('POST', `/cards/${String(row['id'])}/move`, { key, body: { to, ...(to === 'stock' && store ? { store } : {}) } })}
      invalidate={[['list', 'cards'], ['list', 'stock'], ['list', 'stock-entries']]}
    >
      <Form.Item name="to" label={t('key.newState')} rules={[{ required: true, message: t('common.required') }]}>
        <Select showSearch optionFilterProp="label" options={states.map((state) => ({ value: state, label: t(`card.state.${state}` as MessageKey) }))} />
      </Form.Item>
      <Form.Item noStyle dependencies={['to']}>
        {({ getFieldValue }) =>
          getFieldValue('to') === 'stock' && (
            <Form.Item name="store" label={t('card.store')} extra={t('card.storeHint')} rules={[{ pattern: /^[A-Z0-9-]{1,32}$/, message: t('form.pattern') }]}>
              <Input className="mono" />
            </Form.Item>
          )
        }
      </Form.Item>
    </ActionButton>
  );
}

const NEXT_SAM: Record<string, string[]> = { made: ['in_use', 'destroyed'], in_use: ['stopped'], stopped: ['in_use', 'destroyed'] };

export function SamActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  const states = NEXT_SAM[String(row['state'])] ?? [];
  if (!can('card.operate') || states.length === 0) return null;
  const number = String(row['number']);
  return (
    <ActionButton<{ to: string; holder?: string }>
      size="small"
      type="link"
      label={t('card.move')}
      title={`${t('card.move')} ${number}`}
      initial={{ holder: String(row['holder'] ?? '') }}
      submit={({ to, holder }, key) => call('POST', `/sams/${number}/move`, { key, body: { to, ...(to === 'in_use' ? { holder } : {}) } })}
      invalidate={[['list', 'sams']]}
    >
      <Form.Item name="to" label={t('key.newState')} rules={[{ required: true, message: t('common.required') }]}>
        <Select showSearch optionFilterProp="label" options={states.map((state) => ({ value: state, label: t(`sam.state.${state}` as MessageKey) }))} />
      </Form.Item>
      <Form.Item noStyle dependencies={['to']}>
        {({ getFieldValue }) =>
          getFieldValue('to') === 'in_use' && (
            <Form.Item name="holder" label={t('sam.holder')} rules={[{ required: true, message: t('common.required') }]}>
              <Input maxLength={64} />
            </Form.Item>
          )
        }
      </Form.Item>
    </ActionButton>
  );
}

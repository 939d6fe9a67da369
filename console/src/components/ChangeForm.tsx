/** Fields of a proposal, described as data: one description makes the form, checks it and writes the payload. */
import { DatePicker, Form, Input, InputNumber, Select } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useMembers } from '../api/lists';
import { useT, type MessageKey } from '../i18n';
import { editableYuan, formatPpm, parsePercent } from '../lib/money';
import { fenOf, YuanItem } from './YuanItem';

export type FieldType = 'text' | 'area' | 'code' | 'member' | 'anyMember' | 'date' | 'time' | 'yuan' | 'percent' | 'int' | 'select' | 'flag';

export interface FormField {
  name: string;
  label: MessageKey;
  type: FieldType;
  optional?: boolean;
  /** What a code looks like. */
  pattern?: RegExp;
  hint?: MessageKey;
  options?: { value: string; label: MessageKey }[];
  /** Shown, not changed: the key of what is being changed. */
  fixed?: boolean;
}

type Values = Record<string, unknown>;

/** What the form holds, as the API wants it. Empty optional fields are left out. */
export function payloadOf(fields: FormField[], values: Values): Values {
  const payload: Values = {};
  for (const field of fields) {
    const value = values[field.name];
    if (value === undefined || value === null || value === '') continue;
    switch (field.type) {
      case 'yuan':
        payload[field.name] = fenOf(value as string);
        break;
      case 'percent':
        payload[field.name] = parsePercent(value as string);
        break;
      case 'date':
        payload[field.name] = (value as Dayjs).format('YYYY-MM-DD');
        break;
      case 'flag':
        payload[field.name] = value === 'true';
        break;
      default:
        payload[field.name] = typeof value === 'string' ? value.trim() : value;
    }
  }
  return payload;
}

/** The other way: an object of the API as the form shows it. */
export function initialOf(fields: FormField[], object: Values): Values {
  const initial: Values = {};
  for (const field of fields) {
    const value = object[field.name];
    if (value === undefined || value === null) continue;
    switch (field.type) {
      case 'yuan':
        initial[field.name] = editableYuan(Number(value));
        break;
      case 'percent':
        initial[field.name] = formatPpm(Number(value)).replace('%', '');
        break;
      case 'date':
        initial[field.name] = dayjs(String(value));
        break;
      case 'flag':
        initial[field.name] = String(value);
        break;
      case 'int':
        initial[field.name] = Number(value);
        break;
      default:
        initial[field.name] = String(value);
    }
  }
  return initial;
}

export function ChangeFields({ fields }: { fields: FormField[] }) {
  return (
    <div className="form-grid">
      {fields.map((field) => (
        <ChangeField key={field.name} field={field} />
      ))}
    </div>
  );
}

function ChangeField({ field }: { field: FormField }) {
  const t = useT();
  const { members } = useMembers();
  const { type, optional, pattern, hint, fixed } = field;
  const label = t(field.label);
  if (type === 'yuan') return <YuanItem name={field.name} label={label} extra={hint && t(hint)} zero required={!optional} />;
  const rules = [
    { required: !optional, message: t('common.required') },
    ...(pattern ? [{ pattern, message: t('form.pattern') }] : []),
    ...(type === 'percent'
      ? [{ validator: (_: unknown, text?: string) => (!text || parsePercent(text) !== null ? Promise.resolve() : Promise.reject(new Error(t('form.percent')))) }]
      : []),
  ];
  const memberOptions = members.map((m) => ({ value: m.code, label: `${m.name} ${m.code}` }));
  const input = {
    text: <Input disabled={fixed} maxLength={100} />,
    area: <Input.TextArea rows={4} spellCheck={false} />,
    code: <Input disabled={fixed} className="mono" maxLength={64} spellCheck={false} />,
    time: <Input className="mono" placeholder="HH:MM" maxLength={5} />,
    int: <InputNumber className="grow" min={0} disabled={fixed} />,
    percent: <Input suffix="%" inputMode="decimal" />,
    date: <DatePicker className="grow" disabled={fixed} />,
    flag: (
      <Select
        options={[
          { value: 'true', label: t('common.yes') },
          { value: 'false', label: t('common.no') },
        ]}
      />
    ),
    select: <Select allowClear={optional} options={(field.options ?? []).map((o) => ({ value: o.value, label: t(o.label) }))} />,
    member: <Select showSearch optionFilterProp="label" disabled={fixed} allowClear={optional} options={memberOptions} />,
    anyMember: <Select showSearch optionFilterProp="label" options={[{ value: '*', label: t('form.any') }, ...memberOptions]} />,
  }[type];
  return (
    <Form.Item name={field.name} label={label} extra={hint && t(hint)} rules={rules} className={type === 'area' ? 'full' : undefined} validateTrigger="onBlur">
      {input}
    </Form.Item>
  );
}

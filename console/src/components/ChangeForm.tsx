/** Fields of a proposal, described as data: one description makes the form, checks it and writes the payload. */
import { DeleteOutlined, PlusOutlined } from '@ant-design/icons';
import { useQuery } from '@tanstack/react-query';
import { Button, DatePicker, Form, Input, InputNumber, Select } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import type { SentFile } from '../api/changes';
import { get } from '../api/http';
import { useMembers } from '../api/lists';
import type { Page } from '../api/types';
import { useT, type MessageKey } from '../i18n';
import { editableYuan, formatPpm, parsePercent } from '../lib/money';
import { SchemeFile } from './SchemeFile';
import { fenOf, YuanItem } from './YuanItem';

export type FieldType =
  | 'text'
  | 'area'
  | 'code'
  | 'member'
  | 'anyMember'
  | 'date'
  | 'moment'
  | 'time'
  | 'yuan'
  | 'percent'
  | 'int'
  | 'select'
  | 'flag'
  | 'choice'
  | 'rows'
  | 'cardFile'
  | 'schemeFile';

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
  /** Of `choice`: the list and its column to choose from, and the column that says more. */
  from?: { list: string; column: string; more?: string };
  /** Of `rows`: the fields of each row. */
  fields?: FormField[];
  /** Of a number: bounds. */
  min?: number;
  max?: number;
  /** What a new row or form begins with, in the words of the API. */
  start?: unknown;
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
      case 'moment':
        payload[field.name] = (value as Dayjs).format('YYYY-MM-DDTHH:mm:ss');
        break;
      case 'rows':
        payload[field.name] = (value as Values[]).map((row) => payloadOf(field.fields ?? [], row));
        break;
      case 'cardFile':
        payload[field.name] = (value as SentFile).digest;
        break;
      case 'schemeFile':
        payload[field.name] = (value as SentFile).digest;
        payload['key_file'] = (value as SentFile).key_file ?? '';
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
    const value = object[field.name] ?? field.start;
    if (value === undefined || value === null) continue;
    switch (field.type) {
      case 'yuan':
        initial[field.name] = editableYuan(Number(value));
        break;
      case 'percent':
        initial[field.name] = formatPpm(Number(value)).replace('%', '');
        break;
      case 'date':
      case 'moment':
        initial[field.name] = dayjs(String(value));
        break;
      case 'rows':
        initial[field.name] = (value as Values[]).map((row) => initialOf(field.fields ?? [], row));
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

function ChangeField({ field, path }: { field: FormField; path?: [number, string] }) {
  const t = useT();
  const { members } = useMembers();
  const { type, optional, pattern, hint, fixed, min = 0, max } = field;
  const label = t(field.label);
  const name = path ?? field.name;
  if (type === 'yuan') return <YuanItem name={field.name} label={label} extra={hint && t(hint)} zero required={!optional} />;
  if (type === 'rows') return <RowsField field={field} />;
  const rules = [
    { required: !optional, message: t('common.required') },
    ...(pattern ? [{ pattern, message: field.hint ? t('form.patternOf', { hint: t(field.hint) }) : t('form.pattern') }] : []),
    ...(type === 'percent'
      ? [{ validator: (_: unknown, text?: string) => (!text || parsePercent(text) !== null ? Promise.resolve() : Promise.reject(new Error(t('form.percent')))) }]
      : []),
  ];
  const memberOptions = members.map((m) => ({ value: m.code, label: `${m.name} ${m.code}` }));
  // In a table the head is the label.
  const named = path ? { 'aria-label': label } : {};
  const input = {
    text: <Input disabled={fixed} maxLength={200} {...named} />,
    area: <Input.TextArea rows={4} spellCheck={false} {...named} />,
    code: <Input disabled={fixed} className="mono" maxLength={140} spellCheck={false} {...named} />,
    time: <Input className="mono" placeholder="HH:MM" maxLength={5} {...named} />,
    int: <InputNumber className="grow" min={min} max={max} disabled={fixed} {...named} />,
    percent: <Input suffix="%" inputMode="decimal" {...named} />,
    date: <DatePicker className="grow" disabled={fixed} {...named} />,
    moment: <DatePicker className="grow" showTime {...named} />,
    flag: (
      <Select
        {...named}
        showSearch
        optionFilterProp="label"
        options={[
          { value: 'true', label: t('common.yes') },
          { value: 'false', label: t('common.no') },
        ]}
      />
    ),
    select: <Select showSearch optionFilterProp="label" allowClear={optional} disabled={fixed} options={(field.options ?? []).map((o) => ({ value: o.value, label: t(o.label) }))} {...named} />,
    member: <Select showSearch optionFilterProp="label" disabled={fixed} allowClear={optional} options={memberOptions} {...named} />,
    anyMember: <Select showSearch optionFilterProp="label" disabled={fixed} options={[{ value: '*', label: t('form.any') }, ...memberOptions]} {...named} />,
    choice: <Choice field={field} />,
    cardFile: <SchemeFile of="cards" />,
    schemeFile: <SchemeFile of="scheme" />,
  }[type];
  const wide = type === 'area' || type === 'cardFile' || type === 'schemeFile';
  return (
    <Form.Item name={name} label={path ? undefined : label} extra={hint && !path && t(hint)} rules={rules} className={wide ? 'full' : path ? 'bare-item' : undefined} validateTrigger="onBlur">
      {input}
    </Form.Item>
  );
}

/** One of what a list of the server has. */
function Choice({ field, ...control }: { field: FormField; id?: string; value?: string; onChange?: (value: string) => void }) {
  const { list, column, more } = field.from!;
  const options = useQuery({
    queryKey: ['list', list, 'choice', column],
    queryFn: async () => (await get<Page>(`/${list}`, { limit: 500 })).items.map((row) => ({ value: String(row[column]), label: more ? `${String(row[column])} ${String(row[more])}` : String(row[column]) })),
  });
  return <Select showSearch optionFilterProp="label" disabled={field.fixed} allowClear={field.optional} options={options.data ?? []} {...control} />;
}

/** A table of rows, each with the same fields. */
function RowsField({ field }: { field: FormField }) {
  const t = useT();
  const fields = field.fields ?? [];
  return (
    <div className="full rows-field">
      <div className="rows-label">{t(field.label)}</div>
      {field.hint && <div className="muted small">{t(field.hint)}</div>}
      <Form.List name={field.name}>
        {(rows, { add, remove }) => (
          <>
            {rows.length > 0 && (
              <table className="plain-table">
                <thead>
                  <tr>
                    {fields.map((f) => (
                      <th key={f.name}>{t(f.label)}</th>
                    ))}
                    <th aria-label={t('common.delete')} />
                  </tr>
                </thead>
                <tbody>
                  {rows.map((row) => (
                    <tr key={row.key}>
                      {fields.map((f) => (
                        <td key={f.name}>
                          <ChangeField field={f} path={[row.name, f.name]} />
                        </td>
                      ))}
                      <td>
                        <Button size="small" type="text" icon={<DeleteOutlined />} aria-label={`${t('common.delete')} ${row.name + 1}`} onClick={() => remove(row.name)} />
                      </td>
                    </tr>
                  ))}
                </tbody>
              </table>
            )}
            <Button size="small" icon={<PlusOutlined />} onClick={() => add(initialOf(fields, {}))}>
              {t('form.addRow')}
            </Button>
          </>
        )}
      </Form.List>
    </div>
  );
}

/** The input of one filter, by the kind of its column. It edits the API's own parameters (`amount_fen.from`). */
import { DatePicker, Input, InputNumber, Select, Space } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useState } from 'react';
import type { ColumnSpec } from '../../api/types';
import { useMembers } from '../../api/lists';
import { usePick, useT } from '../../i18n';
import { editableYuan, parseYuan } from '../../lib/money';

export interface FieldProps {
  column: ColumnSpec;
  draft: Record<string, string>;
  set: (changes: Record<string, string>) => void;
  id: string;
}

export function FilterField(props: FieldProps) {
  const { column, draft, set, id } = props;
  const t = useT();
  const pick = usePick();
  const { name } = column;
  switch (column.kind) {
    case 'date':
    case 'datetime':
      return <RangeField {...props} />;
    case 'fen':
      return (
        <Space.Compact block>
          <YuanInput id={id} value={draft[`${name}.from`]} label={`${pick(column)} ${t('list.min')}`} placeholder={t('list.min')} onChange={(v) => set({ [`${name}.from`]: v })} />
          <YuanInput value={draft[`${name}.to`]} label={`${pick(column)} ${t('list.max')}`} placeholder={t('list.max')} onChange={(v) => set({ [`${name}.to`]: v })} />
        </Space.Compact>
      );
    case 'int':
    case 'ppm':
      return (
        <Space.Compact block>
          <InputNumber id={id} className="grow" controls={false} value={numberOf(draft[`${name}.from`])} placeholder={t('list.min')} aria-label={`${pick(column)} ${t('list.min')}`} onChange={(v) => set({ [`${name}.from`]: v === null ? '' : String(v) })} />
          <InputNumber className="grow" controls={false} value={numberOf(draft[`${name}.to`])} placeholder={t('list.max')} aria-label={`${pick(column)} ${t('list.max')}`} onChange={(v) => set({ [`${name}.to`]: v === null ? '' : String(v) })} />
        </Space.Compact>
      );
    case 'flag':
      return (
        <Select
          id={id}
          allowClear
          className="grow"
          placeholder={t('list.anyOf')}
          value={draft[name] || undefined}
          options={[
            { value: 'true', label: t('common.yes') },
            { value: 'false', label: t('common.no') },
          ]}
          onChange={(v?: string) => set({ [name]: v ?? '' })}
        />
      );
    case 'enum': {
      const chosen = draft[`${name}.in`] ?? draft[name] ?? '';
      return (
        <Select
          id={id}
          mode="multiple"
          allowClear
          className="grow"
          maxTagCount="responsive"
          optionFilterProp="label"
          placeholder={t('list.anyOf')}
          value={chosen ? chosen.split(',') : []}
          options={(column.values ?? []).map((v) => ({ value: v.value, label: pick(v) }))}
          onChange={(v: string[]) => set({ [`${name}.in`]: v.join(','), [name]: '' })}
        />
      );
    }
    case 'member':
      return <MemberField {...props} />;
    case 'digest':
      return <Input id={id} allowClear value={draft[name] ?? ''} onChange={(e) => set({ [name]: e.target.value.trim() })} />;
    default: {
      const exact = draft[name] !== undefined && draft[name] !== '';
      const param = exact ? name : `${name}.like`;
      return <Input id={id} allowClear value={draft[param] ?? ''} onChange={(e) => set({ [param]: e.target.value })} />;
    }
  }
}

function numberOf(text: string | undefined): number | null {
  return text === undefined || text === '' ? null : Number(text);
}

function MemberField({ column, draft, set, id }: FieldProps) {
  const t = useT();
  const { members } = useMembers();
  const options = members.map((m) => ({ value: m.code, label: `${m.name} ${m.code}` }));
  return (
    <Select
      id={id}
      showSearch
      allowClear
      className="grow"
      placeholder={t('list.anyOf')}
      optionFilterProp="label"
      value={draft[column.name] || undefined}
      options={options}
      onChange={(v?: string) => set({ [column.name]: v ?? '' })}
    />
  );
}

function RangeField({ column, draft, set, id }: FieldProps) {
  const t = useT();
  const { name, kind } = column;
  const day = (text: string | undefined) => (text ? dayjs(text.slice(0, 10)) : null);
  const write = (value: Dayjs | null | undefined, end: boolean) => {
    if (!value) return '';
    const date = value.format('YYYY-MM-DD');
    return kind === 'date' ? date : `${date}T${end ? '23:59:59' : '00:00:00'}+08:00`;
  };
  const today = dayjs();
  return (
    <DatePicker.RangePicker
      id={{ start: id, end: `${id}-end` }}
      className="grow"
      allowEmpty={[true, true]}
      placeholder={[t('list.from'), t('list.to')]}
      value={[day(draft[`${name}.from`]), day(draft[`${name}.to`])]}
      presets={[
        { label: t('list.today'), value: [today, today] },
        { label: t('list.last7'), value: [today.subtract(6, 'day'), today] },
        { label: t('list.last30'), value: [today.subtract(29, 'day'), today] },
        { label: t('list.thisMonth'), value: [today.startOf('month'), today] },
      ]}
      onChange={(range) => set({ [`${name}.from`]: write(range?.[0], false), [`${name}.to`]: write(range?.[1], true) })}
    />
  );
}

/** Yuan as typed; the parameter is in fen. What is not an amount is marked and not sent. */
function YuanInput(props: { id?: string; value: string | undefined; label: string; placeholder: string; onChange: (fen: string) => void }) {
  const [text, setText] = useState(() => (props.value ? editableYuan(Number(props.value)) : ''));
  const [seen, setSeen] = useState(props.value);
  if (seen !== props.value) {
    setSeen(props.value);
    const fen = parseYuan(text);
    if (String(fen ?? '') !== (props.value ?? '')) setText(props.value ? editableYuan(Number(props.value)) : '');
  }
  const bad = text.trim() !== '' && parseYuan(text) === null;
  return (
    <Input
      id={props.id}
      inputMode="decimal"
      value={text}
      status={bad ? 'error' : undefined}
      placeholder={props.placeholder}
      aria-label={props.label}
      aria-invalid={bad}
      onChange={(e) => {
        setText(e.target.value);
        const fen = parseYuan(e.target.value);
        props.onChange(fen === null ? '' : String(fen));
      }}
    />
  );
}

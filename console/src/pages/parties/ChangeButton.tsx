/** Proposes one change of the scheme book. */
import { DatePicker, Form, Input } from 'antd';
import type { Dayjs } from 'dayjs';
import type { ReactNode } from 'react';
import { proposeChange } from '../../api/changes';
import { useCan } from '../../api/session';
import { ActionButton } from '../../components/ActionButton';
import { ChangeFields, initialOf, payloadOf, type FormField } from '../../components/ChangeForm';
import { useT } from '../../i18n';
import { CHANGES, DATED, type ChangeKind } from './changes';

interface Props {
  kind: ChangeKind;
  label: ReactNode;
  /** What is known of the object already. */
  known?: Record<string, unknown>;
  link?: boolean;
}

export function ChangeButton({ kind, label, known = {}, link }: Props) {
  const t = useT();
  const can = useCan();
  if (!can('member.propose')) return null;
  const fields = CHANGES[kind] as readonly FormField[] as FormField[];
  return (
    <ActionButton<Record<string, unknown> & { effective_on?: Dayjs; note?: string }>
      label={label}
      twoPeople
      width={640}
      size={link ? 'small' : undefined}
      type={link ? 'link' : undefined}
      initial={initialOf(fields, known)}
      submit={(values, key) =>
        proposeChange({ kind, payload: payloadOf(fields, values), effective_on: values.effective_on?.format('YYYY-MM-DD') ?? null, note: values.note ?? '' }, key)
      }
    >
      <ChangeFields fields={fields} />
      <div className="form-grid">
        {DATED.has(kind) && (
          <Form.Item name="effective_on" label={t('approval.effectiveOn')} extra={t('hint.effective')}>
            <DatePicker className="grow" />
          </Form.Item>
        )}
        <Form.Item name="note" label={t('common.note')} className={DATED.has(kind) ? undefined : 'full'}>
          <Input maxLength={200} />
        </Form.Item>
      </div>
    </ActionButton>
  );
}

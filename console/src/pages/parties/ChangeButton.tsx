/** Proposes one change of the scheme book: tried first, then sent to a second person. */
import { DatePicker, Form, Input } from 'antd';
import type { Dayjs } from 'dayjs';
import type { ReactNode } from 'react';
import { checkChange, proposeChange, type SchemeChange } from '../../api/changes';
import { useCan } from '../../api/session';
import { ActionButton } from '../../components/ActionButton';
import { ChangeFields, initialOf, payloadOf, type FormField } from '../../components/ChangeForm';
import { wordFor } from '../../components/Deed';
import { useT } from '../../i18n';
import { CheckedView } from './CheckedView';
import { CHANGES, type ChangeKind } from './changes';

interface Props {
  kind: ChangeKind;
  label: ReactNode;
  /** What is known of the object already, in the words of the API. */
  known?: Record<string, unknown>;
  /** Asked when the dialog opens: how things are now. */
  load?: () => Promise<Record<string, unknown>>;
  link?: boolean;
  danger?: boolean;
  primary?: boolean;
}

type Values = Record<string, unknown> & { effective_on?: Dayjs; proposal_note?: string };

export function ChangeButton({ kind, label, known = {}, load, link, danger, primary }: Props) {
  const t = useT();
  const can = useCan();
  if (!can('member.propose')) return null;
  const def = CHANGES[kind];
  const fields = def.fields as FormField[];
  const kindOfServer = def.kind ?? kind;
  const title = wordFor('deed', kindOfServer);
  const changeOf = (values: Values): SchemeChange => {
    const payload = payloadOf(fields, values);
    return { kind: kindOfServer, payload: def.wrap ? def.wrap(payload) : payload, effective_on: values.effective_on?.format('YYYY-MM-DD'), note: values.proposal_note?.trim() };
  };
  const rows = fields.some((field) => field.type === 'rows');
  return (
    <ActionButton<Values>
      label={label}
      title={title ? t(title) : label}
      twoPeople
      danger={danger}
      primary={primary}
      width={rows ? 860 : 680}
      size={link ? 'small' : undefined}
      type={link ? 'link' : undefined}
      initial={initialOf(fields, known) as Partial<Values>}
      load={load && (async () => initialOf(fields, { ...known, ...(await load()) }) as Partial<Values>)}
      preview={async (values) => <CheckedView checked={await checkChange(changeOf(values))} />}
      submit={(values, key) => proposeChange(changeOf(values), key)}
    >
      <ChangeFields fields={fields} />
      <div className="form-grid">
        {!def.dated && (
          <Form.Item name="effective_on" label={t('field.effectiveOn')} extra={t('hint.effective')}>
            <DatePicker className="grow" />
          </Form.Item>
        )}
        <Form.Item name="proposal_note" label={t('field.proposalNote')} className={def.dated ? 'full' : undefined}>
          <Input maxLength={200} />
        </Form.Item>
      </div>
    </ActionButton>
  );
}

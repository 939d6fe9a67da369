/** A form field for money: yuan as people type them, fen as the API wants them. */
import { Form, Input } from 'antd';
import { useT } from '../i18n';
import { parseYuan } from '../lib/money';

interface Props {
  name: string;
  label: string;
  extra?: string;
  /** Zero allowed too. */
  zero?: boolean;
  required?: boolean;
}

export function YuanItem({ name, label, extra, zero = false, required = true }: Props) {
  const t = useT();
  return (
    <Form.Item
      name={name}
      label={label}
      extra={extra}
      validateTrigger={['onBlur']}
      rules={[
        { required, message: t('common.required') },
        {
          validator: (_, text?: string) => {
            if (!text) return Promise.resolve();
            const fen = parseYuan(text);
            if (fen === null) return Promise.reject(new Error(t('money.bad')));
            return fen > 0 || (zero && fen === 0) ? Promise.resolve() : Promise.reject(new Error(t('money.positive')));
          },
        },
      ]}
    >
      <Input inputMode="decimal" autoComplete="off" />
    </Form.Item>
  );
}

/** Fen of a validated field. */
export function fenOf(text: string): number {
  const fen = parseYuan(text);
  if (fen === null) throw new Error(`not an amount: ${text}`);
  return fen;
}


import { Form, Input, InputNumber, Select } from 'antd';
import { LEVELS, USAGES, type NewKey } from '../../api/keys';
import { useT } from '../../i18n';

export interface KeyValues {
  name: string;
  usage: string;
  algorithm: string;
  version: number;
  index: number;
  level: string;
}

export function keyOf(values: KeyValues): NewKey {
  return { name: values.name, usage: values.usage, sm4: values.algorithm === 'SM4', version: values.version, index: values.index, level: values.level };
}

/** What a key is: name, usage, algorithm, version. */
export function KeyFields() {
  const t = useT();
  const required = [{ required: true, message: t('common.required') }];
  return (
    <div className="form-grid">
      <Form.Item name="name" label={t('key.name')} rules={[...required, { pattern: /^[a-z0-9][a-z0-9._-]{1,60}$/, message: t('form.pattern') }]}>
        <Input className="mono" spellCheck={false} />
      </Form.Item>
      <Form.Item name="usage" label={t('key.usage')} rules={required}>
        <Select showSearch optionFilterProp="label" options={USAGES.map((code) => ({ value: code as string, label: `${code} ${t(`key.usage.${code}`)}` }))} />
      </Form.Item>
      <Form.Item name="algorithm" label={t('key.algorithm')} initialValue="SM4" rules={required}>
        <Select
          options={[
            { value: 'SM4', label: 'SM4' },
            { value: '3DES', label: '3DES' },
          ]}
        />
      </Form.Item>
      <Form.Item name="level" label={t('key.level')} initialValue="national" rules={required}>
        <Select options={LEVELS.map((level) => ({ value: level as string, label: t(`key.level.${level}`) }))} />
      </Form.Item>
      <Form.Item name="version" label={t('key.version')} initialValue={1} rules={required}>
        <InputNumber min={0} max={255} className="grow" />
      </Form.Item>
      <Form.Item name="index" label={t('key.index')} initialValue={0} rules={required}>
        <InputNumber min={0} max={255} className="grow" />
      </Form.Item>
    </div>
  );
}

import { Form, Input, InputNumber, Select } from 'antd';
import { LEVELS, USAGES, type NewKey } from '../../api/keys';
import { useT } from '../../i18n';

export interface KeyValues {
  name: string;
  usage: string;
  algorithm: string;
  version: number;
  index: number;
  scheme?: string;
  level: string;
}

export function keyOf(values: KeyValues): NewKey {
  return { name: values.name, usage: values.usage, sm4: values.algorithm === 'SM4', version: values.version, index: values.index, level: values.level, ...(values.scheme ? { scheme: values.scheme } : {}) };
}

/** What a key is: name, usage, algorithm, version. */
export function KeyFields() {
  const t = useT();
  const required = [{ required: true, message: t('common.required') }];
  return (
    <div className="form-grid">
      <Form.Item name="name" label={t('key.name')} extra={t('key.nameHint')} rules={[...required, { pattern: /^[a-z0-9._-]{1,48}$/, message: t('form.pattern') }]}>
        <Input className="mono" spellCheck={false} />
      </Form.Item>
      <Form.Item name="usage" label={t('key.usage')} rules={required}>
        <Select showSearch optionFilterProp="label" options={USAGES.map((code) => ({ value: code as string, label: `${code} ${t(`key.usage.${code}`)}` }))} />
      </Form.Item>
      <Form.Item name="algorithm" label={t('key.algorithm')} initialValue="SM4" rules={required}>
        <Select showSearch optionFilterProp="label"
          options={[
            { value: 'SM4', label: 'SM4' },
            { value: '3DES', label: '3DES' },
          ]}
        />
      </Form.Item>
      <Form.Item name="level" label={t('key.level')} initialValue="national" rules={required}>
        <Select showSearch optionFilterProp="label" options={LEVELS.map((level) => ({ value: level as string, label: t(`key.level.${level}`) }))} />
      </Form.Item>
      <Form.Item name="scheme" label={t('field.scheme')} extra={t('key.schemeHint')}>
        <Select showSearch optionFilterProp="label"
          allowClear
          options={[
            { value: 'T', label: t('scheme.T') },
            { value: 'M', label: t('scheme.M') },
          ]}
        />
      </Form.Item>
      <span />
      <Form.Item name="version" label={t('key.version')} initialValue={1} rules={required}>
        <InputNumber min={0} max={255} className="grow" />
      </Form.Item>
      <Form.Item name="index" label={t('key.index')} initialValue={1} rules={required}>
        <InputNumber min={0} max={255} className="grow" />
      </Form.Item>
    </div>
  );
}

import { Form, Input } from 'antd';
import { useT } from '../../i18n';

/** A role's name in both languages. */
export function RoleNames() {
  const t = useT();
  const required = [{ required: true, message: t('common.required') }];
  return (
    <div className="form-grid">
      <Form.Item name="zh" label={t('role.nameZh')} rules={required}>
        <Input maxLength={40} />
      </Form.Item>
      <Form.Item name="en" label={t('role.nameEn')} rules={required}>
        <Input maxLength={60} />
      </Form.Item>
    </div>
  );
}

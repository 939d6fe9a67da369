import { useQuery } from '@tanstack/react-query';
import { Form, Select } from 'antd';
import { get } from '../../api/http';
import type { Page } from '../../api/types';
import { useT } from '../../i18n';

export function useCustodians() {
  return useQuery({ queryKey: ['list', 'custodians', 'names'], queryFn: async () => (await get<Page>('/custodians', { limit: 500 })).items.map((row) => String(row['name'])) });
}

/** Two to five different people. */
export function CustodianSelect() {
  const t = useT();
  const names = useCustodians().data ?? [];
  return (
    <Form.Item
      name="custodians"
      label={t('nav.custodians')}
      extra={t('ceremony.custodiansHint')}
      rules={[
        {
          validator: (_, chosen?: string[]) => (chosen && chosen.length >= 2 && chosen.length <= 5 ? Promise.resolve() : Promise.reject(new Error(t('ceremony.custodiansHint')))),
        },
      ]}
    >
      <Select mode="multiple" maxCount={5} options={names.map((name) => ({ value: name, label: name }))} />
    </Form.Item>
  );
}

/** A list inside another page: filters fixed by the page, state in memory, the search form behind a button. */
import { FilterOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useState } from 'react';
import { useT } from '../../i18n';
import type { ListConfig } from './config';
import { ListView } from './ListView';
import { useLocalParams } from './params';

export function EmbeddedList({ name, fixed, config }: { name: string; fixed: Record<string, string>; config?: ListConfig }) {
  const t = useT();
  const [params, setParams] = useLocalParams();
  const [form, setForm] = useState(false);
  return (
    <ListView
      name={name}
      params={params}
      setParams={setParams}
      fixed={fixed}
      config={config}
      embedded={!form}
      extra={<Button icon={<FilterOutlined />} aria-expanded={form} aria-label={t('list.form')} title={t('list.form')} onClick={() => setForm(!form)} />}
    />
  );
}

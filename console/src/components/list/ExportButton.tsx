/** 导出: all rows of the search, with the columns on screen, streamed by the server to disk. */
import { DownloadOutlined } from '@ant-design/icons';
import { Dropdown, Button } from 'antd';
import { href } from '../../api/http';
import type { ListSpec } from '../../api/types';
import { useT } from '../../i18n';
import { exportQuery } from '../../lib/listquery';

interface Props {
  list: string;
  spec: ListSpec;
  params: URLSearchParams;
  columns: string[];
  fixed?: Record<string, string>;
}

export function ExportButton({ list, spec, params, columns, fixed }: Props) {
  const t = useT();
  const link = (format: 'csv' | 'xlsx') =>
    href(`/${list}/export`, new URLSearchParams(exportQuery(spec, params, columns, format, fixed)));
  return (
    <Dropdown
      trigger={['click']}
      menu={{
        items: [
          { key: 'xlsx', label: <a href={link('xlsx')} download>{t('list.exportXlsx')}</a> },
          { key: 'csv', label: <a href={link('csv')} download>{t('list.exportCsv')}</a> },
          { type: 'divider' },
          { key: 'hint', disabled: true, label: <span className="export-hint">{t('list.exportHint')}</span> },
        ],
      }}
    >
      <Button icon={<DownloadOutlined />}>{t('list.export')}</Button>
    </Dropdown>
  );
}

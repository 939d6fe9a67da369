/** 导出: all rows of the search, with the columns on screen, streamed by the server to disk. */
import { DownloadOutlined } from '@ant-design/icons';
import { Dropdown, Button, type MenuProps } from 'antd';
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

/** Enter on an item, or a click beside its words, is a click on its link. */
const follow: NonNullable<MenuProps['onClick']> = ({ domEvent }) => {
  const target = domEvent.target as HTMLElement;
  if (!target.closest('a')) target.closest('li')?.querySelector('a')?.click();
};

export function ExportButton({ list, spec, params, columns, fixed }: Props) {
  const t = useT();
  const link = (format: 'csv' | 'xlsx') =>
    href(`/${list}/export`, new URLSearchParams(exportQuery(spec, params, columns, format, fixed)));
  return (
    <Dropdown
      autoFocus
      trigger={['click']}
      menu={{
        items: [
          { key: 'xlsx', label: <a href={link('xlsx')} download>{t('list.exportXlsx')}</a>, onClick: follow },
          { key: 'csv', label: <a href={link('csv')} download>{t('list.exportCsv')}</a>, onClick: follow },
          { type: 'divider' },
          { key: 'hint', disabled: true, label: <span className="export-hint">{t('list.exportHint')}</span> },
        ],
      }}
    >
      <Button icon={<DownloadOutlined />}>{t('list.export')}</Button>
    </Dropdown>
  );
}

/** 常用查询: named searches of an account, kept on the server. */
import { DeleteOutlined, StarOutlined } from '@ant-design/icons';
import { Button, Empty, Input, Popover, Space } from 'antd';
import { useState } from 'react';
import { usePreference } from '../../api/preferences';
import { useT } from '../../i18n';

interface View {
  name: string;
  query: string;
}

export function SavedViews({ list, query, apply }: { list: string; query: string; apply: (query: string) => void }) {
  const t = useT();
  const [open, setOpen] = useState(false);
  const [views, setViews] = usePreference<View[]>(`views.${list}`, []);
  const [name, setName] = useState('');
  const save = () => {
    const trimmed = name.trim();
    if (!trimmed) return;
    setViews([...views.filter((v) => v.name !== trimmed), { name: trimmed, query }]);
    setName('');
  };
  return (
    <Popover
      trigger="click"
      placement="bottomRight"
      open={open}
      onOpenChange={setOpen}
      title={t('list.views')}
      content={
        <div className="saved-views">
          {views.length === 0 && <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('list.viewNone')} />}
          <ul>
            {views.map((view) => (
              <li key={view.name}>
                <Button
                  type="link"
                  onClick={() => {
                    apply(view.query);
                    setOpen(false);
                  }}
                >
                  {view.name}
                </Button>
                <Button type="text" size="small" icon={<DeleteOutlined />} aria-label={t('list.viewDelete', { name: view.name })} onClick={() => setViews(views.filter((v) => v !== view))} />
              </li>
            ))}
          </ul>
          <Space.Compact block>
            <Input value={name} maxLength={30} placeholder={t('list.viewName')} aria-label={t('list.viewName')} onChange={(e) => setName(e.target.value)} onPressEnter={save} />
            <Button type="primary" disabled={!name.trim()} onClick={save}>
              {t('list.viewSave')}
            </Button>
          </Space.Compact>
        </div>
      }
    >
      <Button icon={<StarOutlined />} title={t('list.views')} aria-label={t('list.views')} />
    </Popover>
  );
}

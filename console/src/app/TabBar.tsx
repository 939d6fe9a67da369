import { CloseOutlined, DownOutlined, ReloadOutlined } from '@ant-design/icons';
import { Button, Dropdown } from 'antd';
import { useEffect, useRef } from 'react';
import { Link } from 'react-router';
import { useQueryClient } from '@tanstack/react-query';
import { useSide } from '../api/session';
import { useT } from '../i18n';
import { usePages } from './access';
import { useTabs } from './tabs';
import { titleOf } from './titles';

export function TabBar() {
  const t = useT();
  const side = useSide();
  const client = useQueryClient();
  const { tabs, active, close, closeOthers, closeAll, refresh } = useTabs();
  const strip = useRef<HTMLDivElement>(null);
  const pages = usePages();
  // An account without an overview is sent on from there: no tab stays behind.
  const shown = tabs.filter((tab) => tab.path !== '/' || pages?.some((page) => page.path === '/'));
  const present = tabs.find((tab) => tab.path === active);
  const title = present?.title ?? titleOf(active, t, side);
  // Names come late (a member's), and push the others aside.
  const names = shown.map((tab) => tab.title ?? '').join();

  useEffect(() => {
    document.title = `${title} · ${t('app.name')}`;
  }, [title, t]);
  useEffect(() => {
    // Once it is laid out: at the first paint it has no width yet.
    const soon = setTimeout(() => strip.current?.querySelector('.tab.active')?.scrollIntoView({ block: 'nearest', inline: 'nearest' }), 50);
    return () => clearTimeout(soon);
  }, [active, tabs.length, names, pages]);

  return (
    <div className="tab-bar">
      <div className="tab-strip" ref={strip} role="navigation" aria-label={t('tabs.label')}>
        {shown.map((tab) => {
          const name = tab.title ?? titleOf(tab.path, t, side);
          return (
            <span key={tab.path} className={tab.path === active ? 'tab active' : 'tab'}>
              <Link
                to={tab.path + tab.search}
                aria-current={tab.path === active ? 'page' : undefined}
                title={name}
                onAuxClick={(event) => {
                  if (event.button === 1) {
                    event.preventDefault();
                    close(tab.path);
                  }
                }}
              >
                {name}
              </Link>
              {shown.length > 1 && (
                <button type="button" aria-label={t('tabs.close', { title: name })} onClick={() => close(tab.path)}>
                  <CloseOutlined />
                </button>
              )}
            </span>
          );
        })}
      </div>
      <Button
        type="text"
        size="small"
        icon={<ReloadOutlined />}
        aria-label={t('tabs.refresh')}
        title={t('tabs.refresh')}
        onClick={() => {
          void client.invalidateQueries();
          refresh();
        }}
      />
      <Dropdown
        autoFocus
      trigger={['click']}
        menu={{
          items: [
            { key: 'others', label: t('tabs.closeOthers'), disabled: shown.length < 2, onClick: closeOthers },
            { key: 'all', label: t('tabs.closeAll'), onClick: closeAll },
          ],
        }}
      >
        <Button type="text" size="small" icon={<DownOutlined />} aria-label={t('tabs.more')} title={t('tabs.more')} />
      </Dropdown>
    </div>
  );
}

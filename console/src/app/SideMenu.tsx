import {
  ApiOutlined,
  AuditOutlined,
  BankOutlined,
  ClusterOutlined,
  DashboardOutlined,
  IdcardOutlined,
  ProfileOutlined,
  SettingOutlined,
  SwapOutlined,
  TransactionOutlined,
} from '@ant-design/icons';
import { Layout, Menu, type MenuProps } from 'antd';
import { useState, type ReactNode } from 'react';
import { Link, useLocation } from 'react-router';
import { useSide } from '../api/session';
import { useT } from '../i18n';
import { usePages } from './access';
import { GROUPS, type Group, type PageDef } from './pages';
import { pageTitle } from './titles';

const ICONS: Record<Group, ReactNode> = {
  top: <DashboardOutlined />,
  clearing: <SwapOutlined />,
  money: <BankOutlined />,
  parties: <ClusterOutlined />,
  settlement: <TransactionOutlined />,
  lists: <ProfileOutlined />,
  front: <ApiOutlined />,
  keysCards: <IdcardOutlined />,
  work: <AuditOutlined />,
  system: <SettingOutlined />,
};

/** The menu entry a path belongs to: `/uploads/TXU…` is under 上送文件. */
function entryOf(pages: PageDef[], path: string): PageDef | undefined {
  const inMenu = pages.filter((page) => page.group);
  return inMenu
    .filter((page) => path === page.path || path.startsWith(`${page.path}/`))
    .sort((a, b) => b.path.length - a.path.length)[0];
}

export function SideMenu({ collapsed }: { collapsed: boolean }) {
  const t = useT();
  const side = useSide();
  const pages = usePages() ?? [];
  const { pathname } = useLocation();
  const present = entryOf(pages, pathname);
  const [open, setOpen] = useState<string[]>(() => ['clearing', 'money', 'work']);
  const item = (page: PageDef, icon?: ReactNode) => ({
    key: page.path,
    icon,
    label: <Link to={page.path}>{pageTitle(page, t, side)}</Link>,
  });
  const items: MenuProps['items'] = [
    ...pages.filter((page) => page.group === 'top').map((page) => item(page, ICONS.top)),
    ...GROUPS.flatMap(({ group, title }) => {
      const members = pages.filter((page) => page.group === group);
      return members.length
        ? [{ key: group, icon: ICONS[group], label: t(title), children: members.map((page) => item(page)) }]
        : [];
    }),
  ];
  const shown = present?.group && !open.includes(present.group) && !collapsed ? [...open, present.group] : open;
  return (
    <Layout.Sider className="sider" width={204} collapsedWidth={52} collapsed={collapsed} theme="light">
      <nav aria-label={t('app.name')}>
        <Menu
          mode="inline"
          inlineIndent={16}
          items={items}
          selectedKeys={present ? [present.path] : []}
          {...(collapsed ? {} : { openKeys: shown, onOpenChange: setOpen })}
        />
      </nav>
    </Layout.Sider>
  );
}

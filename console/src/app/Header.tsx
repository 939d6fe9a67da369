import {
  BellOutlined,
  GlobalOutlined,
  LogoutOutlined,
  MenuFoldOutlined,
  MenuUnfoldOutlined,
  MoonOutlined,
  SearchOutlined,
  SunOutlined,
  UserOutlined,
} from '@ant-design/icons';
import { Badge, Button, Dropdown, Empty, Layout, Popover, Tooltip } from 'antd';
import { Link, useNavigate } from 'react-router';
import { useDashboard } from '../api/dashboard';
import { useLive } from '../api/events';
import { useCan, useOwner, useSession, useSessionState, useSide } from '../api/session';
import { MemberName } from '../components/figures';
import { useLanguage, useT } from '../i18n';
import { Clock } from './Clock';
import { useDisplay } from './display';
import { Logo } from './Logo';

export function Header({ openPalette, collapsed, toggle }: { openPalette: () => void; collapsed: boolean; toggle: () => void }) {
  const t = useT();
  const side = useSide();
  const { theme, setTheme, unit, setUnit } = useDisplay();
  const { language, setLanguage } = useLanguage();
  const live = useLive();
  const liveText = t(live ? 'app.live' : live === null ? 'app.connecting' : 'app.offline');
  return (
    <Layout.Header className="header">
      <Button
        type="text"
        icon={collapsed ? <MenuUnfoldOutlined /> : <MenuFoldOutlined />}
        aria-label={t(collapsed ? 'app.expand' : 'app.collapse')}
        aria-expanded={!collapsed}
        onClick={toggle}
      />
      <Link to="/" className="brand">
        <Logo />
        <b>{t('app.name')}</b>
        <span className="brand-side">{t(side === 'member' ? 'app.portal' : side === 'tenant' ? 'app.cloud' : 'app.centre')}</span>
      </Link>
      <OpenDayChip />
      <span className="header-gap" />
      <Button className="header-search" icon={<SearchOutlined />} onClick={openPalette}>
        <span className="header-search-text">{t('app.palette')}</span>
        <kbd>Ctrl K</kbd>
      </Button>
      <Tooltip title={liveText}>
        <span className={`live-dot${live ? ' on' : live === null ? ' soon' : ''}`} role="status" aria-label={liveText} />
      </Tooltip>
      <Clock />
      <Todo />
      <Button
        type="text"
        aria-label={t(unit === 'wan' ? 'app.unitYuan' : 'app.unitWan')}
        title={t(unit === 'wan' ? 'app.unitYuan' : 'app.unitWan')}
        onClick={() => setUnit(unit === 'wan' ? 'yuan' : 'wan')}
      >
        {t(`app.unit.${unit}`)}
      </Button>
      <Button
        type="text"
        icon={theme === 'dark' ? <SunOutlined /> : <MoonOutlined />}
        aria-label={t(theme === 'dark' ? 'app.themeLight' : 'app.themeDark')}
        title={t(theme === 'dark' ? 'app.themeLight' : 'app.themeDark')}
        onClick={() => setTheme(theme === 'dark' ? 'light' : 'dark')}
      />
      <Button
        type="text"
        icon={<GlobalOutlined />}
        lang={language === 'zh' ? 'en' : 'zh-CN'}
        title={t('app.languageLabel')}
        onClick={() => setLanguage(language === 'zh' ? 'en' : 'zh')}
      >
        {t('app.language')}
      </Button>
      <AccountMenu />
    </Layout.Header>
  );
}

function OpenDayChip() {
  const t = useT();
  const can = useCan();
  const { data } = useDashboard();
  if (!data) return null;
  const day = data.open_day;
  return day && can('day.read') ? (
    <Link className="day-chip" to={`/days/${day.clearing_date}`}>
      {t('app.openDay', { date: day.clearing_date })}
    </Link>
  ) : (
    <span className="day-chip none">{t('app.noOpenDay')}</span>
  );
}

function Todo() {
  const t = useT();
  const { data } = useDashboard();
  const todo = data?.todo ?? { approvals: 0, suspicious: 0, failed_jobs: 0 };
  const entries = [
    { to: '/approvals?state.in=open', label: t('dash.todoApprovals'), count: todo.approvals },
    { to: '/suspicious', label: t('dash.todoSuspicious'), count: todo.suspicious },
    { to: '/jobs?state.in=failed', label: t('dash.todoFailedJobs'), count: todo.failed_jobs },
  ].filter((entry) => entry.count > 0);
  const count = todo.approvals + todo.failed_jobs + todo.suspicious;
  return (
    <Popover
      trigger="click"
      placement="bottomRight"
      title={t('app.todo')}
      content={
        entries.length ? (
          <ul className="todo">
            {entries.map((entry) => (
              <li key={entry.to}>
                <Link to={entry.to}>{entry.label}</Link>
                <b className="num">{entry.count}</b>
              </li>
            ))}
          </ul>
        ) : (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('app.noTodo')} />
        )
      }
    >
      <Badge count={count} size="small" offset={[-5, 7]} overflowCount={999}>
        <Button type="text" icon={<BellOutlined />} aria-label={`${t('app.todo')} ${count}`} title={t('app.todo')} />
      </Badge>
    </Popover>
  );
}

function AccountMenu() {
  const t = useT();
  const navigate = useNavigate();
  const { account } = useSession();
  const { end } = useSessionState();
  return (
    <Dropdown
      autoFocus
      trigger={['click']}
      menu={{
        items: [
          {
            key: 'who',
            disabled: true,
            label: (
              <span className="account-who">
                {account.login} <OwnerName />
              </span>
            ),
          },
          { type: 'divider' },
          { key: 'account', icon: <UserOutlined />, label: t('app.account'), onClick: () => void navigate('/account') },
          { key: 'logout', icon: <LogoutOutlined />, label: t('app.logout'), onClick: () => void end('out') },
        ],
      }}
    >
      <Button type="text" icon={<UserOutlined />} className="account-button">
        {account.name}
      </Button>
    </Dropdown>
  );
}

function OwnerName() {
  const { code } = useOwner();
  return code ? <MemberName code={code} link={false} /> : null;
}

/** The pages of the open tabs: the active one on screen, the others kept mounted but hidden. */
import { Button, Empty, Layout, Result, Skeleton } from 'antd';
import { Activity, Component, Suspense, useMemo, type ReactNode } from 'react';
import { Link, Navigate, Route, Routes } from 'react-router';
import { useT } from '../i18n';
import { usePages } from './access';
import type { PageDef } from './pages';
import { TabContext, useTabs, type Tab } from './tabs';

/** So many hidden tabs keep their page; older ones are built again from their URL. */
const KEPT = 6;

export function PageArea() {
  const { tabs, active } = useTabs();
  const pages = usePages();
  const kept = useMemo(
    () => new Set([...tabs].sort((a, b) => b.usedAt - a.usedAt).slice(0, KEPT).map((tab) => tab.path)),
    [tabs],
  );
  return (
    <Layout.Content className="content" id="content" role="main" tabIndex={0}>
      {pages === undefined ? (
        <Skeleton active className="panel-body" />
      ) : (
        tabs
          .filter((tab) => tab.path === active || (kept.has(tab.path) && !tab.asleep))
          .map((tab) => (
            <Activity key={`${tab.path} ${tab.revision}`} mode={tab.path === active ? 'visible' : 'hidden'}>
              <TabPage tab={tab} active={tab.path === active} pages={pages} />
            </Activity>
          ))
      )}
    </Layout.Content>
  );
}

function TabPage({ tab, active, pages }: { tab: Tab; active: boolean; pages: PageDef[] }) {
  const context = useMemo(() => ({ path: tab.path, active }), [tab.path, active]);
  return (
    <TabContext value={context}>
      <PageFence>
        <Suspense fallback={<Skeleton active className="panel-body" />}>
          <Routes location={tab.path + tab.search}>
            {pages.map((page) => (
              <Route key={page.path} path={page.path} element={<page.component />} />
            ))}
            <Route path="/" element={<FirstPage pages={pages} />} />
            <Route path="*" element={<NoSuchPage />} />
          </Routes>
        </Suspense>
      </PageFence>
    </TabContext>
  );
}

/** For accounts without an overview (administrators, auditors): the first page of their menu. */
function FirstPage({ pages }: { pages: PageDef[] }) {
  const first = pages.find((page) => page.group);
  return <Navigate to={first?.path ?? '/account'} replace />;
}

function NoSuchPage() {
  const t = useT();
  return (
    <Empty description={t('nav.notFound')} className="panel-body">
      <span className="muted">{t('error.notFoundHint')} </span>
      <Link to="/">{t('error.backHome')}</Link>
    </Empty>
  );
}

/** A page that throws takes down itself only. */
class PageFence extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    const { error } = this.state as { error: Error | null };
    return error ? <PageFailed error={error} retry={() => this.setState({ error: null })} /> : this.props.children;
  }
}

function PageFailed({ error, retry }: { error: Error; retry: () => void }) {
  const t = useT();
  return (
    <Result
      status="error"
      title={t('error.page')}
      subTitle={<span className="mono">{error.message}</span>}
      extra={<Button onClick={retry}>{t('error.retry')}</Button>}
    />
  );
}

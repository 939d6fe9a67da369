/** The frame around every page: menu, header, tabs, content. */
import { Layout } from 'antd';
import { useState } from 'react';
import { useT } from '../i18n';
import { Header } from './Header';
import { Palette } from './Palette';
import { PageArea } from './PageArea';
import { SideMenu } from './SideMenu';
import { TabBar } from './TabBar';
import { TabsProvider } from './tabs';

export default function Shell() {
  const t = useT();
  const [collapsed, setCollapsed] = useState(() => localStorage.getItem('tongka.menu') === 'collapsed' || innerWidth < 1100);
  const [palette, setPalette] = useState(false);
  const toggle = () => {
    localStorage.setItem('tongka.menu', collapsed ? 'open' : 'collapsed');
    setCollapsed(!collapsed);
  };
  return (
    <TabsProvider>
      <a className="skip" href="#content">
        {t('app.skip')}
      </a>
      <Layout className="shell">
        <Header openPalette={() => setPalette(true)} collapsed={collapsed} toggle={toggle} />
        <Layout>
          <SideMenu collapsed={collapsed} />
          <Layout className="main">
            <TabBar />
            <PageArea />
          </Layout>
        </Layout>
      </Layout>
      <Palette open={palette} setOpen={setPalette} />
    </TabsProvider>
  );
}

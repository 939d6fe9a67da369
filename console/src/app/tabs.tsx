/**
 * Open pages. A tab is a path; what the page shows (search, page, selection) is in the tab's query string, so a tab,
 * a link and a reload all give the same view. Hidden tabs stay mounted (their forms keep what was typed) up to a bound.
 */
import { createContext, useCallback, useContext, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { useLocation, useNavigate } from 'react-router';

export interface Tab {
  path: string;
  search: string;
  /** Grows when the tab is refreshed: remounts the page. */
  revision: number;
  /** Set by the page itself once it knows better than its route (a member's name). */
  title?: string;
  usedAt: number;
  /** Restored from an earlier visit and not looked at since: its page is not built. */
  asleep?: boolean;
}

interface Tabs {
  tabs: Tab[];
  active: string;
  close: (path: string) => void;
  closeOthers: () => void;
  closeAll: () => void;
  refresh: () => void;
  setTitle: (path: string, title: string) => void;
}

const STORED = 'tongka.tabs';
const MOST_TABS = 20;
const TabsContext = createContext<Tabs | null>(null);

function restore(): Tab[] {
  try {
    const list = JSON.parse(sessionStorage.getItem(STORED) ?? '[]') as Tab[];
    return list.map((tab) => ({ ...tab, revision: 0, asleep: true }));
  } catch {
    return [];
  }
}

/** Adds or updates the tab of a location; the least recently used one goes when there are too many. */
export function visit(tabs: Tab[], path: string, search: string, now: number): Tab[] {
  const found = tabs.find((tab) => tab.path === path);
  if (found) return tabs.map((tab) => (tab === found ? { ...tab, search, usedAt: now, asleep: false } : tab));
  const next = [...tabs, { path, search, revision: 0, usedAt: now }];
  if (next.length <= MOST_TABS) return next;
  const oldest = next.slice(1, -1).reduce((a, b) => (b.usedAt < a.usedAt ? b : a));
  return next.filter((tab) => tab !== oldest);
}

export function TabsProvider({ children }: { children: ReactNode }) {
  const location = useLocation();
  const navigate = useNavigate();
  const [stored, setTabs] = useState<Tab[]>(restore);
  const clock = useRef(stored.length);
  const active = location.pathname;

  const present = stored.find((tab) => tab.path === active);
  let tabs = stored;
  if (!present || present.asleep || present.search !== location.search) {
    tabs = visit(stored, active, location.search, ++clock.current);
    setTabs(tabs);
  }

  useEffect(() => {
    sessionStorage.setItem(STORED, JSON.stringify(tabs));
  }, [tabs]);

  const close = useCallback(
    (path: string) => {
      const at = tabs.findIndex((tab) => tab.path === path);
      const rest = tabs.filter((tab) => tab.path !== path);
      if (path === active) {
        const next = rest[Math.min(at, rest.length - 1)];
        void navigate(next ? next.path + next.search : '/');
      }
      setTabs(rest);
    },
    [tabs, active, navigate],
  );

  const value = useMemo<Tabs>(
    () => ({
      tabs,
      active,
      close,
      closeOthers: () => setTabs((all) => all.filter((tab) => tab.path === active)),
      closeAll: () => {
        setTabs([]);
        void navigate('/');
      },
      refresh: () =>
        setTabs((all) => all.map((tab) => (tab.path === active ? { ...tab, revision: tab.revision + 1 } : tab))),
      setTitle: (path, title) =>
        setTabs((all) =>
          all.some((tab) => tab.path === path && tab.title !== title)
            ? all.map((tab) => (tab.path === path ? { ...tab, title } : tab))
            : all,
        ),
    }),
    [tabs, active, close, navigate],
  );
  return <TabsContext value={value}>{children}</TabsContext>;
}

export function useTabs(): Tabs {
  const tabs = useContext(TabsContext);
  if (!tabs) throw new Error('no TabsProvider');
  return tabs;
}

/** The path of the tab a page lives in, and whether it is the one on screen. */
export const TabContext = createContext<{ path: string; active: boolean }>({ path: '/', active: true });

/** Names the page's tab (and the window) after what it shows. */
export function useTabTitle(title: string | null | undefined): void {
  const { setTitle } = useTabs();
  const { path } = useContext(TabContext);
  useEffect(() => {
    if (title) setTitle(path, title);
  }, [title, path, setTitle]);
}

export function useTabActive(): boolean {
  return useContext(TabContext).active;
}

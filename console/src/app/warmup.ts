/**
 * Before anything is drawn: ask for what the first page needs all at once (session, lists, open day, the page's code)
 * instead of one after the other. Only where somebody was logged in; the answers are the same ones the pages ask for.
 */
import type { QueryClient } from '@tanstack/react-query';
import { matchPath } from 'react-router';
import { dashboardQuery } from '../api/dashboard';
import { listsQuery } from '../api/lists';
import { DASHBOARD_PERMISSION, fetchSession, HINT } from '../api/session';
import { PAGES } from './pages';

export function warmUp(client: QueryClient): void {
  const hint = localStorage.getItem(HINT);
  if (!hint) return;
  void client.prefetchQuery({ queryKey: ['session'], queryFn: fetchSession, staleTime: Infinity });
  void client.prefetchQuery(listsQuery);
  if (hint === DASHBOARD_PERMISSION) void client.prefetchQuery(dashboardQuery);
  void import('./Shell');
  void PAGES.find((page) => matchPath(page.path, location.pathname))?.load();
}

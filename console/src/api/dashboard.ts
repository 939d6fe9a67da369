import { queryOptions, useQuery } from '@tanstack/react-query';
import { get } from './http';
import { DASHBOARD_PERMISSION, useCan } from './session';
import type { Dashboard } from './types';

export const dashboardQuery = queryOptions({
  queryKey: ['dashboard'],
  queryFn: ({ signal }) => get<Dashboard>('/dashboard', undefined, signal),
});

/**
 * The state of the open day; live events ask again at once, the interval covers a lost connection. Administrators and
 * auditors have none: nothing is asked for them.
 */
export function useDashboard() {
  const can = useCan();
  return useQuery({ ...dashboardQuery, enabled: can(DASHBOARD_PERMISSION), refetchInterval: 30_000 });
}

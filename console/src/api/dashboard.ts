import { queryOptions, useQuery } from '@tanstack/react-query';
import { get } from './http';
import type { Dashboard } from './types';

export const dashboardQuery = queryOptions({
  queryKey: ['dashboard'],
  queryFn: ({ signal }) => get<Dashboard>('/dashboard', undefined, signal),
});

/** The state of the open day; live events ask again at once, the interval covers a lost connection. */
export function useDashboard() {
  return useQuery({ ...dashboardQuery, refetchInterval: 30_000 });
}

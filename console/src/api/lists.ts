/** List metadata, pages of rows, and the member directory that every page needs for names. */
import { keepPreviousData, queryOptions, useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';
import { dashboardQuery } from './dashboard';
import type { Flows } from './days';
import { get } from './http';
import { DASHBOARD_PERMISSION, useCan } from './session';
import type { ListSpec, Page } from './types';

export const listsQuery = queryOptions({
  queryKey: ['lists'],
  staleTime: 5 * 60_000,
  queryFn: async () => (await get<{ lists: ListSpec[] }>('/lists')).lists,
});

export function useLists() {
  return useQuery(listsQuery);
}

/** The metadata of one list: `undefined` while loading, `null` when it is not offered to this account. */
export function useListSpec(name: string): ListSpec | null | undefined {
  const { data } = useLists();
  return useMemo(() => (data ? (data.find((list) => list.name === name) ?? null) : undefined), [data, name]);
}

export function usePage(name: string, query: string, enabled = true) {
  return useQuery({
    queryKey: ['list', name, query],
    enabled,
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => get<Page>(`/${name}`, new URLSearchParams(query), signal),
  });
}

export interface MemberName {
  code: string;
  name: string;
}

async function listedMembers(): Promise<MemberName[]> {
  const page = await get<Page>('/members', { limit: 500 });
  return page.items.map((row) => ({ code: String(row['code']), name: String(row['name']) }));
}

/** Where the book of members is not offered, the newest date's flows and the reserves still say what members are called. */
async function mentionedMembers(client: QueryClient): Promise<MemberName[]> {
  const { open_day: open, last_closed: closed, reserves } = await client.fetchQuery(dashboardQuery);
  const date = (closed ?? open)?.clearing_date;
  const flows = date ? (await get<Flows>(`/clearing-days/${date}/flows`)).members : [];
  const named = new Map(reserves.map((r) => [r.member, r.name]));
  for (const { code, name } of flows) if (name) named.set(code, name);
  return [...named].map(([code, name]) => ({ code, name })).sort((a, b) => a.code.localeCompare(b.code));
}

/** Code → name of every member this account may see. */
export function useMembers() {
  const client = useQueryClient();
  const can = useCan();
  const { data: lists } = useLists();
  const listed = lists?.some((list) => list.name === 'members') ?? false;
  const query = useQuery({
    queryKey: ['member-names', listed],
    staleTime: 5 * 60_000,
    enabled: lists !== undefined && (listed || (can(DASHBOARD_PERMISSION) && can('day.read'))),
    queryFn: () => (listed ? listedMembers() : mentionedMembers(client)),
  });
  const names = useMemo(() => new Map((query.data ?? []).map((m) => [m.code, m.name])), [query.data]);
  return { members: query.data ?? [], names };
}

/** List metadata, pages of rows, and the member directory that every page needs for names. */
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { get } from './http';
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

/** Code → name of every member this account may see. */
export function useMembers() {
  const query = useQuery({
    queryKey: ['member-names'],
    staleTime: 5 * 60_000,
    queryFn: async () => {
      const page = await get<Page>('/members', { limit: 500 });
      return page.items.map((row) => ({ code: String(row['code']), name: String(row['name']) }));
    },
  });
  const names = useMemo(() => new Map((query.data ?? []).map((m) => [m.code, m.name])), [query.data]);
  return { members: query.data ?? [], names };
}

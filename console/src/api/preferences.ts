/** What an account keeps for itself on the server: columns, saved searches, theme. */
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { call, get, Problem } from './http';

/** One preference with its default; writing shows at once and is stored behind. */
export function usePreference<T>(key: string, initial: T): [value: T, set: (value: T) => void, loaded: boolean] {
  const client = useQueryClient();
  const queryKey = ['preferences', key];
  const query = useQuery({
    queryKey,
    staleTime: Infinity,
    queryFn: async (): Promise<T | null> => {
      try {
        return (await get<T | null>(`/preferences/${encodeURIComponent(key)}`)) ?? null;
      } catch (error) {
        if (error instanceof Problem && error.status === 404) return null;
        throw error;
      }
    },
  });
  const { mutate } = useMutation({
    mutationFn: (value: T) => call('PUT', `/preferences/${encodeURIComponent(key)}`, { body: value }),
  });
  const set = useCallback(
    (value: T) => {
      client.setQueryData(['preferences', key], value);
      mutate(value);
    },
    [client, key, mutate],
  );
  return [query.data ?? initial, set, !query.isPending];
}

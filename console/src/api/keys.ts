import { useQuery } from '@tanstack/react-query';
import { get } from './http';

export interface NewKey {
  name: string;
  usage: string;
  sm4: boolean;
  version: number;
  index: number;
  /** T or M; absent for every card scheme. */
  scheme?: string | null;
  level: string;
}

/** A ceremony as everybody may see it: who is to enter, who has, and check values. Never a component. */
export interface Ceremony {
  id: number;
  key: NewKey;
  state: 'open' | 'done' | 'aborted';
  leader: string;
  device: string;
  created_at: string;
  finished_at: string | null;
  /** Check value of the whole key: expected, then made. */
  expected_kcv: string | null;
  kcv: string | null;
  participants: { custodian: string; entered_at: string | null; kcv: string | null }[];
}

export function useCeremony(id: string | null) {
  return useQuery({
    queryKey: ['ceremony', id],
    enabled: id !== null,
    queryFn: ({ signal }) => get<Ceremony>(`/key-ceremonies/${id}`, undefined, signal),
    refetchInterval: (query) => (query.state.data?.state === 'open' ? 3000 : false),
  });
}

export function useCeremonies() {
  return useQuery({ queryKey: ['ceremony', 'all'], queryFn: async () => (await get<{ items: Ceremony[] }>('/key-ceremonies')).items });
}

/** Usages of keys, as the inventory abbreviates them. */
export const USAGES = ['CCK', 'CMK', 'ACK', 'DAMK', 'DPK', 'DLK', 'DTK', 'DULK', 'DUK', 'DPUK', 'DRPK', 'IAK', 'EAK', 'RPK', 'RSV', 'ZMK', 'ZAK', 'SM2'] as const;
export const LEVELS = ['national', 'issuer', 'service'] as const;

/** The states a key may go to; the server decides. */
export const NEXT_STATES: Record<string, readonly string[]> = {
  generated: ['active', 'destroyed'],
  active: ['suspended', 'retired', 'revoked'],
  suspended: ['active', 'retired', 'revoked'],
  retired: ['revoked'],
  revoked: ['destroyed'],
};

/** What the books say of keys, held against the device. */
export interface Inventory {
  device: string;
  items: { name: string; finding: 'sound' | 'missing' | 'differs' | 'remains' | 'unknown' }[];
}

export function useInventory() {
  return useQuery({ queryKey: ['key-inventory'], queryFn: ({ signal }) => get<Inventory>('/key-inventory', undefined, signal), staleTime: 0 });
}

import { useQuery } from '@tanstack/react-query';
import { get } from './http';
import type { Shape } from './shapes';
import type { DaySummary } from './types';

export function useDay(date: string) {
  return useQuery({ queryKey: ['day', date], queryFn: ({ signal }) => get<DaySummary>(`/clearing-days/${date}`, undefined, signal) });
}

export type FlowMember = Shape<'FlowMember'>;
/** Fees are null while the date is open: not yet priced. */
export type Flow = Shape<'FlowView'>;
export type Flows = Shape<'Flows'>;

export function useFlows(date: string | null) {
  return useQuery({
    queryKey: ['day', date, 'flows'],
    enabled: date !== null,
    queryFn: ({ signal }) => get<Flows>(`/clearing-days/${date}/flows`, undefined, signal),
  });
}

/** The last independent proof of a date: figures from the raw files by the second implementation. */
export type Proof = Shape<'ProofView'> & { state: 'none' | 'running' | 'done' | 'failed' };

export function useProof(date: string) {
  return useQuery({
    queryKey: ['day', date, 'proof'],
    queryFn: ({ signal }) => get<Proof>(`/clearing-days/${date}/proof`, undefined, signal),
    refetchInterval: (query) => (query.state.data?.state === 'running' ? 1000 : false),
  });
}

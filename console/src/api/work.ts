import { useQuery } from '@tanstack/react-query';
import { get } from './http';
import type { Job, Person } from './types';

export interface Approval {
  id: number;
  kind: string;
  owner: string;
  object: string;
  summary: string;
  before: unknown;
  after: unknown;
  effective_on: string | null;
  state: 'open' | 'scheduled' | 'done' | 'refused' | 'withdrawn' | 'failed';
  proposer: Person;
  proposed_at: string;
  decider: Person | null;
  decided_at: string | null;
  reason: string | null;
  /** Whether the present account may decide it. */
  may_decide: boolean;
  executed_at?: string | null;
  result?: unknown;
}

export function useApproval(id: string) {
  return useQuery({ queryKey: ['approval', id], queryFn: ({ signal }) => get<Approval>(`/approvals/${id}`, undefined, signal) });
}

/** A job, asked again while it runs. */
export function useJob(id: string | number | null) {
  return useQuery({
    queryKey: ['job', String(id)],
    enabled: id !== null,
    queryFn: ({ signal }) => get<Job>(`/jobs/${id}`, undefined, signal),
    refetchInterval: (query) => (query.state.data && ['queued', 'running'].includes(query.state.data.state) ? 1000 : false),
  });
}

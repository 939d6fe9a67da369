import { useQuery } from '@tanstack/react-query';
import { get } from './http';
import type { Shape } from './shapes';
import type { Job } from './types';

export type Approval = Shape<'ApprovalView'> & { state: 'open' | 'scheduled' | 'done' | 'refused' | 'withdrawn' | 'failed' };

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

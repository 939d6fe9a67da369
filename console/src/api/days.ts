import { useQuery } from '@tanstack/react-query';
import { get } from './http';
import type { DaySummary } from './types';

export function useDay(date: string) {
  return useQuery({ queryKey: ['day', date], queryFn: ({ signal }) => get<DaySummary>(`/clearing-days/${date}`, undefined, signal) });
}

export interface FlowMember {
  code: string;
  name: string;
  lon: number | null;
  lat: number | null;
}

export interface Flow {
  acquirer: string;
  issuer: string;
  count: number;
  gross_fen: number;
  /** Not yet priced while the date is open. */
  issuer_fee_fen: number | null;
  centre_fee_fen: number | null;
}

export interface Flows {
  members: FlowMember[];
  flows: Flow[];
}

export function useFlows(date: string | null) {
  return useQuery({
    queryKey: ['day', date, 'flows'],
    enabled: date !== null,
    queryFn: ({ signal }) => get<Flows>(`/clearing-days/${date}/flows`, undefined, signal),
  });
}

/** The last independent proof of a date: figures from the raw files by the second implementation. */
export interface Proof {
  clearing_date: string;
  state: 'none' | 'running' | 'done' | 'failed';
  job: number | null;
  proved_at: string | null;
  uploads: number;
  lake_records: number;
  raw_records: number;
  result_files: number;
  imbalance_fen: number;
  differences: string[];
  error: string | null;
}

export function useProof(date: string) {
  return useQuery({ queryKey: ['day', date, 'proof'], queryFn: ({ signal }) => get<Proof>(`/clearing-days/${date}/proof`, undefined, signal) });
}

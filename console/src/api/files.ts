import { useQuery } from '@tanstack/react-query';
import { get } from './http';
import type { VerdictCount } from './types';

export interface Receipt {
  name: string;
  result: string;
  detail: string | null;
  clearing_date: string;
  created_at?: string | null;
}

/** An upload: accepted, waiting or refused. A refused one has receipts and nothing else. */
export interface UploadDetail {
  name: string;
  member: string;
  accepted: boolean;
  clearing_date: string | null;
  file_date: string | null;
  sequence: number | null;
  record_count: number;
  total_fen: number;
  accepted_at: string | null;
  body_digest: string | null;
  receipts: Receipt[];
  verdicts: VerdictCount[];
  groups: { issuer: string; industry: string; count: number; gross_fen: number }[];
}

export function useUpload(name: string) {
  return useQuery({ queryKey: ['upload', name], queryFn: ({ signal }) => get<UploadDetail>(`/uploads/${encodeURIComponent(name)}`, undefined, signal) });
}

export interface RawRecord {
  record_no: number;
  verdict: string;
  reason: string;
  raw: string;
}

export interface RawPage {
  items: RawRecord[];
  /** Record number from which the next page starts. */
  next: number | null;
}

export function useUploadRecords(name: string, verdict: string, from: number, limit: number) {
  return useQuery({
    queryKey: ['upload', name, 'records', verdict, from, limit],
    queryFn: ({ signal }) => get<RawPage>(`/uploads/${encodeURIComponent(name)}/records`, { verdict, from, limit }, signal),
  });
}

export interface Check {
  order: number;
  verdict: string;
  reason: string;
  zh?: string;
  en?: string;
  inputs: string;
  applied: boolean;
}

/** A record's way: from its bytes to the lines of the result files. */
export interface Explained {
  accepted: boolean;
  upload: string;
  clearing_date: string;
  record: number;
  raw: string;
  checks: Check[];
  verdict: string;
  reason: string;
  earlier: { clearing_date: string; upload: string; record: number } | null;
  group: { acquirer: string; issuer: string; industry: string; count: number; gross_fen: number; issuer_fee_fen: number; centre_fee_fen: number } | null;
  fee_rule: { place: number; issuer_rate_ppm: number; centre_rate_ppm: number } | null;
  positions: { member: string; receivable_fen: number; payable_fen: number }[];
  results: { file: string; line: number }[];
  receipts?: { clearing_date: string; upload: string; result: string; detail: string }[];
}

export function useExplained(name: string, record: string) {
  return useQuery({
    queryKey: ['upload', name, 'explain', record],
    staleTime: 60_000,
    queryFn: ({ signal }) => get<Explained>(`/uploads/${encodeURIComponent(name)}/records/${record}/explain`, undefined, signal),
  });
}

/** A record found in the lake. */
export interface FoundRecord {
  clearing_date: string;
  upload: string;
  record_no: number;
  acquirer: string;
  issuer: string | null;
  scheme: string;
  issuer_id: string;
  card: string;
  counter: number;
  psam: string;
  psam_txn: string;
  transaction_at: string;
  industry: string;
  amount_fen: number;
  balance_before_fen: number | null;
  verdict: string;
  reason: string;
}

export interface RecordPage {
  items: FoundRecord[];
  next_cursor: string | null;
  /** Scanned, and whether all was. */
  complete?: boolean;
}

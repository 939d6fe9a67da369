import { useQuery } from '@tanstack/react-query';
import type { Liability } from './delivery';
import { get } from './http';
import type { Shape } from './shapes';

/** An upload: accepted, waiting or refused. A refused one has receipts and nothing else. */
export type UploadDetail = Shape<'UploadView'>;

export function useUpload(name: string) {
  return useQuery({ queryKey: ['upload', name], queryFn: ({ signal }) => get<UploadDetail>(`/uploads/${encodeURIComponent(name)}`, undefined, signal) });
}

export type RawPage = Shape<'RawPage'>;

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
  /** Who bears it, of a record refused for the blacklist. */
  liability?: Liability | null;
  receipts?: { clearing_date: string; upload: string; result: string; detail: string }[];
}

export function useExplained(name: string, record: string) {
  return useQuery({
    queryKey: ['upload', name, 'explain', record],
    staleTime: 60_000,
    queryFn: ({ signal }) => get<Explained>(`/uploads/${encodeURIComponent(name)}/records/${record}/explain`, undefined, signal),
  });
}

/** A record found in the lake. A malformed one has only its place, its verdict and its amount. */
export interface FoundRecord {
  clearing_date: string;
  upload: string;
  record_no: number;
  sender: string;
  issuer: string | null;
  amount_fen: number;
  verdict: string;
  reason: string;
  malformed: boolean;
  scheme?: string;
  issuer_id?: string;
  /** Masked for those who may not see whole numbers. */
  card?: string;
  counter?: number;
  psam?: string;
  psam_txn?: string;
  /** When the card was tapped. */
  at?: string;
  industry?: string;
  balance_before_fen?: number;
}

export type RecordPage = Omit<Shape<'Found'>, 'items'> & { items: FoundRecord[] };

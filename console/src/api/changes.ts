/** Changes of the scheme book: tried, proposed by one, approved by another, in force from a clearing date on. */
import { call, send } from './http';
import type { Shape } from './shapes';
import type { Submitted } from './types';

export interface SchemeChange {
  kind: string;
  payload: Record<string, unknown>;
  effective_on?: string | null;
  note?: string;
}

/** A row of a file that cannot be used, and why. */
export interface RowFault {
  row: number;
  field: string;
  code: string;
  zh: string;
  en: string;
}

export interface TableChange {
  table: string;
  added: number;
  removed: number;
}

/** What a change would do, as the server tried it; nothing is changed yet. */
export interface Checked {
  kind: string;
  object: string;
  summary: string;
  before: unknown;
  after: unknown;
  first_clearing_date: string;
  effective_on: string | null;
  tables: TableChange[];
  skipped: RowFault[];
}

/** What differs between two versions, as lines `+ …` and `- …`. */
export interface VersionChanges {
  from: number;
  to: number;
  tables: TableChange[];
  lines: string[];
}

export interface SentFile {
  digest: string;
  entries: number;
  faults?: RowFault[];
  /** Digest of the test keys of a scheme file; empty when it has none. */
  key_file?: string;
}

export type ExpectedLine = Shape<'ExpectedLine'>;

export interface OnboardingStep {
  step: string;
  zh: string;
  en: string;
  automatic: boolean;
  state: 'open' | 'doing' | 'done';
  on_date: string | null;
  note: string;
  changed_at: string | null;
  changed_by: string | null;
}

export interface Onboarding {
  member: string;
  name: string;
  started_at: string;
  started_by: string;
  steps: OnboardingStep[];
}

function bodyOf({ effective_on, note, ...rest }: SchemeChange) {
  return { ...rest, ...(effective_on ? { effective_on } : {}), ...(note ? { note } : {}) };
}

export function checkChange(change: SchemeChange): Promise<Checked> {
  return call<Checked>('POST', '/scheme-changes/check', { body: bodyOf(change) });
}

export function proposeChange(change: SchemeChange, key: string): Promise<Submitted> {
  return call<Submitted>('POST', '/scheme-changes', { key, body: bodyOf(change) });
}

/** How things are now, where no list says it: told by trying a change that differs. */
export async function presentOf(kind: string, payload: Record<string, unknown>): Promise<Record<string, unknown>> {
  const { before } = await checkChange({ kind, payload });
  return (before ?? {}) as Record<string, unknown>;
}

/** Sends a file that a change then names by its digest. The server takes plain names alone. */
export async function sendSchemeFile(of: 'cards' | 'scheme', file: File): Promise<SentFile> {
  const name = file.name.replaceAll(/[^A-Za-z0-9_.-]/g, '').slice(-64) || of;
  return (await (await send('POST', `/scheme-files/${of}/${name}`, { body: file })).json()) as SentFile;
}

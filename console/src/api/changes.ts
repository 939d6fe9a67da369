/** Changes of the scheme book: proposed by one, approved by another, in force from a date on. */
import { call } from './http';
import type { Submitted } from './types';

export interface SchemeChange {
  kind: string;
  payload: Record<string, unknown>;
  effective_on?: string | null;
  note: string;
}

export function proposeChange(change: SchemeChange, key: string): Promise<Submitted> {
  const { effective_on, ...rest } = change;
  return call<Submitted>('POST', '/scheme-changes', { key, body: effective_on ? { ...rest, effective_on } : rest });
}

/** Lists that go out to members, and who bears a tap of a listed card. */
import { get } from './http';

export const LIST_CODES = ['BLF', 'WHT', 'ISS', 'PSM', 'PAR', 'FEE'] as const;
export type ListCode = (typeof LIST_CODES)[number];

/** What the server says of one tap; times are of the centre. */
export interface Liability {
  listed: boolean;
  liable: 'acquirer' | 'issuer' | null;
  zh: string;
  en: string;
  version: number | null;
  effective_at: string | null;
  offered_at: string | null;
  applied_at: string | null;
}

export interface Tap {
  acquirer: string;
  scheme: string;
  issuer_id: string;
  serial: string;
  /** `YYYYMMDDHHMMSS`. */
  at: string;
}

export function liabilityOf(tap: Tap, signal?: AbortSignal): Promise<Liability> {
  return get<Liability>('/blacklist-liability', { ...tap }, signal);
}

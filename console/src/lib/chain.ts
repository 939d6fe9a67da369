/** The chain of a card's purchases: counters without holes, balances that follow from one another. */
import type { FoundRecord } from '../api/files';

/** A record that says where it stands in its card's count: every one but a malformed one. */
export type CountedRecord = FoundRecord & Required<Pick<FoundRecord, 'counter' | 'at' | 'balance_before_fen'>>;

export interface Link {
  record: CountedRecord;
  /** Counters between the record before and this one that no record has. */
  missing: number;
  /** Against the record before: follows, raised by a load between, broken (less than it should be), or not to be told. */
  balance: 'follows' | 'raised' | 'broken' | 'unknown';
}

const isCounted = (record: FoundRecord): record is CountedRecord =>
  record.counter !== undefined && record.at !== undefined && record.balance_before_fen !== undefined;

/** In the order of the counter. Only neighbours without a hole between them say something about balances. */
export function chainOf(records: FoundRecord[]): Link[] {
  const sorted = records.filter(isCounted).sort((a, b) => a.counter - b.counter || a.at.localeCompare(b.at));
  return sorted.map((record, at) => {
    const before = sorted[at - 1];
    if (!before) return { record, missing: 0, balance: 'unknown' };
    const missing = Math.max(0, record.counter - before.counter - 1);
    if (missing > 0 || record.counter === before.counter) return { record, missing, balance: 'unknown' };
    const expected = before.balance_before_fen - before.amount_fen;
    const found = record.balance_before_fen;
    return { record, missing, balance: found === expected ? 'follows' : found > expected ? 'raised' : 'broken' };
  });
}

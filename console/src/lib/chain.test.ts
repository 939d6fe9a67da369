import { describe, expect, it } from 'vitest';
import type { FoundRecord } from '../api/files';
import { chainOf } from './chain';

function tap(counter: number, balance: number, amount: number): FoundRecord {
  return {
    clearing_date: '2026-09-01', upload: 'u', record_no: counter, sender: '10002900', issuer: '10001000', malformed: false, scheme: 'T', issuer_id: '', card: '', counter,
    psam: '', psam_txn: '', at: `2026-09-01T00:00:${String(counter).padStart(2, '0')}+08:00`, industry: '01', amount_fen: amount,
    balance_before_fen: balance, verdict: 'A', reason: '00',
  };
}

/** Nothing can be read from its bytes: it has no place in the chain. */
const malformed: FoundRecord = {
  clearing_date: '2026-09-01', upload: 'u', record_no: 9, sender: '10002900', issuer: null, malformed: true, amount_fen: 100, verdict: 'R', reason: '01',
};

describe('the chain of a card', () => {
  it('tells what follows, what was loaded, what is missing and what is broken', () => {
    const chain = chainOf([tap(5, 9000, 200), tap(1, 1000, 200), tap(2, 800, 200), tap(3, 5600, 100), tap(6, 8000, 1), malformed]);
    expect(chain.map((l) => [l.record.counter, l.missing, l.balance])).toEqual([
      [1, 0, 'unknown'],
      [2, 0, 'follows'],
      [3, 0, 'raised'],
      [5, 1, 'unknown'],
      [6, 0, 'broken'],
    ]);
  });

  it('the same counter twice says nothing about balances', () => {
    expect(chainOf([tap(1, 1000, 200), tap(1, 900, 100)]).map((l) => [l.missing, l.balance])).toEqual([[0, 'unknown'], [0, 'unknown']]);
  });
});

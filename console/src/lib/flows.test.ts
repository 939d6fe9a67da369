import { describe, expect, it } from 'vitest';
import { activeMembers, byPair, foreignFlows, netOf, totals } from './flows';

const flow = (acquirer: string, issuer: string, gross_fen: number, issuer_fee_fen = 0, centre_fee_fen = 0) => ({ acquirer, issuer, count: 1, gross_fen, issuer_fee_fen, centre_fee_fen });
const flows = [flow('1', '2', 1000, 2, 1), flow('2', '1', 400), flow('1', '1', 9000), flow('3', '1', 50)];
const members = ['1', '2', '3', '4'].map((code) => ({ code, name: code, lon: null, lat: null }));

describe('flows between members', () => {
  it('nets a pair after the issuer’s fee, and both sides see opposite signs', () => {
    const pairs = byPair(flows);
    expect(netOf(pairs, '1', '2')).toBe(598);
    expect(netOf(pairs, '2', '1')).toBe(-598);
    expect(netOf(pairs, '1', '1')).toBe(0);
    expect(netOf(pairs, '2', '4')).toBe(0);
  });

  it('orders members by turnover and leaves out those without', () => {
    expect(activeMembers(members, flows).map((m) => m.code)).toEqual(['1', '2', '3']);
  });

  it('counts a member’s own cards apart', () => {
    expect(foreignFlows(flows).map((f) => f.gross_fen)).toEqual([1000, 400, 50]);
    expect(totals(flows)).toEqual({ count: 4, gross_fen: 10450, foreign_fen: 1450, centre_fee_fen: 1 });
  });
});

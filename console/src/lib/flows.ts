/** Sums over the flows between members. */
import type { Flow, FlowMember } from '../api/days';

/** `acquirer issuer` → flow. */
export function byPair(flows: Flow[]): Map<string, Flow> {
  return new Map(flows.map((flow) => [`${flow.acquirer} ${flow.issuer}`, flow]));
}

/** What acquirer and issuer owe each other on balance: positive when `a` receives from `b`. */
export function netOf(pairs: Map<string, Flow>, a: string, b: string): number {
  const due = (flow: Flow | undefined) => (flow ? flow.gross_fen - (flow.issuer_fee_fen ?? 0) : 0);
  return a === b ? 0 : due(pairs.get(`${a} ${b}`)) - due(pairs.get(`${b} ${a}`));
}

/** Members with any flow, the largest turnover first. */
export function activeMembers(members: FlowMember[], flows: Flow[]): FlowMember[] {
  const turnover = new Map<string, number>();
  for (const flow of flows) {
    for (const code of [flow.acquirer, flow.issuer]) turnover.set(code, (turnover.get(code) ?? 0) + flow.gross_fen);
  }
  return members
    .filter((m) => turnover.has(m.code))
    .sort((a, b) => turnover.get(b.code)! - turnover.get(a.code)! || a.code.localeCompare(b.code));
}

/** Flows between different members, the largest first. */
export function foreignFlows(flows: Flow[]): Flow[] {
  return flows.filter((flow) => flow.acquirer !== flow.issuer && flow.gross_fen > 0).sort((a, b) => b.gross_fen - a.gross_fen);
}

/** Sums over all flows. */
export function totals(flows: Flow[]): { count: number; gross_fen: number; foreign_fen: number; centre_fee_fen: number } {
  return flows.reduce(
    (sum, flow) => ({
      count: sum.count + flow.count,
      gross_fen: sum.gross_fen + flow.gross_fen,
      foreign_fen: sum.foreign_fen + (flow.acquirer === flow.issuer ? 0 : flow.gross_fen),
      centre_fee_fen: sum.centre_fee_fen + (flow.centre_fee_fen ?? 0),
    }),
    { count: 0, gross_fen: 0, foreign_fen: 0, centre_fee_fen: 0 },
  );
}

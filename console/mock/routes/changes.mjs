import { Refusal, route } from '../http.mjs';
import { enqueue, submit } from '../state.mjs';
import { DAYS, MEMBERS } from '../world.mjs';

route('POST', '/scheme-changes', ({ session, body }) => submit(session, body.kind, body.payload?.code ?? body.payload?.member ?? '', body.note || body.kind, null, body.payload, body.effective_on ?? null));

route('POST', '/what-if', ({ session, body }) => {
  const days = DAYS.filter((d) => body.clearing_dates.includes(d.clearing_date));
  const rule = body.fees.find((f) => f.acquirer === '*' && f.issuer === '*' && f.industry === '*') ?? { issuer_rate_ppm: 0, centre_rate_ppm: 0 };
  const members = MEMBERS.filter((m) => m.state === 'active').map((m) => {
    let before = 0;
    let after = 0;
    for (const d of days) {
      before += d.positions.find((p) => p.member === m.code).net_fen;
      for (const g of d.groups) {
        if (g.acquirer === g.issuer) continue;
        const issuerFee = Math.floor((g.gross_fen * rule.issuer_rate_ppm + 500_000) / 1_000_000);
        const centreFee = Math.floor((g.gross_fen * rule.centre_rate_ppm + 500_000) / 1_000_000);
        if (g.acquirer === m.code) after += g.gross_fen - issuerFee - centreFee;
        if (g.issuer === m.code) after -= g.gross_fen - issuerFee;
      }
    }
    return { member: m.code, name: m.name, before_fen: before, after_fen: after, difference_fen: after - before };
  });
  return enqueue(session, 'what-if', { members });
}, { status: 202 });
route('POST', '/suspicious/{upload}/{record}/propose', ({ session, params, body }) => submit(session, `dispute.suspicious.${body.decision}`, `${params.upload} #${params.record}`, `${body.decision === 'clear' ? '清分' : '拒绝'}可疑记录 ${params.upload} #${params.record}`, null, body));
for (const [verb, zh] of [['topups', '充值'], ['withdrawals', '提取']]) {
  route('POST', `/reserves/{member}/${verb}`, ({ session, params, body }) => {
    if (body.amount_fen > 1_000_000_000_000) throw new Refusal(422, 'B03', '金额超过上限', 'amount over the bound', '', [{ field: 'amount_fen', message: '不得超过 100 亿元' }]);
    return submit(session, `settlement.${verb}`, params.member, `备付金${zh} ${params.member}`, null, body);
  });
}

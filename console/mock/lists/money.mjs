import { values } from '../codes.mjs';
import { at, OPEN_DATE, addDays } from '../dates.mjs';
import { balanceOf, DAYS, MEMBERS, random } from '../world.mjs';
import { list } from './spec.mjs';

export function levelOf(m) {
  const balance = balanceOf(m.code);
  return { member: m.code, name: m.name, balance_fen: balance, target_fen: m.reserve.target, warning_fen: m.reserve.warning, stop_fen: m.reserve.stop, level: balance < m.reserve.stop ? 'stop' : balance < m.reserve.warning ? 'warning' : 'ok' };
}

const transfers = [];
for (const d of DAYS) {
  for (const p of d.positions) {
    if (p.net_fen === 0) continue;
    const reserve = `reserve.${p.member}`;
    transfers.push({ sequence: transfers.length + 1, key: `${d.clearing_date}.net.${p.member}`, phase: 'posted', debit: p.net_fen < 0 ? reserve : 'clearing.suspense', credit: p.net_fen < 0 ? 'clearing.suspense' : reserve, amount_fen: Math.abs(p.net_fen), booking_date: d.clearing_date, reason: '净头寸入账', created_at: at(d.clearing_date, '22:31:05'), hash: random.hex(64) });
  }
  if (d.centre_fees_fen) transfers.push({ sequence: transfers.length + 1, key: `${d.clearing_date}.fees`, phase: 'posted', debit: 'clearing.suspense', credit: 'centre.fees', amount_fen: d.centre_fees_fen, booking_date: d.clearing_date, reason: '中心手续费', created_at: at(d.clearing_date, '22:31:06'), hash: random.hex(64) });
}

const sumOf = (side, code) => transfers.filter((t) => t[side] === code).reduce((s, t) => s + t.amount_fen, 0);
const accounts = () => {
  const base = [['bank.settlement', 'bank', null, 'debit'], ['clearing.suspense', 'suspense', null, 'debit'], ['centre.fees', 'fees', null, 'credit'], ...MEMBERS.map((m) => [`reserve.${m.code}`, 'reserve', m.code, 'credit'])];
  const opening = MEMBERS.reduce((s, m) => s + m.reserve.opening, 0);
  return base.map(([code, kind, owner, side], i) => {
    const debits = sumOf('debit', code) + (kind === 'bank' ? opening : 0);
    const credits = sumOf('credit', code) + (owner ? MEMBERS.find((m) => m.code === owner).reserve.opening : 0);
    return { sequence: i + 1, code, kind, owner, normal_side: side, debits_fen: debits, credits_fen: credits, balance_fen: side === 'debit' ? debits - credits : credits - debits, hash: random.hex(64) };
  });
};
const accountRows = accounts();

export const instructions = DAYS.filter((d) => d.state === 'closed').slice(-6).flatMap((d) => d.positions.filter((p) => p.net_fen < -20_000).map((p, i) => ({ id: `${d.clearing_date}-${p.member}`, reference: `TK${d.clearing_date.replaceAll('-', '')}${String(i + 1).padStart(4, '0')}`, clearing_date: d.clearing_date, member: p.member, direction: 'collect', amount_fen: -p.net_fen, state: d.clearing_date === addDays(OPEN_DATE, -1) ? (i % 7 === 3 ? 'unknown' : 'sent') : 'settled', sent_at: at(d.clearing_date, '22:40:00'), answered_at: d.clearing_date === addDays(OPEN_DATE, -1) ? null : at(d.clearing_date, '23:02:11') })));

export const money = [
  list('reserves', '备付金', 'Reserves', 'member', `
    member:成员机构:Member:member:sf
    balance_fen:余额:Balance:fen:s
    target_fen:目标额:Target:fen:s
    warning_fen:预警线:Warning line:fen
    stop_fen:停用线:Stop line:fen
    level:水位:Level:enum:f`,
    () => MEMBERS.map(levelOf), { enums: { level: values('ok:正常:fine:ok|warning:预警:warning:warn|stop:停用:stopped:bad') }, member: 'member' }),
  list('reserve-movements', '备付金变动', 'Reserve movements', 'id', `
    id:编号:Id:int:s
    member:成员机构:Member:member:sf
    clearing_date:清算日期:Clearing date:date:sf
    kind:类型:Kind:enum:f
    amount_fen:金额:Amount:fen:sf
    balance_after_fen:变动后余额:Balance after:fen
    created_at:时间:Time:datetime:s`,
    () => DAYS.flatMap((d) => d.positions.map((p) => ({ member: p.member, clearing_date: d.clearing_date, kind: 'net', amount_fen: p.net_fen, balance_after_fen: p.reserve_after_fen, created_at: at(d.clearing_date, '22:31:05') }))).map((r, i) => ({ id: i + 1, ...r })),
    { enums: { kind: values('net:净头寸:net position|topup:充值:top-up:ok|withdraw:提取:withdrawal:warn') }, sort: '-id', member: 'member' }),
  list('ledger-accounts', '总账科目', 'Ledger accounts', 'code', `
    code:科目:Account:code:sf
    kind:类型:Kind:enum:f
    owner:归属:Owner:member:f
    normal_side:余额方向:Normal side:enum:f
    debits_fen:借方发生:Debits:fen:s
    credits_fen:贷方发生:Credits:fen:s
    balance_fen:余额:Balance:fen:s
    hash:链摘要:Chain hash:digest:h`,
    () => accountRows, { enums: { kind: values('bank:银行存款:bank|suspense:清算过渡:suspense|fees:手续费收入:fees|reserve:备付金:reserve:info'), normal_side: values('debit:借:debit|credit:贷:credit') } }),
  list('ledger-transfers', '转账分录', 'Ledger transfers', 'sequence', `
    sequence:序号:Sequence:int:s
    key:业务键:Key:code:f
    phase:阶段:Phase:enum:f
    debit:借方科目:Debit:code:sf
    credit:贷方科目:Credit:code:sf
    amount_fen:金额:Amount:fen:sf
    booking_date:记账日期:Booked on:date:sf
    reason:摘要:Reason:text:f
    created_at:时间:Time:datetime:s
    hash:链摘要:Chain hash:digest`,
    () => transfers, { enums: { phase: values('posted:已记账:posted:ok|pending:预占:pending:warn|post:确认:post:ok|void:撤销:void:plain') }, sort: '-sequence' }),
  list('bank-instructions', '银行指令', 'Bank instructions', 'id', `
    reference:指令号:Reference:code:sf
    clearing_date:清算日期:Clearing date:date:sf
    member:成员机构:Member:member:sf
    direction:方向:Direction:enum:f
    amount_fen:金额:Amount:fen:sf
    state:状态:State:enum:f
    sent_at:发送时间:Sent:datetime:s
    answered_at:银行回应:Answered:datetime
    id:编号:Id:code:h`,
    () => instructions, { enums: { direction: values('collect:收款:collect|pay:付款:pay'), state: values('computed:已生成:computed|sent:已发送:sent:info|settled:已到账:settled:ok|rejected:被拒绝:rejected:bad|unknown:结果未知:unknown:warn') }, sort: '-clearing_date' }),
  list('bank-statement-lines', '银行流水', 'Bank statement lines', 'id', `
    id:流水号:Line:int:s
    booked_on:记账日期:Booked on:date:sf
    direction:方向:Direction:enum:f
    amount_fen:金额:Amount:fen:sf
    counterparty:对方户名:Counterparty:text:f
    reference:附言:Reference:code:f
    match_state:匹配:Match:enum:f`,
    () => instructions.filter((r) => r.state === 'settled').map((r, i) => ({ id: i + 1, booked_on: r.clearing_date, direction: 'in', amount_fen: r.amount_fen, counterparty: `${MEMBERS.find((m) => m.code === r.member).name}公共交通一卡通有限公司`, reference: r.reference, match_state: i % 23 === 7 ? 'unmatched' : 'matched' })),
    { enums: { direction: values('in:收:in|out:付:out'), match_state: values('matched:已匹配:matched:ok|unmatched:未匹配:unmatched:bad') }, sort: '-id' }),
];

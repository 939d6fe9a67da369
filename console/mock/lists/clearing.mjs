import { FILE_CODES, INDUSTRIES, REASONS, STEPS, values, VERDICTS } from '../codes.mjs';
import { at, compact } from '../dates.mjs';
import { allUploads, DAYS, MEMBERS, random } from '../world.mjs';
import { list } from './spec.mjs';
import { stepsOf } from '../steps.mjs';

const reasons = REASONS.map((r) => ({ value: r.reason, zh: r.zh, en: r.en, tone: VERDICTS.find((v) => v.value === r.verdict).tone }));

export const receipts = allUploads().map((u) => ({ clearing_date: u.clearing_date, member: u.member, sequence: u.sequence, name: u.name.replace('TXU', 'TXR'), upload_name: u.name, result: 'OK', detail: '', created_at: u.accepted_at }));
for (const [i, code] of ['F05', 'F06', 'F08', 'F09', 'F03'].entries()) {
  const m = MEMBERS[i * 4 + 2];
  const day = DAYS[DAYS.length - 1 - i];
  const name = `TXU_${compact(day.clearing_date)}_${m.code}_00000${i + 2}.dat`;
  receipts.push({ clearing_date: day.clearing_date, member: m.code, sequence: 20 + i, name: name.replace('TXU', 'TXR'), upload_name: name, result: code, detail: { F05: '文件头 8812 条，实际 8811 条', F06: '总金额差 100 分', F08: '证书 03 已过期', F09: '缺少 000001', F03: '接收方不是清算中心' }[code], created_at: at(day.clearing_date, `09:1${i}:05`) });
}

const KINDS = [['TXE', 25], ['TXD', 9000], ['SUS', 18], ['STL', 60], ['STA', 1]];
export const resultFiles = DAYS.filter((d) => d.state === 'closed').flatMap((d) =>
  MEMBERS.filter((m) => m.state === 'active').flatMap((m) =>
    KINDS.map(([kind, size]) => ({
      clearing_date: d.clearing_date, member: m.code, kind, name: `${kind}_${compact(d.clearing_date)}_${m.code}_000001.dat`,
      record_count: kind === 'STA' ? 1 : Math.round((size * m.weight) / 5), total_fen: kind === 'STA' ? 0 : Math.round(size * m.weight * 48.3), body_digest: random.hex(64), created_at: at(d.clearing_date, '22:31:12'),
    })),
  ),
);

export const suspicious = allUploads().slice(-90).flatMap((u, i) =>
  u.verdicts.filter((v) => REASONS.find((r) => r.reason === v.reason).verdict === 'S').slice(0, 1).map((v) => {
    const issuer = MEMBERS[(i * 7) % 29];
    return { id: `${u.upload_no}-${12 + i}`, clearing_date: u.clearing_date, upload: u.name, record: 12 + i, acquirer: u.member, issuer: issuer.code, reason: v.reason, card: `0310****${random.hex(4)}`, psam: `${issuer.city}${random.hex(8)}`, amount_fen: random.int(100, 900), transaction_at: at(u.clearing_date, '08:12:09'), state: i % 11 === 0 ? 'cleared' : 'open' };
  }),
);

const dayState = values('open:开放:open:info|cut:已日切:cut:warn|closed:已关账:closed:ok');

export const clearing = [
  list('clearing-days', '清算日', 'Clearing dates', 'clearing_date', `
    clearing_date:清算日期:Clearing date:date:sf
    state:状态:State:enum:f
    opened_at:开启时间:Opened:datetime:s
    cut_at:日切时间:Cut off:datetime
    closed_at:关账时间:Closed:datetime
    upload_count:上送文件:Uploads:int:s
    record_count:记录数:Records:int:s
    gross_fen:清分金额:Gross:fen:sf
    centre_fees_fen:中心手续费:Centre fees:fen:s
    scheme_digest:规则摘要:Scheme digest:digest:h`,
    () => DAYS.map((d) => ({ ...d, upload_count: d.uploads.length, record_count: d.uploads.reduce((s, u) => s + u.record_count, 0), gross_fen: d.groups.reduce((s, g) => s + g.gross_fen, 0) })),
    { enums: { state: dayState }, sort: '-clearing_date' }),
  list('day-steps', '清算步骤', 'Steps', 'id', `
    clearing_date:清算日期:Clearing date:date:sf
    step:步骤:Step:enum:f
    done_at:完成时间:Done:datetime:s
    detail:结果:Result:text
    input_digest:输入摘要:Input digest:digest
    output_digest:输出摘要:Output digest:digest`,
    () => DAYS.flatMap((d) => stepsOf(d).filter((s) => s.done_at).map((s) => ({ id: `${d.clearing_date}-${s.step}`, clearing_date: d.clearing_date, ...s }))),
    { enums: { step: STEPS.map(([value, zh, en]) => ({ value, zh, en, tone: 'plain' })) }, sort: '-clearing_date' }),
  list('uploads', '上送文件', 'Uploads', 'name', `
    name:文件名:File name:code:sf
    clearing_date:清算日期:Clearing date:date:sf
    member:上送机构:Sender:member:sf
    file_date:文件日期:File date:date:sfh
    sequence:序号:Sequence:int:sh
    record_count:记录数:Records:int:sf
    total_fen:总金额:Total:fen:sf
    accepted_count:接受:Accepted:int:s
    not_accepted_count:未接受:Not accepted:int:s
    accepted_at:接受时间:Accepted at:datetime:sf
    body_digest:文件体摘要:Body digest:digest:f`,
    () => allUploads().map((u) => ({ ...u, accepted_count: u.verdicts[0].count, not_accepted_count: u.record_count - u.verdicts[0].count })),
    { sort: '-accepted_at', member: 'member' }),
  list('receipts', '回执', 'Receipts', 'name', `
    name:回执文件:Receipt:code:sf
    upload_name:上送文件:Upload:code:f
    clearing_date:清算日期:Clearing date:date:sf
    member:机构:Member:member:sf
    result:结果:Result:enum:f
    detail:说明:Detail:text
    created_at:时间:Time:datetime:s`,
    () => receipts, { enums: { result: FILE_CODES }, sort: '-created_at', member: 'member' }),
  list('result-files', '结果文件', 'Result files', 'name', `
    name:文件名:File name:code:sf
    clearing_date:清算日期:Clearing date:date:sf
    member:接收机构:Receiver:member:sf
    kind:类型:Kind:enum:f
    record_count:记录数:Records:int:s
    total_fen:总金额:Total:fen:s
    body_digest:文件体摘要:Body digest:digest
    created_at:生成时间:Created:datetime:s`,
    () => resultFiles, { enums: { kind: values('TXE:未清分明细:not cleared|TXD:清分明细:cleared detail|SUS:可疑明细:suspicious|STL:结算结果:settlement|STA:对账单:statement:info') }, sort: '-clearing_date', member: 'member' }),
  list('groups', '清分分组', 'Groups', 'id', `
    clearing_date:清算日期:Clearing date:date:sf
    acquirer:收单方:Acquirer:member:sf
    issuer:发卡方:Issuer:member:sf
    industry:行业:Industry:enum:f
    record_count:笔数:Count:int:s
    gross_fen:清分金额:Gross:fen:sf
    issuer_fee_fen:发卡方手续费:Issuer fee:fen:s
    centre_fee_fen:中心手续费:Centre fee:fen:s
    fee_rule:费率规则:Fee rule:int`,
    () => DAYS.flatMap((d) => d.groups.map((g) => ({ id: `${g.clearing_date}-${g.acquirer}-${g.issuer}-${g.industry}`, ...g }))),
    { enums: { industry: INDUSTRIES }, sort: '-clearing_date' }),
  list('suspicious', '可疑记录', 'Suspicious records', 'id', `
    id:编号:Id:code:h
    clearing_date:清算日期:Clearing date:date:sf
    upload:上送文件:Upload:code:f
    record:记录序号:Record no.:int
    acquirer:收单方:Acquirer:member:f
    issuer:发卡方:Issuer:member:f
    reason:原因:Reason:enum:f
    state:处理状态:State:enum:f
    card:卡号:Card:code
    psam:PSAM终端号:PSAM:code:f
    amount_fen:金额:Amount:fen:sf
    transaction_at:交易时间:Transaction:datetime:s`,
    () => suspicious, { enums: { reason: reasons.filter((r) => REASONS.find((x) => x.reason === r.value).verdict === 'S'), state: values('open:待处理:open:warn|cleared:已清分:cleared:ok|rejected:已拒绝:rejected:plain') }, sort: '-clearing_date' }),
  list('positions', '头寸', 'Positions', 'id', `
    clearing_date:清算日期:Clearing date:date:sf
    member:成员机构:Member:member:sf
    receivable_fen:应收:Receivable:fen:s
    payable_fen:应付:Payable:fen:s
    adjustments_fen:调账:Adjustments:fen:s
    net_fen:净头寸:Position:fen:sf
    reserve_before_fen:备付金期初:Reserve before:fen
    reserve_after_fen:备付金期末:Reserve after:fen`,
    () => DAYS.flatMap((d) => d.positions.map((p) => ({ id: `${p.clearing_date}-${p.member}`, ...p }))),
    { sort: '-clearing_date', member: 'member' }),
];

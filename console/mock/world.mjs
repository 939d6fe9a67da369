/** The mock's world: thirty member cities and two weeks of clearing dates whose money adds up as the real engine's does. */
import { REASONS } from './codes.mjs';
import { addDays, at, compact, OPEN_DATE } from './dates.mjs';
import { seeded } from './random.mjs';

const random = seeded(20261123);

export const MEMBERS = [
  ['2900', '上海', 121.47, 31.23, 9], ['1000', '北京', 116.4, 39.9, 9], ['5810', '广州', 113.26, 23.13, 8],
  ['5840', '深圳', 114.06, 22.54, 8], ['1100', '天津', 117.2, 39.13, 5], ['6530', '重庆', 106.55, 29.56, 5],
  ['6510', '成都', 104.07, 30.67, 6], ['3310', '杭州', 120.15, 30.28, 6], ['3010', '南京', 118.8, 32.06, 5],
  ['3050', '苏州', 120.62, 31.32, 5], ['5210', '武汉', 114.3, 30.6, 5], ['7910', '西安', 108.95, 34.27, 4],
  ['5510', '长沙', 112.98, 28.19, 4], ['4910', '郑州', 113.65, 34.76, 4], ['4520', '青岛', 120.38, 36.07, 4],
  ['2220', '大连', 121.62, 38.92, 3], ['2210', '沈阳', 123.43, 41.8, 3], ['2610', '哈尔滨', 126.63, 45.75, 3],
  ['2410', '长春', 125.32, 43.9, 2], ['4510', '济南', 117, 36.65, 3], ['3610', '合肥', 117.28, 31.86, 3],
  ['3910', '福州', 119.3, 26.08, 3], ['3930', '厦门', 118.1, 24.46, 3], ['4210', '南昌', 115.89, 28.68, 2],
  ['7310', '昆明', 102.73, 25.04, 2], ['7010', '贵阳', 106.71, 26.57, 2], ['6110', '南宁', 108.33, 22.84, 2],
  ['6410', '海口', 110.35, 20.02, 1], ['1210', '石家庄', 114.48, 38.03, 2], ['8210', '兰州', 103.73, 36.03, 1],
].map(([city, name, lon, lat, weight], at_) => ({
  code: `1000${city}`, name, city, lon, lat, weight,
  issuer_id: `0200${city}FFFFFFFF`,
  state: at_ === 29 ? 'suspended' : 'active',
  active_from: '2026-01-01', active_to: null,
  // Two of them live near their lines, so that alerts are seen.
  reserve: { opening: { 8210: 5_400_000, 6410: 21_000_000, 4210: 44_000_000 }[city] ?? weight * 60_000_000, target: weight * 50_000_000, warning: weight * 24_000_000, stop: weight * 6_000_000 },
}));
export const memberOf = (code) => MEMBERS.find((m) => m.code === code);

const halfUp = (gross, ppm) => Math.floor((gross * ppm + 500_000) / 1_000_000);
const BAD_REASONS = REASONS.filter((r) => r.verdict !== 'A');
export const ISSUER_PPM = 2000;
export const CENTRE_PPM = 500;

function verdictsOf(count, gross) {
  const rows = [];
  let left = count;
  for (const r of BAD_REASONS) {
    const share = { '04': 0.004, '12': 0.002, '06': 0.0015, '19': 0.003, '02': 0.001, '01': 0.0006 }[r.reason] ?? 0.0004;
    const n = Math.round(count * share * (0.4 + random.next() * 1.2));
    if (n === 0) continue;
    left -= n;
    rows.push({ reason: r.reason, count: n, amount_fen: n * random.int(120, 420) });
  }
  return [{ reason: '00', count: left, amount_fen: gross }, ...rows];
}

function makeUpload(date, member, sequence, share, accepted_at) {
  const count = Math.round(member.weight * random.int(700, 1400) * share);
  const gross = count * random.int(190, 330) + random.int(0, 99);
  const verdicts = verdictsOf(count, gross);
  return {
    upload_no: 0,
    name: `TXU_${compact(date)}_${member.code}_${String(sequence).padStart(6, '0')}.dat`,
    clearing_date: date, member: member.code, file_date: date, sequence, record_count: count,
    total_fen: verdicts.reduce((sum, v) => sum + v.amount_fen, 0),
    body_digest: random.hex(64), fingerprint: random.hex(64), accepted_at, verdicts,
  };
}

function groupsOf(uploads) {
  const groups = new Map();
  for (const upload of uploads) {
    let gross = upload.verdicts[0].amount_fen;
    let count = upload.verdicts[0].count;
    const parts = random.int(7, 12);
    for (let i = 0; i < parts; i += 1) {
      const last = i === parts - 1;
      const issuer = random.pick(MEMBERS.filter((m) => m.weight >= (random.chance(0.6) ? 4 : 1)));
      const industry = random.pick(['1', '1', '1', '2', '2', '2', '3', '4', '5', '9']);
      const n = last ? count : Math.floor(count * random.next() * 0.4);
      const fen = last ? gross : Math.min(gross, n * random.int(180, 320));
      count -= n;
      gross -= fen;
      if (n === 0) continue;
      const key = `${upload.member} ${issuer.code} ${industry}`;
      const group = groups.get(key) ?? { clearing_date: upload.clearing_date, acquirer: upload.member, issuer: issuer.code, industry, record_count: 0, gross_fen: 0 };
      group.record_count += n;
      group.gross_fen += fen;
      groups.set(key, group);
    }
  }
  return [...groups.values()]
    .map((g) => {
      const own = g.acquirer === g.issuer;
      return { ...g, fee_rule: own ? null : 1, issuer_fee_fen: own ? 0 : halfUp(g.gross_fen, ISSUER_PPM), centre_fee_fen: own ? 0 : halfUp(g.gross_fen, CENTRE_PPM) };
    })
    .sort((a, b) => `${a.acquirer}${a.issuer}${a.industry}`.localeCompare(`${b.acquirer}${b.issuer}${b.industry}`));
}

const balances = new Map(MEMBERS.map((m) => [m.code, m.reserve.opening]));

function positionsOf(date, groups) {
  return MEMBERS.map((m) => {
    let receivable = 0;
    let payable = 0;
    for (const g of groups) {
      if (g.acquirer === g.issuer) continue;
      if (g.acquirer === m.code) receivable += g.gross_fen - g.issuer_fee_fen - g.centre_fee_fen;
      if (g.issuer === m.code) payable += g.gross_fen - g.issuer_fee_fen;
    }
    const before = balances.get(m.code);
    const net = receivable - payable;
    balances.set(m.code, before + net);
    return { clearing_date: date, member: m.code, receivable_fen: receivable, payable_fen: payable, adjustments_fen: 0, net_fen: net, reserve_before_fen: before, reserve_after_fen: before + net };
  });
}

const two = (n) => String(n).padStart(2, '0');

function makeDay(date, open) {
  const uploads = [];
  for (const m of MEMBERS) {
    if (m.state === 'suspended') continue;
    const files = m.weight >= 8 ? 2 : 1;
    for (let s = 1; s <= files; s += 1) {
      if (open && random.chance(0.3)) continue;
      uploads.push(makeUpload(date, m, s, open ? 0.8 : 1, at(date, `0${random.int(1, 9)}:${two(random.int(0, 59))}:${two(random.int(0, 59))}`)));
    }
  }
  uploads.sort((a, b) => a.accepted_at.localeCompare(b.accepted_at));
  const groups = groupsOf(uploads);
  return {
    clearing_date: date,
    state: open ? 'open' : 'closed',
    opened_at: at(addDays(date, -1), '23:00:04'),
    cut_at: open ? null : at(date, '22:30:00'),
    closed_at: open ? null : at(date, '22:31:40'),
    scheme_digest: random.hex(64),
    uploads, groups,
    positions: open ? [] : positionsOf(date, groups),
    centre_fees_fen: open ? null : groups.reduce((sum, g) => sum + g.centre_fee_fen, 0),
  };
}

export const DAYS = [];
for (let i = 14; i >= 0; i -= 1) DAYS.push(makeDay(addDays(OPEN_DATE, -i), i === 0));
let number = 0;
for (const day of DAYS) for (const upload of day.uploads) upload.upload_no = ++number;

export const balanceOf = (code) => balances.get(code);
export const allUploads = () => DAYS.flatMap((d) => d.uploads);
export const dayOf = (date) => DAYS.find((d) => d.clearing_date === date);
export const openDay = () => DAYS.find((d) => d.state !== 'closed') ?? null;
export { random };

export function verdictCounts(uploads) {
  const sums = new Map();
  for (const u of uploads) {
    for (const v of u.verdicts) {
      const s = sums.get(v.reason) ?? { count: 0, amount_fen: 0 };
      sums.set(v.reason, { count: s.count + v.count, amount_fen: s.amount_fen + v.amount_fen });
    }
  }
  return REASONS.filter((r) => sums.has(r.reason)).map((r) => ({ ...r, ...sums.get(r.reason) }));
}

/** Closes a day as the real steps would end. */
export function close(day) {
  Object.assign(day, { state: 'closed', closed_at: at(day.clearing_date, '22:31:40'), positions: positionsOf(day.clearing_date, day.groups), centre_fees_fen: day.groups.reduce((sum, g) => sum + g.centre_fee_fen, 0) });
}
export function openNext(after, date = addDays(after, 1)) {
  const day = { clearing_date: date, state: 'open', opened_at: at(after, '22:31:41'), cut_at: null, closed_at: null, scheme_digest: random.hex(64), uploads: [], groups: [], positions: [], centre_fees_fen: null };
  DAYS.push(day);
  return { clearing_date: date };
}

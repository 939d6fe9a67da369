import { publish } from '../events.mjs';
import { notFound, Refusal, route } from '../http.mjs';
import { at, now, OPEN_DATE, rfc3339 } from '../dates.mjs';
import { levelOf } from '../lists/money.mjs';
import { receipts, suspicious } from '../lists/clearing.mjs';
import { enqueue, state } from '../state.mjs';
import { stepsOf } from '../steps.mjs';
import { close, dayOf, DAYS, MEMBERS, openDay, openNext, verdictCounts } from '../world.mjs';

function summary(day, member) {
  const uploads = member ? day.uploads.filter((u) => u.member === member) : day.uploads;
  const refused = receipts.filter((r) => r.clearing_date === day.clearing_date && r.result !== 'OK' && (!member || r.member === member));
  const waiting = refused.filter((r) => r.result === 'F09').length;
  const expected = member ? (MEMBERS.find((m) => m.code === member).weight >= 8 ? 2 : 1) : MEMBERS.filter((m) => m.state === 'active').reduce((s, m) => s + (m.weight >= 8 ? 2 : 1), 0);
  const positions = day.positions;
  return {
    clearing_date: day.clearing_date, state: day.state, opened_at: day.opened_at, cut_at: day.cut_at, closed_at: day.closed_at,
    steps: stepsOf(day),
    files: { expected, arrived: uploads.length + refused.length, accepted: uploads.length, refused: refused.length - waiting, waiting },
    records: uploads.reduce((s, u) => s + u.record_count, 0),
    amount_fen: uploads.reduce((s, u) => s + u.verdicts[0].amount_fen, 0),
    verdicts: verdictCounts(uploads),
    centre_fees_fen: day.centre_fees_fen,
    positions: positions.length ? { receivers: positions.filter((p) => p.net_fen > 0).length, payers: positions.filter((p) => p.net_fen < 0).length, receivable_fen: positions.reduce((s, p) => s + p.receivable_fen, 0), payable_fen: positions.reduce((s, p) => s + p.payable_fen, 0) } : null,
  };
}

route('GET', '/dashboard', ({ session }) => {
  const member = session.account.member;
  const open = openDay();
  const closed = DAYS.filter((d) => d.state === 'closed');
  const arrived = new Set(open?.uploads.map((u) => u.member));
  return {
    clock: rfc3339(now()),
    open_day: open ? summary(open, member) : null,
    last_closed: summary(closed.at(-1), member),
    reserves: MEMBERS.map(levelOf).filter((r) => !member || r.member === member),
    trend: closed.map((d) => {
      const uploads = member ? d.uploads.filter((u) => u.member === member) : d.uploads;
      const by = (v) => verdictCounts(uploads).filter((x) => x.verdict === v).reduce((s, x) => s + x.count, 0);
      return { clearing_date: d.clearing_date, records: uploads.reduce((s, u) => s + u.record_count, 0), amount_fen: uploads.reduce((s, u) => s + u.verdicts[0].amount_fen, 0), accepted: by('A'), rejected: by('R'), suspicious: by('S'), duplicate: by('D'), test: by('T') };
    }),
    missing_files: open ? MEMBERS.filter((m) => m.state === 'active' && !arrived.has(m.code) && (!member || m.code === member)).map((m, i) => ({ member: m.code, name: m.name, expected_by: at(OPEN_DATE, i % 3 ? '12:00:00' : '10:00:00'), late_minutes: i % 3 ? -96 + i * 10 : 24 })) : [],
    todo: { approvals: state.approvals.filter((a) => a.state === 'open').length, suspicious: suspicious.filter((s) => s.state === 'open').length, failed_jobs: state.jobs.filter((j) => j.state === 'failed').length },
  };
});

function found(date) {
  const day = dayOf(date);
  if (!day) throw notFound();
  return day;
}

route('GET', '/clearing-days/{date}', ({ params }) => summary(found(params.date)));
route('GET', '/clearing-days/{date}/flows', ({ params, session }) => {
  const day = found(params.date);
  const member = session.account.member;
  const pairs = new Map();
  for (const g of day.groups) {
    if (member && g.acquirer !== member && g.issuer !== member) continue;
    const key = `${g.acquirer} ${g.issuer}`;
    const p = pairs.get(key) ?? { acquirer: g.acquirer, issuer: g.issuer, count: 0, gross_fen: 0, issuer_fee_fen: 0, centre_fee_fen: 0 };
    p.count += g.record_count;
    p.gross_fen += g.gross_fen;
    p.issuer_fee_fen += g.issuer_fee_fen;
    p.centre_fee_fen += g.centre_fee_fen;
    pairs.set(key, p);
  }
  return { members: MEMBERS.map(({ code, name, lon, lat }) => ({ code, name, lon, lat })), flows: [...pairs.values()] };
});

const proofs = new Map();
route('GET', '/clearing-days/{date}/proof', ({ params }) => {
  found(params.date);
  return proofs.get(params.date) ?? { clearing_date: params.date, state: 'none', job: null, proved_at: null, uploads: 0, lake_records: 0, raw_records: 0, result_files: 0, imbalance_fen: 0, differences: [], error: null };
});
route('POST', '/clearing-days/{date}/prove', ({ params, session }) => {
  const day = found(params.date);
  const records = day.uploads.reduce((s, u) => s + u.record_count, 0);
  const job = enqueue(session, 'day.prove', null);
  proofs.set(params.date, { clearing_date: params.date, state: 'done', ...job, proved_at: rfc3339(now()), uploads: day.uploads.length, lake_records: records, raw_records: records, result_files: 145, imbalance_fen: 0, differences: [], error: null });
  publish('job', job);
  return job;
}, { status: 202 });
route('POST', '/clearing-days/{date}/cut', ({ params, session }) => {
  const day = found(params.date);
  if (day.state !== 'open') throw new Refusal(409, 'E03', '该清算日不在开放状态', 'the clearing date is not open');
  Object.assign(day, { state: 'cut', cut_at: rfc3339(now()), progress: 2 });
  publish('day', { clearing_date: params.date });
  const timer = setInterval(() => {
    day.progress += 1;
    if (day.progress >= 8) {
      clearInterval(timer);
      close(day);
      openNext(day.clearing_date);
    }
    publish('day', { clearing_date: params.date });
  }, 400);
  return enqueue(session, 'day.finish', null);
}, { status: 202 });
route('POST', '/clearing-days', ({ body }) => {
  if (openDay()) throw new Refusal(409, 'E04', '已有开放的清算日', 'a clearing date is open already', openDay().clearing_date);
  return openNext(DAYS.at(-1).clearing_date, body?.date);
}, { status: 201 });
export { summary };

import { CENTRE_PPM, ISSUER_PPM, allUploads, dayOf } from '../world.mjs';
import { REASONS } from '../codes.mjs';
import { compact, now, rfc3339 } from '../dates.mjs';
import { download, notFound, route } from '../http.mjs';
import { receipts, resultFiles } from '../lists/clearing.mjs';
import { found, historyOf, recordOf } from '../records.mjs';
import { publish } from '../events.mjs';
import { openDay, verdictCounts } from '../world.mjs';

const pad = (value, width) => String(value).padStart(width, '0');

function uploadOf(name, session) {
  const upload = allUploads().find((u) => u.name === name && (!session.account.member || u.member === session.account.member));
  if (!upload) throw notFound();
  return upload;
}
const header = (kind, sender, receiver, date, sequence, count, total, length) =>
  `H01${kind}${sender}${receiver}${compact(date)}${pad(sequence, 6)}${pad(count, 8)}${pad(total, 15)}${pad(length, 4)}${compact(date)}080000${'A5'.repeat(32)}\r\n`;

route('GET', '/uploads/{name}', ({ params, session }) => {
  const own = receipts.filter((r) => r.upload_name === params.name && (!session.account.member || r.member === session.account.member));
  const upload = allUploads().find((u) => u.name === params.name && (!session.account.member || u.member === session.account.member));
  if (!upload && own.length === 0) throw notFound();
  const day = upload && dayOf(upload.clearing_date);
  return {
    name: params.name, member: upload?.member ?? own[0].member, accepted: Boolean(upload), clearing_date: upload?.clearing_date ?? null,
    file_date: upload?.file_date ?? own[0].clearing_date, sequence: upload?.sequence ?? 0, record_count: upload?.record_count ?? 0, total_fen: upload?.total_fen ?? 0,
    accepted_at: upload?.accepted_at ?? null, body_digest: upload?.body_digest ?? null, receipts: own, verdicts: upload ? verdictCounts([upload]) : [],
    groups: upload ? day.groups.filter((g) => g.acquirer === upload.member).map((g) => ({ issuer: g.issuer, industry: g.industry, count: g.record_count, gross_fen: g.gross_fen })) : [],
  };
});
route('GET', '/uploads/{name}/records', ({ params, session, query }) => {
  const upload = uploadOf(params.name, session);
  const limit = Number(query.get('limit') ?? 50);
  const verdict = query.get('verdict') ?? '';
  const items = [];
  let no = Number(query.get('from') ?? 1);
  for (; no <= upload.record_count && items.length < limit; no += 1) {
    const record = recordOf(upload, no);
    if (!verdict || record.verdict === verdict) items.push({ record_no: no, verdict: record.verdict, reason: record.reason, raw: record.raw });
  }
  return { items, next: no <= upload.record_count ? no : null };
});
route('GET', '/uploads/{name}/records/{no}/explain', ({ params, session }) => {
  const own = receipts.filter((r) => r.upload_name === params.name);
  const upload = allUploads().find((u) => u.name === params.name);
  if (!upload) return { accepted: false, receipts: own.map((r) => ({ clearing_date: r.clearing_date, upload: r.upload_name, result: r.result, detail: r.detail })) };
  uploadOf(params.name, session);
  const record = recordOf(upload, Number(params.no));
  const order = ['01', '03', '16', '02', '12', '11', '18', '15', '06', '08', '17', '19', '07', '04', '14'];
  const hit = order.indexOf(record.reason);
  const day = dayOf(upload.clearing_date);
  const group = record.verdict === 'A' ? day.groups.find((g) => g.acquirer === upload.member && g.acquirer !== g.issuer) : null;
  return {
    accepted: true, upload: upload.name, clearing_date: upload.clearing_date, record: record.record_no, raw: record.raw,
    checks: order.slice(0, hit < 0 ? order.length : hit + 1).map((reason, i) => ({ order: i + 1, verdict: REASONS.find((r) => r.reason === reason).verdict, reason, inputs: [`26 fields`, `issuer ${record.fields.issuer_id}`, 'active 2026-01-01..', `psam ${record.fields.psam} in ${record.fields.psam.slice(0, 4)}00000001..`, 'test flag 0, card type 00', `${upload.file_date} <= ${upload.clearing_date}`, 'late window 30 d', '01/3DES allowed', 'TAC 9A0B1C2D', `${record.fields.amount} <= 100000`, `${record.fields.amount} <= ${record.fields.balance_before} + 0`, 'grey flag 0', 'not listed', 'card key new', 'PSAM key new'][i], applied: i === hit })),
    verdict: record.verdict, reason: record.reason,
    earlier: record.reason === '04' ? { clearing_date: upload.clearing_date, upload: upload.name, record: 1 } : null,
    group: group && { acquirer: group.acquirer, issuer: group.issuer, industry: group.industry, count: group.record_count, gross_fen: group.gross_fen, issuer_fee_fen: group.issuer_fee_fen, centre_fee_fen: group.centre_fee_fen },
    fee_rule: group && { place: 1, issuer_rate_ppm: ISSUER_PPM, centre_rate_ppm: CENTRE_PPM },
    positions: group ? day.positions.filter((p) => [group.acquirer, group.issuer].includes(p.member)) : [],
    results: day.state === 'closed' ? [{ file: `${record.verdict === 'A' ? 'TXD' : 'TXE'}_${compact(day.clearing_date)}_${record.verdict === 'A' ? record.issuer : upload.member}_000001.dat`, line: record.record_no % 900 }] : [],
  };
});
route('GET', '/uploads/{name}/raw', ({ params, session, response }) => {
  const upload = uploadOf(params.name, session);
  const count = Math.min(upload.record_count, 5000);
  const lines = Array.from({ length: count }, (_, i) => `${recordOf(upload, i + 1).raw}\r\n`).join('');
  download(response, upload.name, 'application/octet-stream', header('TXU', upload.member, '00000000', upload.file_date, upload.sequence, count, upload.total_fen, 160) + lines);
});
route('POST', '/uploads/{name}', ({ params, raw }) => {
  const [, kind, , member] = /^([A-Z]{3})_(\d{8})_(\d{8})_\d{6}\.dat$/.exec(params.name) ?? [];
  const ok = kind === 'TXU' && raw.length >= 143 && (raw.length - 143) % 160 === 0;
  receipts.push({ clearing_date: openDay().clearing_date, member: member ?? '99999999', sequence: receipts.length, name: params.name.replace('TXU', 'TXR'), upload_name: params.name, result: ok ? 'OK' : kind ? 'F04' : 'F01', detail: ok ? '' : '文件体不是整行记录', created_at: `${openDay().clearing_date}T10:24:30+08:00` });
  if (ok) {
    const count = (raw.length - 143) / 160;
    const day = openDay();
    day.uploads.push({ upload_no: 1 + Math.max(...allUploads().map((u) => u.upload_no)), name: params.name, clearing_date: day.clearing_date, member, file_date: day.clearing_date, sequence: 9, record_count: count, total_fen: count * 200, body_digest: 'A5'.repeat(32), fingerprint: 'A5'.repeat(32), accepted_at: rfc3339(now()), verdicts: [{ reason: '00', count, amount_fen: count * 200 }] });
  }
  setTimeout(() => publish('file', { name: params.name }), 200);
  return { name: params.name, bytes: raw.length };
}, { status: 201 });
route('GET', '/receipts/{name}/content', ({ params, response }) => {
  const r = receipts.find((x) => x.name === params.name);
  if (!r) throw notFound();
  download(response, r.name, 'application/octet-stream', `${header('TXR', '00000000', r.member, r.clearing_date, r.sequence, 1, 0, 141)}R${r.upload_name.padEnd(40)}${r.result.padEnd(3)}${pad(100, 8)}${pad(20_000, 15)}${'A5'.repeat(32)}${compact(r.clearing_date)}\r\n`);
});
route('GET', '/result-files/{name}/content', ({ params, response }) => {
  const f = resultFiles.find((x) => x.name === params.name);
  if (!f) throw notFound();
  const uploads = dayOf(f.clearing_date).uploads;
  const count = Math.min(f.record_count, 400);
  const line = (i) => {
    const upload = uploads[i % uploads.length];
    const raw = recordOf(upload, i + 1).raw;
    if (f.kind === 'TXD') return `D${upload.member}${upload.name.padEnd(40)}${raw}\r\n`;
    if (f.kind === 'STL') return `LA${uploads[(i + 1) % uploads.length].member}01${pad(120, 8)}${pad(24_000, 15)}${pad(48, 12)}${pad(12, 12)}${pad(23_940, 16)}\r\n`;
    if (f.kind === 'STA') { const p = dayOf(f.clearing_date).positions.find((x) => x.member === f.member); const s = (v) => (v < 0 ? `-${pad(-v, 15)}` : pad(v, 16)); return `P${s(p.receivable_fen)}${s(p.payable_fen)}${s(0)}${s(p.net_fen)}${s(p.reserve_before_fen)}${s(p.reserve_after_fen)}\r\n`; }
    return `E${upload.name.padEnd(40)}${raw}S19\r\n`;
  };
  const length = { TXE: 204, TXD: 209, SUS: 204, STL: 77, STA: 99 }[f.kind];
  download(response, f.name, 'application/octet-stream', header(f.kind, '00000000', f.member, f.clearing_date, 1, count, f.total_fen, length) + Array.from({ length: count }, (_, i) => line(i)).join(''));
});
route('GET', '/statements/{date}/{file}', ({ params, response }) => {
  const [member, format] = params.file.split('.');
  download(response, `STA_${params.date}_${member}.${format}`, format === 'pdf' ? 'application/pdf' : 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet', '%PDF-1.4\n%mock\n');
});
route('GET', '/records', ({ query, session }) => {
  const uploads = allUploads().filter((u) => (!session.account.member || u.member === session.account.member) && (!query.get('from') || u.clearing_date >= query.get('from')) && (!query.get('to') || u.clearing_date <= query.get('to')));
  if (query.get('card')) return { items: historyOf(allUploads(), query.get('card')), next_cursor: null, uploads_read: 1 };
  const limit = Number(query.get('limit') ?? 100);
  const at = Number(query.get('cursor') || 0);
  const items = [];
  let i = at;
  for (; i < uploads.length * 400 && items.length < limit; i += 1) {
    const upload = uploads[Math.floor(i / 400)];
    const record = found(upload, ((i % 400) * 7) % upload.record_count + 1);
    if (query.get('verdict') && record.verdict !== query.get('verdict')) continue;
    if (query.get('sender') && record.sender !== query.get('sender')) continue;
    items.push(query.get('psam') ? { ...record, psam: query.get('psam') } : record);
  }
  return { items, next_cursor: i < uploads.length * 400 ? String(i) : null, uploads_read: uploads.length };
});

/** Record lines of the mock's uploads, made when asked: the same upload always has the same lines. */
import { REASONS } from './codes.mjs';
import { compact, rfc3339 } from './dates.mjs';
import { seeded } from './random.mjs';
import { MEMBERS } from './world.mjs';

const n = (value, width) => (value < 0 ? `-${String(-value).padStart(width - 1, '0')}` : String(value).padStart(width, '0'));

/** Reasons of the records of an upload, spread over the file. */
function reasonsOf(upload) {
  const bad = upload.verdicts.filter((v) => v.reason !== '00').flatMap((v) => Array.from({ length: v.count }, () => v.reason));
  const step = Math.max(1, Math.floor(upload.record_count / Math.max(1, bad.length)));
  return (no) => (no % step === 0 && no / step <= bad.length ? bad[no / step - 1] : '00');
}

export function recordOf(upload, no) {
  const random = seeded(upload.upload_no * 100_003 + no);
  const issuer = MEMBERS[random.int(0, 28)];
  const acquirer = MEMBERS.find((m) => m.code === upload.member);
  const reason = reasonsOf(upload)(no);
  const amount = random.int(10, 60) * 10;
  const balance = random.int(500, 9000);
  const serial = `0310${issuer.city}${n(random.int(1, 99_999), 12)}`;
  const seconds = 6 * 3600 + Math.floor((no * 50_000) / upload.record_count);
  const time = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map((x) => n(x, 2)).join('');
  const fields = {
    scheme: 'T', issuer_id: issuer.issuer_id, serial, counter: random.int(1, 3000), psam: `${acquirer.city}${n(random.int(1, 4000), 8)}`,
    psam_txn: random.hex(8), balance_before: balance, amount, industry: random.pick(['01', '01', '02', '02', '03', '09']), time,
  };
  const raw = `D${n(no, 8)}T${fields.issuer_id}${serial}00${'06'}${n(fields.counter, 5)}${fields.psam}${fields.psam_txn}${n(balance, 9)}${n(amount, 8)}${n(amount, 8)}${compact(upload.file_date)}${time}01${random.pick(['01', '04'])}${random.hex(8)}${fields.industry}${n(random.int(1, 99), 8)}${n(random.int(0, 300), 6)}${n(random.int(1, 9999), 8)}${acquirer.city}${reason === '19' ? 1 : 0}${reason === '12' ? 1 : 0}00`;
  const { verdict } = REASONS.find((r) => r.reason === reason);
  return { record_no: no, verdict, reason, raw, fields, issuer: issuer.code };
}

export function found(upload, no) {
  const r = recordOf(upload, no);
  const f = r.fields;
  return {
    clearing_date: upload.clearing_date, upload: upload.name, record_no: no, sender: upload.member, issuer: r.issuer, malformed: false, scheme: 'T', issuer_id: f.issuer_id,
    card: f.serial, counter: f.counter, psam: f.psam, psam_txn: f.psam_txn,
    at: rfc3339(Date.parse(`${upload.file_date}T${f.time.slice(0, 2)}:${f.time.slice(2, 4)}:${f.time.slice(4)}+08:00`)),
    industry: f.industry, amount_fen: f.amount, balance_before_fen: f.balance_before, verdict: r.verdict, reason: r.reason,
  };
}

/** A card's history: made up around its number, so that any number shows something. */
export function historyOf(uploads, card) {
  const random = seeded(Number(card.slice(-7)) || 1);
  let balance = 8000;
  let counter = random.int(1, 500);
  return uploads.filter((_, i) => i % 17 === 3).slice(0, 24).map((upload, i) => {
    const record = found(upload, random.int(1, upload.record_count));
    const amount = random.int(10, 60) * 10;
    if (balance < amount) balance += 10_000;
    if (i % 9 === 5) counter += 2;
    const row = { ...record, card, counter: (counter += 1), balance_before_fen: balance, amount_fen: amount, verdict: i === 11 ? 'S' : 'A', reason: i === 11 ? '19' : '00' };
    balance -= amount;
    return row;
  });
}

import { download, notFound, Refusal, route } from '../http.mjs';
import { LISTS } from '../lists/index.mjs';
import { MEMBERS, DAYS } from '../world.mjs';

const HIDDEN_FROM_MEMBERS = new Set(['ledger-accounts', 'ledger-transfers', 'scheme-versions', 'keys', 'custodians', 'key-requests', 'audit', 'roles', 'bank-statement-lines', 'day-steps', 'blacklist', 'card-products', 'segments', 'stock', 'production-orders', 'cards', 'sams', 'jobs', 'bank-instructions', 'reconciliation', 'groups', 'fees', 'login-log', 'sessions', 'list-lag', 'members']);

export function visible(session) {
  const member = session.account.owner_kind === 'member';
  return [...LISTS.values()].filter((l) => !member || !HIDDEN_FROM_MEMBERS.has(l.name));
}

/** Rows in the caller's scope. */
export function rowsOf(list, session) {
  const rows = list.rows();
  const code = session.account.member;
  if (!code) return rows;
  if (list.member) return rows.filter((r) => r[list.member] === code);
  if (list.name === 'suspicious') return rows.filter((r) => r.acquirer === code || r.issuer === code);
  if (list.name === 'accounts') return rows.filter((r) => r.member === code);
  if (list.name === 'approvals') return [];
  return rows;
}

function matches(list, params) {
  const tests = [];
  for (const [param, value] of params) {
    if (['limit', 'cursor', 'sort', 'columns', 'format'].includes(param)) continue;
    const dot = param.lastIndexOf('.');
    const op = dot < 0 ? '' : param.slice(dot + 1);
    const name = dot < 0 ? param : param.slice(0, dot);
    const column = list.columns.find((c) => c.name === name);
    if (!column?.filterable && name !== list.key) throw new Refusal(422, 'V02', '查询条件未知', 'unknown filter', param, [{ field: param, message: '未知的查询条件' }]);
    const number = ['int', 'fen', 'ppm'].includes(column?.kind);
    const cast = (v) => (number ? Number(v) : String(v));
    tests.push((row) => {
      const cell = row[name];
      if (op === 'like') return String(cell ?? '').toLowerCase().includes(value.toLowerCase());
      if (op === 'in') return value.split(',').includes(String(cell));
      if (cell === null || cell === undefined) return false;
      if (op === 'from') return cast(cell) >= cast(value);
      if (op === 'to') return cast(cell) <= cast(value);
      return String(cell) === value;
    });
  }
  return (row) => tests.every((t) => t(row));
}

function select(list, session, params) {
  const sort = (params.get('sort') ?? list.default_sort).split(',')[0];
  const name = sort.replace(/^-/, '');
  const sign = sort.startsWith('-') ? -1 : 1;
  const rows = rowsOf(list, session).filter(matches(list, params));
  return rows.sort((a, b) => {
    const [x, y] = [a[name], b[name]];
    const by = x === y ? 0 : x === null || x === undefined ? -1 : y === null || y === undefined ? 1 : x < y ? -1 : 1;
    return by * sign || (String(a[list.key]) < String(b[list.key]) ? -sign : sign);
  });
}

const project = (list, row) => Object.fromEntries([...new Set([list.key, ...list.columns.map((c) => c.name)])].map((n) => [n, row[n] ?? null]));

route('GET', '/lists', ({ session }) => ({ lists: visible(session).map(({ rows, member, ...l }) => l) }));

for (const name of LISTS.keys()) {
  route('GET', `/${name}`, ({ session, query }) => {
    const list = visible(session).find((l) => l.name === name);
    if (!list && name === 'members') return { items: [project(LISTS.get(name), MEMBERS.find((m) => m.code === session.account.member)), ...MEMBERS.filter((m) => m.code !== session.account.member).map((m) => ({ code: m.code, name: m.name }))], next_cursor: null, total: MEMBERS.length, total_is_exact: true };
    if (!list) throw notFound();
    const rows = select(list, session, query);
    const from = query.get('cursor') ? Number(Buffer.from(query.get('cursor'), 'base64url').toString()) : 0;
    if (!Number.isInteger(from) || from < 0) throw new Refusal(422, 'V03', '翻页位置无效', 'bad cursor');
    const limit = Math.min(500, Number(query.get('limit') ?? 50));
    const end = from + limit;
    return { items: rows.slice(from, end).map((r) => project(list, r)), next_cursor: end < rows.length ? Buffer.from(String(end)).toString('base64url') : null, total: Math.min(rows.length, 10_000), total_is_exact: rows.length <= 10_000 };
  });
  route('GET', `/${name}/export`, ({ session, query, response }) => {
    const list = visible(session).find((l) => l.name === name);
    if (!list) throw notFound();
    const columns = query.get('columns').split(',').map((n) => list.columns.find((c) => c.name === n)).filter(Boolean);
    const lines = [columns.map((c) => c.zh).join(','), ...select(list, session, query).map((r) => columns.map((c) => JSON.stringify(r[c.name] ?? '')).join(','))];
    download(response, `${name}.csv`, 'text/csv; charset=utf-8', `﻿${lines.join('\r\n')}\r\n`);
  });
}

route('GET', '/search', ({ query, session }) => {
  const q = query.get('q').trim();
  const items = [];
  const centre = session.account.owner_kind === 'centre';
  for (const d of DAYS) {
    if (d.clearing_date.includes(q)) items.push({ kind: 'day', label: d.clearing_date, path: `/days/${d.clearing_date}` });
    for (const u of d.uploads) if ((centre || u.member === session.account.member) && u.name.toLowerCase().includes(q.toLowerCase())) items.push({ kind: 'file', label: u.name, path: `/uploads/${u.name}` });
  }
  if (centre) for (const m of MEMBERS) if (m.code.includes(q) || m.name.includes(q)) items.push({ kind: 'member', label: `${m.code} ${m.name}`, path: `/members/${m.code}` });
  if (/^[0-9A-F]{16,20}$/.test(q)) items.push({ kind: 'card', label: `卡 card …${q.slice(-4)}`, path: `/records?card=${q}` });
  return { items: items.slice(0, 12) };
});

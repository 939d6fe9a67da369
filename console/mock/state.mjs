/** What changes while the mock runs: people, sessions, approvals, jobs. */
import { codes } from './permissions.mjs';
import { at, now, OPEN_DATE, addDays, rfc3339 } from './dates.mjs';

export const PASSWORD = 'Tongka-demo-2026';
export const TOTP = '123456';

const READ = [...codes('*.read'), 'access.logins', 'file.download', 'audit.read'];

const person = (name, number) => ({ account: Number(number.slice(1)), login: number, name, person: number });
const account = (id, login, name, owner_kind, member, roles, more = {}) => ({ id, login, name, person: `P${id}`, owner_kind, member, roles, state: 'active', totp: false, last_login_at: at(OPEN_DATE, '08:31:00'), ...more });

export const state = {
  accounts: [
    account(1, 'wangfang', '王芳', 'centre', null, ['operator']),
    account(2, 'liwei', '李伟', 'centre', null, ['checker']),
    account(3, 'admin', '系统管理员', 'centre', null, ['administrator']),
    account(4, 'shanghai', '陈静', 'member', '10002900', ['member']),
    account(5, 'auditor', '周敏', 'centre', null, ['auditor'], { totp: true }),
    account(6, 'newcomer', '新同事', 'centre', null, ['operator'], { must_change: true }),
    account(7, 'beijing', '刘洋', 'member', '10001000', ['member'], { state: 'disabled' }),
  ],
  roles: [
    { code: 'operator', name: '清算经办', side: 'centre', permissions: [...READ, ...codes('*.propose', 'day.operate', 'day.prove', 'file.upload', 'member.simulate', 'job.manage', 'key.ceremony', 'card.operate', 'notice.write', 'link.manage')] },
    { code: 'checker', name: '清算复核', side: 'centre', permissions: [...READ, ...codes('*.approve', 'day.prove', 'key.ceremony')] },
    { code: 'administrator', name: '系统管理', side: 'centre', permissions: [...READ, 'access.write', 'access.key', 'system.manage', 'job.manage', 'access.grant', 'access.role', 'access.session'] },
    { code: 'auditor', name: '审计', side: 'centre', permissions: [...READ, 'audit.verify'] },
    { code: 'member', name: '机构业务员', side: 'member', permissions: ['dashboard.read', 'day.read', 'file.read', 'file.upload', 'file.download', 'record.read', 'position.read', 'settlement.read', 'settlement.propose', 'dispute.read', 'dispute.propose', 'lists.read', 'lists.propose', 'link.read', 'report.read', 'notice.read', 'approval.read', 'access.read', 'access.write', 'access.key', 'access.logins', 'member.read'] },
  ],
  apiKeys: [
    { id: 'AK7F20A1', name: '上海上送', member: '10002900', algorithm: 'hmac-sm3', state: 'active', created_at: at('2026-03-02', '10:00:00'), expires_on: '2027-03-01', last_used_at: at(OPEN_DATE, '07:14:20') },
  ],
  approvals: [
    { id: 17, kind: 'member.fee.add', object: '费率 10005840 零售', summary: '深圳零售发卡方费率 0.3% → 0.25%，自 2026-12-01', state: 'open', proposer: person('王芳', 'P1'), proposed_at: at(OPEN_DATE, '09:12:00'), decider: null, decided_at: null, effective_on: '2026-12-01', reason: null, before: { acquirer: '10005840', industry: '9', issuer_rate_ppm: 3000, centre_rate_ppm: 800, valid_to: '2026-12-31' }, after: { acquirer: '10005840', industry: '9', issuer_rate_ppm: 2500, centre_rate_ppm: 800, valid_from: '2026-12-01', valid_to: '2026-12-31' } },
    { id: 16, kind: 'dispute.suspicious.clear', object: 'TXU_20261121_10005810_000001.dat #34', summary: '灰记录按余额链证明清分，2.00 元', state: 'open', proposer: person('李伟', 'P2'), proposed_at: at(addDays(OPEN_DATE, -1), '16:40:00'), decider: null, decided_at: null, effective_on: null, reason: null, before: null, after: { upload: 'TXU_20261121_10005810_000001.dat', record: 34, decision: 'clear', amount_fen: 200 } },
    { id: 15, kind: 'member.psam.add', object: 'PSAM 584000010000', summary: '深圳新增 PSAM 号段 65,536 个', state: 'done', proposer: person('王芳', 'P1'), proposed_at: at(addDays(OPEN_DATE, -4), '11:05:00'), decider: person('李伟', 'P2'), decided_at: at(addDays(OPEN_DATE, -4), '11:40:00'), effective_on: '2026-11-20', reason: null, before: null, after: { member: '10005840', first: '584000010000', last: '58400001FFFF', state: 'active' } },
    { id: 14, kind: 'access.account.roles', object: 'beijing', summary: '停用北京账户 beijing', state: 'refused', proposer: person('系统管理员', 'P3'), proposed_at: at(addDays(OPEN_DATE, -6), '15:00:00'), decider: person('李伟', 'P2'), decided_at: at(addDays(OPEN_DATE, -6), '15:30:00'), effective_on: null, reason: '请先与机构确认', before: { state: 'active' }, after: { state: 'disabled' } },
  ],
  jobs: Array.from({ length: 46 }, (_, i) => {
    const id = i + 1;
    const failed = id === 41;
    const running = id === 46;
    return { id, kind: ['day.finish', 'export', 'proof', 'what-if', 'deliver'][i % 5], state: failed ? 'failed' : running ? 'running' : 'done', attempt: failed ? 3 : 1, progress_done: running ? 310_000 : 100, progress_total: running ? 890_000 : 100, progress_text: running ? '310,000 / 890,000' : '', node: 'node-1', created_by: '王芳', created_at: at(addDays(OPEN_DATE, -Math.floor((45 - i) / 4)), '22:30:00'), started_at: at(addDays(OPEN_DATE, -Math.floor((45 - i) / 4)), '22:30:01'), ended_at: running ? null : at(addDays(OPEN_DATE, -Math.floor((45 - i) / 4)), '22:31:40'), error: failed ? 'Y07 对方主机无响应' : null, result: null };
  }),
  sessions: new Map(),
  preferences: new Map(),
  stored: new Map(),
};

let nextApproval = 18;
export function submit(session, kind, object, summary, before, after, effective_on = null) {
  const id = nextApproval++;
  state.approvals.push({ id, kind, object, summary, state: 'open', proposer: person(session.account.name, session.account.person), proposed_at: rfc3339(now()), decider: null, decided_at: null, effective_on, reason: null, before, after });
  return { approval: id };
}
let nextJob = 47;
export function enqueue(session, kind, result) {
  const id = nextJob++;
  const time = rfc3339(now());
  state.jobs.push({ id, kind, state: 'done', attempt: 1, progress_done: 1, progress_total: 1, progress_text: '', node: 'node-1', created_by: session.account.name, created_at: time, started_at: time, ended_at: time, error: null, result });
  return { job: id };
}

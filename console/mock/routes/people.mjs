import { at, OPEN_DATE } from '../dates.mjs';
import { randomUUID } from 'node:crypto';
import { notFound, Refusal, route } from '../http.mjs';
import { PERMISSIONS } from '../permissions.mjs';
import { PASSWORD, state, submit, TOTP } from '../state.mjs';

function view(session) {
  const a = session.account;
  const permissions = [...new Set(a.roles.flatMap((r) => state.roles.find((x) => x.code === r).permissions))];
  return {
    account: { id: a.id, login: a.login, name: a.name, person: a.person, owner: a.member ? `member:${a.member}` : a.owner_kind, roles: a.roles, totp: a.totp },
    permissions,
    csrf_token: session.csrf_token,
    must_change_password: Boolean(a.must_change),
  };
}

route('POST', '/sessions', ({ body, response }) => {
  const account = state.accounts.find((a) => a.login === body.login && a.state === 'active');
  if (!account || body.password !== (account.password ?? PASSWORD)) throw new Refusal(401, 'P02', '登录名或密码错误', 'wrong login or password');
  if (account.totp && body.totp !== TOTP) {
    throw new Refusal(401, 'P05', '需要动态口令', 'a one-time code is needed', '', [{ field: 'totp', code: 'P05', message: '请输入动态口令' }]);
  }
  const token = randomUUID();
  const session = { token, account, csrf_token: randomUUID() };
  state.sessions.set(token, session);
  response.setHeader('set-cookie', `tongka_session=${token}; Path=/; HttpOnly; SameSite=Strict`);
  return view(session);
}, { open: true });

route('GET', '/session', ({ session }) => view(session));
route('DELETE', '/session', ({ session }) => void state.sessions.delete(session.token));
route('DELETE', '/sessions/{id}', () => undefined);

route('POST', '/account/password', ({ session, body }) => {
  if (body.old_password !== (session.account.password ?? PASSWORD)) {
    throw new Refusal(422, 'P06', '原密码错误', 'the present password is wrong', '', [{ field: 'old_password', message: '原密码错误' }]);
  }
  session.account.password = body.new_password;
  session.account.must_change = false;
});
route('POST', '/account/totp', ({ session, body }) => {
  if (!body.code) return { secret: 'JBSWY3DPEHPK3PXP', uri: `otpauth://totp/Tongka:${session.account.login}?secret=JBSWY3DPEHPK3PXP&issuer=Tongka` };
  if (body.code !== TOTP) throw new Refusal(422, 'P05', '动态口令错误', 'wrong one-time code', '', [{ field: 'code', message: '动态口令错误' }]);
  session.account.totp = true;
  return { enabled: true };
});

route('GET', '/preferences/{key}', ({ session, params }) => {
  const found = state.preferences.get(`${session.account.id} ${params.key}`);
  if (found === undefined) throw notFound();
  return found;
});
route('PUT', '/preferences/{key}', ({ session, params, body }) => void state.preferences.set(`${session.account.id} ${params.key}`, body));

route('GET', '/permissions', () => ({ permissions: PERMISSIONS }));
route('GET', '/roles/{code}', ({ params }) => state.roles.find((r) => r.code === params.code) ?? (() => { throw notFound(); })());
route('PUT', '/roles/{code}', ({ params, body }) => {
  const role = state.roles.find((r) => r.code === params.code);
  if (role) Object.assign(role, body);
  else state.roles.push({ code: params.code, side: 'centre', ...body });
});
route('POST', '/accounts', ({ body }) => {
  if (state.accounts.some((a) => a.login === body.login)) throw new Refusal(409, 'P10', '登录名已被使用', 'the login is taken', '', [{ field: 'login', message: '登录名已被使用' }]);
  const [kind, code] = body.owner.split(':');
  state.accounts.push({ id: state.accounts.length + 1, login: body.login, name: body.name, person: body.person, owner_kind: kind, member: code ?? null, roles: body.roles, state: 'active', totp: false, must_change: true, last_login_at: null });
  return { id: state.accounts.length, password: 'Kd7-mq2P-vv81-Tongka' };
}, { status: 201 });
function accountOf(id) {
  const account = state.accounts.find((a) => String(a.id) === id);
  if (!account) throw notFound();
  return account;
}
route('POST', '/accounts/{id}/disable', ({ params }) => void Object.assign(accountOf(params.id), { state: 'disabled' }));
route('POST', '/accounts/{id}/enable', ({ params }) => void Object.assign(accountOf(params.id), { state: 'active' }));
route('POST', '/accounts/{id}/reset-password', ({ params }) => {
  accountOf(params.id).must_change = true;
  return { password: 'Kd7-mq2P-vv81-Tongka' };
});
route('POST', '/accounts/{id}/roles', ({ params, body }) => void Object.assign(accountOf(params.id), { roles: body.roles }));
route('POST', '/api-keys', ({ session, body }) => {
  const id = `AK${randomUUID().slice(0, 6).toUpperCase()}`;
  state.apiKeys.push({ id, name: body.name, member: session.account.member, algorithm: body.algorithm, state: 'active', created_at: '2026-11-23T10:24:00+08:00', expires_on: body.expires_on, last_used_at: null });
  return { id, secret: randomUUID().replaceAll('-', '') };
}, { status: 201 });
route('DELETE', '/api-keys/{id}', ({ params }) => {
  const key = state.apiKeys.find((k) => k.id === params.id);
  if (!key) throw notFound();
  key.state = 'revoked';
});

route('GET', '/approvals/{id}', ({ params }) => state.approvals.find((a) => String(a.id) === params.id) ?? (() => { throw notFound(); })());
function decide(verb, next) {
  route('POST', `/approvals/{id}/${verb}`, ({ session, params, body }) => {
    const approval = state.approvals.find((a) => String(a.id) === params.id);
    if (!approval) throw notFound();
    if (approval.state !== 'open') throw new Refusal(409, 'P04', '该复核单已处理', 'already decided');
    if (verb !== 'withdraw' && approval.proposer.person === session.account.person) throw new Refusal(409, 'P03', '经办人不能复核自己的提交', 'the proposer cannot approve');
    Object.assign(approval, { state: next, decider: { account: session.account.id, login: session.account.login, name: session.account.name, person: session.account.person }, decided_at: '2026-11-23T10:30:00+08:00', reason: body?.reason ?? null });
    return { id: approval.id, state: next };
  });
}
decide('approve', 'done');
decide('refuse', 'refused');
decide('withdraw', 'withdrawn');

route('GET', '/jobs/{id}', ({ params }) => state.jobs.find((j) => String(j.id) === params.id) ?? (() => { throw notFound(); })());
for (const verb of ['retry', 'cancel']) {
  route('POST', `/jobs/{id}/${verb}`, ({ params }) => {
    const job = state.jobs.find((j) => String(j.id) === params.id);
    if (!job) throw notFound();
    job.state = verb === 'retry' ? 'queued' : 'cancelled';
    return job;
  });
}
route('GET', '/system', () => ({ version: '0.1.0', started_at: at(OPEN_DATE, '02:00:00'), node: 'node-1', ready: true, checks: [['database', '数据库', 'Database', 'SQLite, 5.1 ms'], ['disk', '磁盘', 'Disk', '41%'], ['clock', '时钟', 'Clock', '偏差 3 ms'], ['hsm', '加密机', 'HSM', 'soft'], ['migrations', '数据库结构', 'Schema', '15']].map(([name, zh, en, detail]) => ({ name, zh, en, detail, ok: true })) }));
route('POST', '/audit/verify', () => ({ ok: true, entries: 620, head: 'A'.repeat(64), first_bad: null }));

import { now, rfc3339 } from '../dates.mjs';
import { randomUUID } from 'node:crypto';
import { notFound, Refusal, route } from '../http.mjs';
import { PERMISSIONS } from '../permissions.mjs';
import { PASSWORD, state, submit, TOTP } from '../state.mjs';

function view(session) {
  const a = session.account;
  const permissions = [...new Set(a.roles.flatMap((r) => state.roles.find((x) => x.code === r).permissions))];
  return {
    account: { id: a.id, login: a.login, name: a.name, person: a.person, owner: a.member ? `member:${a.member}` : a.owner_kind, roles: a.roles },
    permissions,
    csrf_token: session.csrf_token,
    must_change_password: Boolean(a.must_change),
  };
}

route('POST', '/sessions', ({ body, response }) => {
  const account = state.accounts.find((a) => a.login === body.login && a.state === 'active');
  if (!account || body.password !== (account.password ?? PASSWORD)) throw new Refusal(401, 'P01', '账号或口令错误，或账号暂不可用', 'wrong login or password');
  if (account.totp && body.totp !== TOTP) {
    throw new Refusal(401, body.totp ? 'P28' : 'P02', body.totp ? '动态口令错误' : '需要动态口令', 'a one-time password is needed');
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
route('POST', '/account/totp', ({ session }) => ({ secret: 'JBSWY3DPEHPK3PXP', url: `otpauth://totp/Tongka:${session.account.login}?secret=JBSWY3DPEHPK3PXP&issuer=Tongka` }));
route('POST', '/account/totp/confirm', ({ session, body }) => {
  if (body.code !== TOTP) throw new Refusal(422, 'P28', '动态口令错误', 'wrong one-time password');
  session.account.totp = true;
  return { recovery_codes: ['7K2M-91QX', 'P0FD-33LA', 'Z8RT-55WN', 'H1CV-72KE'] };
});
route('POST', '/account/totp/end', ({ session }) => void (session.account.totp = false));

route('GET', '/preferences/{key}', ({ session, params }) => {
  const found = state.preferences.get(`${session.account.id} ${params.key}`);
  if (found === undefined) throw notFound();
  return found;
});
route('PUT', '/preferences/{key}', ({ session, params, body }) => void state.preferences.set(`${session.account.id} ${params.key}`, body));

route('GET', '/permissions', () => ({ permissions: PERMISSIONS }));
route('GET', '/roles/{code}', ({ params }) => {
  const role = state.roles.find((r) => r.code === params.code);
  if (!role) throw notFound();
  return { code: role.code, zh: role.name, en: role.en ?? role.code, built_in: role.code === 'auditor', permissions: role.permissions };
});
route('PUT', '/roles/{code}', ({ params, body }) => {
  const role = state.roles.find((r) => r.code === params.code);
  const next = { name: body.zh, en: body.en, permissions: body.permissions };
  if (role) Object.assign(role, next);
  else state.roles.push({ code: params.code, side: 'centre', ...next });
});
route('POST', '/accounts', ({ body }) => {
  if (state.accounts.some((a) => a.login === body.login)) throw new Refusal(409, 'P10', '登录名已被使用', 'the login is taken', '', [{ field: 'login', message: '登录名已被使用' }]);
  const [kind, code] = body.owner.split(':');
  state.accounts.push({ id: state.accounts.length + 1, login: body.login, name: body.name, person: body.person, owner_kind: kind, member: code ?? null, roles: [], state: 'active', totp: false, must_change: true, last_login_at: null });
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
  state.apiKeys.push({ id, name: body.name, member: session.account.member, algorithm: body.public_key ? 'sm2' : 'hmac-sm3', state: 'active', created_at: '2026-11-23T10:24:00+08:00', expires_on: body.expires_on, last_used_at: null });
  return { id, secret: body.public_key ? null : randomUUID().replaceAll('-', '') };
}, { status: 201 });
route('DELETE', '/api-keys/{id}', ({ params }) => {
  const key = state.apiKeys.find((k) => k.id === params.id);
  if (!key) throw notFound();
  key.state = 'revoked';
});

function approvalFor(approval, { account }) {
  const held = account.roles.flatMap((r) => state.roles.find((x) => x.code === r)?.permissions ?? []);
  return { ...approval, owner: 'centre', executed_at: approval.state === 'done' ? approval.decided_at : null, result: null, may_decide: approval.state === 'open' && approval.proposer.person !== account.person && held.includes(`${approval.kind.split('.')[0]}.approve`) };
}
route('GET', '/approvals/{id}', ({ params, session }) => {
  const approval = state.approvals.find((a) => String(a.id) === params.id);
  if (!approval) throw notFound();
  return approvalFor(approval, session);
});
function decide(verb, next) {
  route('POST', `/approvals/{id}/${verb}`, ({ session, params, body }) => {
    const approval = state.approvals.find((a) => String(a.id) === params.id);
    if (!approval) throw notFound();
    if (approval.state !== 'open') throw new Refusal(409, 'P04', '该复核单已处理', 'already decided');
    if (verb !== 'withdraw' && approval.proposer.person === session.account.person) throw new Refusal(409, 'P03', '经办人不能复核自己的提交', 'the proposer cannot approve');
    Object.assign(approval, { state: next, decider: { account: session.account.id, login: session.account.login, name: session.account.name, person: session.account.person }, decided_at: '2026-11-23T10:30:00+08:00', reason: body?.reason ?? null });
    return approvalFor(approval, session);
  });
}
decide('approve', 'done');
decide('refuse', 'refused');
decide('withdraw', 'withdrawn');

route('GET', '/jobs/{id}', ({ params }) => state.jobs.find((j) => String(j.id) === params.id) ?? (() => { throw notFound(); })());
route('POST', '/jobs/{id}/cancel', ({ params }) => {
    const job = state.jobs.find((j) => String(j.id) === params.id);
    if (!job) throw notFound();
    job.state = 'cancelled';
    return job;
  });
route('GET', '/system', () => ({ version: '0.1.0', database: 'SQLite', node: 'node-1', clock: rfc3339(now()), roles: ['CentreApi', 'Worker'], automatic: true }));
route('POST', '/audit/verify', () => ({ ok: true, entries: 620, head: 'A'.repeat(64), first_bad: null, faults: [] }));

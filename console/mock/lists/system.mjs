import { values } from '../codes.mjs';
import { addDays, at, OPEN_DATE } from '../dates.mjs';
import { state } from '../state.mjs';
import { random } from '../world.mjs';
import { list } from './spec.mjs';

const approvalState = values('open:待复核:open:warn|scheduled:待生效:scheduled:info|done:已执行:done:ok|failed:执行失败:failed:bad|refused:已拒绝:refused:bad|withdrawn:已撤回:withdrawn:plain');
const jobState = values('queued:排队:queued:plain|running:运行中:running:info|done:完成:done:ok|failed:失败:failed:bad|cancelled:已取消:cancelled:plain');
const outcome = values('ok:成功:ok:ok|refused:拒绝:refused:bad|failed:失败:failed:bad');
const owner = values('centre:清算中心:centre:info|member:成员机构:member|tenant:租户:tenant');
const ACTIONS = ['session.open', 'day.cut', 'member.fee.add', 'approval.approve', 'list.export', 'key.activate', 'account.create'];
const audit = Array.from({ length: 620 }, (_, i) => ({ sequence: i + 1, at: at(addDays(OPEN_DATE, -Math.floor((620 - i) / 45)), `${String(8 + (i % 10)).padStart(2, '0')}:${String((i * 7) % 60).padStart(2, '0')}:${String((i * 13) % 60).padStart(2, '0')}`), actor: ['wangfang', 'liwei', 'system', 'shanghai'][i % 4], action: ACTIONS[i % 7], object: ['uploads', OPEN_DATE, 'fee 3', '17', 'tunion.tac.01.sm4'][i % 5], outcome: i % 41 === 9 ? 'refused' : 'ok', detail: '', hash: random.hex(64) }));

export const system = [
  list('approvals', '复核单', 'Approvals', 'id', `
    id:编号:Id:int:sf
    kind:类型:Kind:code:f
    object:对象:Object:code:f
    summary:摘要:Summary:text
    state:状态:State:enum:f
    proposer_name:经办:Proposed by:text:f
    proposed_at:提交时间:Proposed:datetime:sf
    decider_name:复核:Decided by:text
    decided_at:复核时间:Decided:datetime:s
    effective_on:生效日期:Effective on:date`,
    () => state.approvals.map((a) => ({ ...a, proposer_name: a.proposer.name, decider_name: a.decider?.name ?? null })), { enums: { state: approvalState }, sort: '-id' }),
  list('jobs', '任务', 'Jobs', 'id', `
    id:编号:Id:int:sf
    kind:类型:Kind:code:f
    state:状态:State:enum:f
    attempt:次数:Attempt:int
    progress_text:进度:Progress:text
    node:节点:Node:code
    created_by:提交:By:text:f
    created_at:提交时间:Created:datetime:sf
    started_at:开始:Started:datetime
    ended_at:结束:Ended:datetime:s
    error:错误:Error:text`,
    () => state.jobs, { enums: { state: jobState }, sort: '-id' }),
  list('audit', '审计日志', 'Audit log', 'sequence', `
    sequence:序号:Sequence:int:sf
    at:时间:Time:datetime:sf
    actor:操作人:Actor:text:f
    action:动作:Action:code:f
    object:对象:Object:code:f
    outcome:结果:Outcome:enum:f
    detail:内容:Detail:text
    hash:链摘要:Chain hash:digest`, () => audit, { enums: { outcome }, sort: '-sequence' }),
  list('login-log', '登录日志', 'Log-in log', 'id', `
    id:编号:Id:int:sh
    at:时间:Time:datetime:sf
    login:登录名:Login:text:f
    outcome:结果:Outcome:enum:f
    address:来源地址:Address:code:f
    agent:客户端:Client:text`,
    () => audit.slice(0, 140).map((a, i) => ({ id: i + 1, at: a.at, login: a.actor, outcome: i % 13 === 4 ? 'refused' : 'ok', address: `10.0.${i % 8}.${20 + (i % 60)}`, agent: 'Chrome 156 / Windows 10' })), { enums: { outcome }, sort: '-at' }),
  list('accounts', '账户', 'Accounts', 'id', `
    id:编号:Id:int:s
    login:登录名:Login:text:sf
    name:姓名:Name:text:f
    owner_kind:归属:Side:enum:f
    member:成员机构:Member:member:f
    roles:角色:Roles:text
    state:状态:State:enum:f
    totp:动态口令:One-time code:enum:f
    last_login_at:最近登录:Last log-in:datetime:s`,
    () => state.accounts.map((a) => ({ ...a, roles: a.roles.join(', '), totp: a.totp ? 'on' : 'off' })), { enums: { owner_kind: owner, totp: values('off:未启用:off|on:已启用:on:ok'), state: values('active:启用:active:ok|disabled:停用:disabled:bad|locked:锁定:locked:warn') } }),
  list('roles', '角色', 'Roles', 'code', `
    code:代码:Code:code:sf
    name:名称:Name:text
    side:适用:Side:enum:f
    permission_count:权限数:Permissions:int
    account_count:账户数:Accounts:int`,
    () => state.roles.map((r) => ({ ...r, permission_count: r.permissions.length, account_count: state.accounts.filter((a) => a.roles.includes(r.code)).length })), { enums: { side: owner } }),
  list('sessions', '在线会话', 'Sessions', 'id', `
    id:编号:Id:code:h
    login:登录名:Login:text:f
    started_at:登录时间:Since:datetime:s
    seen_at:最近活动:Last seen:datetime:s
    address:来源地址:Address:code:f
    agent:客户端:Client:text`,
    () => [{ id: 's1', login: 'wangfang', started_at: at(OPEN_DATE, '08:31:00'), seen_at: at(OPEN_DATE, '10:23:40'), address: '10.0.1.21', agent: 'Chrome 156 / Windows 10' }, { id: 's2', login: 'liwei', started_at: at(OPEN_DATE, '08:58:00'), seen_at: at(OPEN_DATE, '10:20:02'), address: '10.0.1.34', agent: 'Edge 156 / Windows 11' }]),
  list('api-keys', 'API 密钥', 'API keys', 'id', `
    id:编号:Id:code
    name:名称:Name:text:f
    member:成员机构:Member:member:f
    algorithm:签名算法:Algorithm:enum:f
    state:状态:State:enum:f
    created_at:创建:Created:datetime:s
    expires_on:到期:Expires:date:s
    last_used_at:最近使用:Last used:datetime:s`,
    () => state.apiKeys, { enums: { algorithm: values('hmac-sm3:HMAC-SM3:HMAC-SM3|sm2:SM2:SM2:info'), state: values('active:启用:active:ok|revoked:已吊销:revoked:bad') } }),
  list('notices', '通知', 'Notices', 'id', `
    id:编号:Id:int:sh
    at:时间:Time:datetime:sf
    kind:类型:Kind:code:f
    member:成员机构:Member:member:f
    text:内容:Text:text
    state:发送:Delivery:enum:f`,
    () => Array.from({ length: 12 }, (_, i) => ({ id: i + 1, at: at(addDays(OPEN_DATE, -i), '12:01:00'), kind: 'file.missing', member: '10008210', text: '应到文件 TXU 未到', state: 'sent' })), { enums: { state: values('sent:已发送:sent:ok|waiting:待发送:waiting:warn|failed:失败:failed:bad') }, sort: '-at' }),
];

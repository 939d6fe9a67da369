import { INDUSTRIES, values } from '../codes.mjs';
import { addDays, at, OPEN_DATE } from '../dates.mjs';
import { CENTRE_PPM, DAYS, ISSUER_PPM, MEMBERS, random } from '../world.mjs';
import { list } from './spec.mjs';

const scheme = values('T:交通联合:T-Union:info|M:住建部互联互通:MOHURD');
const state = values('active:启用:active:ok|suspended:暂停:suspended:bad|stopped:停用:stopped:bad|test:测试:test:info');
export const fees = [
  { id: 1, acquirer: null, issuer: null, industry: null, issuer_rate_ppm: ISSUER_PPM, centre_rate_ppm: CENTRE_PPM, valid_from: '2026-01-01', valid_to: null },
  { id: 2, acquirer: null, issuer: '10002900', industry: '2', issuer_rate_ppm: 1500, centre_rate_ppm: 500, valid_from: '2026-07-01', valid_to: null },
  { id: 3, acquirer: '10005840', issuer: null, industry: '9', issuer_rate_ppm: 3000, centre_rate_ppm: 800, valid_from: '2026-10-01', valid_to: '2026-12-31' },
];
export const parties = [
  list('members', '成员机构', 'Members', 'code', `
    code:机构代码:Code:code:sf
    name:名称:Name:text:sf
    city:城市代码:City:code:f
    state:状态:State:enum:f
    active_from:互通起:From:date:s
    active_to:互通止:To:date:s
    issuer_count:发卡机构:Issuers:int
    certificate_to:证书到期:Certificate until:date:s`,
    () => MEMBERS.map((m, i) => ({ ...m, issuer_count: 1, certificate_to: addDays(OPEN_DATE, 40 + i * 13) })), { enums: { state } }),
  list('issuers', '发卡机构', 'Issuers', 'issuer_id', `
    issuer_id:发卡机构标识:Issuer id:code:sf
    scheme:卡体系:Card scheme:enum:f
    member:成员机构:Member:member:sf
    overdraft_limit_fen:透支额度:Overdraft limit:fen
    keys:密钥版本:Keys:text`,
    () => MEMBERS.map((m) => ({ issuer_id: m.issuer_id, scheme: 'T', member: m.code, overdraft_limit_fen: m.weight > 7 ? 800 : 0, keys: '01/3DES 01/SM4' })), { enums: { scheme }, member: 'member' }),
  list('psam-ranges', 'PSAM 号段', 'PSAM ranges', 'first', `
    first:起始:From:code:sf
    last:截止:To:code
    member:成员机构:Member:member:sf
    state:状态:State:enum:f`,
    () => MEMBERS.flatMap((m) => [{ first: `${m.city}00000001`, last: `${m.city}0000FFFF`, member: m.code, state: 'active' }, { first: `${m.city}F0000001`, last: `${m.city}F00000FF`, member: m.code, state: 'test' }]), { enums: { state }, member: 'member' }),
  list('certificates', '证书', 'Certificates', 'serial', `
    serial:序列号:Serial:code:sf
    member:成员机构:Member:member:sf
    usage:用途:Usage:enum:f
    valid_from:生效:From:date:s
    valid_to:到期:Until:date:sf
    fingerprint:指纹:Fingerprint:digest:f`,
    () => MEMBERS.map((m, i) => ({ serial: random.hex(16), member: m.code, usage: 'sign', valid_from: '2026-01-01', valid_to: addDays(OPEN_DATE, 40 + i * 13), fingerprint: random.hex(64) })), { enums: { usage: values('sign:文件签名:file signature') }, member: 'member' }),
  list('fees', '费率', 'Fees', 'id', `
    id:规则号:Rule:int:s
    acquirer:收单方:Acquirer:member:f
    issuer:发卡方:Issuer:member:f
    industry:行业:Industry:enum:f
    issuer_rate_ppm:发卡方费率:Issuer rate:ppm:s
    centre_rate_ppm:中心费率:Centre rate:ppm:s
    valid_from:生效:From:date:sf
    valid_to:失效:Until:date:s`,
    () => fees, { enums: { industry: INDUSTRIES } }),
  list('scheme-versions', '规则版本', 'Scheme versions', 'version', `
    version:版本:Version:int:s
    effective_on:生效日期:Effective on:date:sf
    digest:摘要:Digest:digest
    note:说明:Note:text
    created_by:提交:By:text
    approved_by:复核:Approved by:text
    created_at:时间:Time:datetime:s`,
    () => [1, 2, 3].map((v) => ({ version: v, effective_on: ['2026-01-01', '2026-07-01', '2026-10-01'][v - 1], digest: random.hex(64), note: ['初始规则', '上海地铁费率', '深圳零售试点'][v - 1], created_by: '王芳', approved_by: '李伟', created_at: at(['2025-12-20', '2026-06-20', '2026-09-21'][v - 1], '15:00:00') })), { sort: '-version' }),
  list('holidays', '节假日', 'Holidays', 'date', `
    date:日期:Date:date:sf
    kind:类型:Kind:enum:f
    name:名称:Name:text`,
    () => [['2026-10-01', 'off', '国庆节'], ['2026-10-02', 'off', '国庆节'], ['2026-10-05', 'off', '国庆节'], ['2026-10-10', 'work', '国庆调休'], ['2027-01-01', 'off', '元旦'], ['2027-02-05', 'off', '除夕'], ['2027-02-08', 'off', '春节']].map(([date, kind, name]) => ({ date, kind, name })), { enums: { kind: values('off:休息:day off:plain|work:上班:working day:info') } }),
  list('expected-files', '应到文件', 'Expected files', 'id', `
    id:编号:Id:int:h
    member:成员机构:Member:member:sf
    kind:类型:Kind:code:f
    from_time:窗口起:From:text
    to_time:窗口止:Until:text
    files:文件数:Files:int
    workdays_only:仅工作日:Working days only:flag:f`,
    () => MEMBERS.map((m, i) => ({ id: i + 1, member: m.code, kind: 'TXU', from_time: '00:00', to_time: '12:00', files: m.weight >= 8 ? 2 : 1, workdays_only: m.weight < 2 })), { member: 'member' }),
  list('blacklist', '黑名单', 'Blacklist', 'serial', `
    serial:应用序列号:Application serial:code:sf
    scheme:卡体系:Card scheme:enum:f
    issuer_id:发卡机构标识:Issuer id:code:f
    member:发卡方:Issuer:member:sf
    listed_at:列入时间:Listed:datetime:sf
    removed_at:移出时间:Removed:datetime:s`,
    () => Array.from({ length: 180 }, (_, i) => { const m = MEMBERS[i % 29]; return { serial: `0310${m.city}${String(1_000_000 + i * 7919).padStart(12, '0')}`, scheme: 'T', issuer_id: m.issuer_id, member: m.code, listed_at: at(addDays(OPEN_DATE, -(i % 90)), '00:00:00'), removed_at: i % 9 === 4 ? at(addDays(OPEN_DATE, -(i % 9)), '12:00:00') : null }; }), { enums: { scheme }, sort: '-listed_at', member: 'member' }),
  list('list-versions', '名单版本', 'List versions', 'id', `
    id:编号:Id:int:s
    kind:名单:List:enum:f
    version:版本:Version:int:s
    base_version:基础版本:Base:int
    entries:条目:Entries:int:s
    published_at:发布时间:Published:datetime:s
    digest:摘要:Digest:digest`,
    () => Array.from({ length: 24 }, (_, i) => ({ id: i + 1, kind: i % 6 === 0 ? 'BLF' : 'BLI', version: 100 + i, base_version: i % 6 === 0 ? null : 99 + i, entries: i % 6 === 0 ? 18_000 + i * 31 : 40 + i, published_at: at(addDays(OPEN_DATE, i - 23), '02:00:00'), digest: random.hex(64) })), { enums: { kind: values('BLF:黑名单全量:blacklist, full:info|BLI:黑名单增量:blacklist, incremental|PAR:参数:parameters') }, sort: '-id' }),
  list('list-lag', '下发滞后', 'Delivery lag', 'id', `
    id:编号:Id:code:h
    member:成员机构:Member:member:sf
    kind:名单:List:enum:f
    version:最新版本:Latest:int
    fetched_version:已取版本:Fetched:int:s
    acknowledged_version:已确认版本:Acknowledged:int:s
    lag_minutes:滞后(分):Lag (min):int:sf`,
    () => MEMBERS.map((m, i) => ({ id: m.code, member: m.code, kind: 'BLI', version: 123, fetched_version: 123 - (i % 7 === 3 ? 1 : 0), acknowledged_version: 123 - (i % 5 === 1 ? 1 : 0), lag_minutes: i % 7 === 3 ? 1520 : i % 5 === 1 ? 65 : 0 })), { enums: { kind: values('BLI:黑名单:blacklist') }, sort: '-lag_minutes', member: 'member' }),
  list('transfers', '文件传输', 'File transfers', 'id', `
    id:编号:Id:int:s
    member:成员机构:Member:member:sf
    direction:方向:Direction:enum:f
    name:文件名:File:code:f
    bytes:字节:Bytes:int:s
    channel:通道:Channel:enum:f
    peer:来源地址:Peer:code
    state:状态:State:enum:f
    started_at:开始:Started:datetime:s
    ended_at:结束:Ended:datetime`,
    () => DAYS.slice(-2).flatMap((d) => d.uploads).map((u, i) => ({ id: i + 1, member: u.member, direction: 'in', name: u.name, bytes: 143 + u.record_count * 160, channel: i % 4 === 0 ? 'https' : 'sftp', peer: `10.${i % 30}.8.21`, state: i % 17 === 5 ? 'resumed' : 'done', started_at: u.accepted_at, ended_at: u.accepted_at })), { enums: { direction: values('in:上送:in:info|out:下发:out'), channel: values('sftp:SFTP:SFTP|https:HTTPS:HTTPS'), state: values('done:完成:done:ok|resumed:续传完成:resumed:info|failed:失败:failed:bad') }, sort: '-id', member: 'member' }),
];

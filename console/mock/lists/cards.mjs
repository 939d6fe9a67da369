import { values } from '../codes.mjs';
import { addDays, at, OPEN_DATE } from '../dates.mjs';
import { random } from '../world.mjs';
import { list } from './spec.mjs';

const scheme = values('T:交通联合:T-Union:info|M:住建部互联互通:MOHURD');
export const custodians = [
  { name: '赵一', active_from: '2026-01-01', active_to: '2027-12-31', failures: 0 },
  { name: '钱二', active_from: '2026-01-01', active_to: '2027-12-31', failures: 0 },
  { name: '孙三', active_from: '2026-03-01', active_to: '2027-12-31', failures: 1 },
];
export const keys = [
  ['tunion.tac.01.3des', 'tac', '3DES', 1, 'root', 'active'], ['tunion.tac.01.sm4', 'tac', 'SM4', 1, 'root', 'active'],
  ['tunion.purchase.01.3des', 'purchase', '3DES', 1, 'root', 'active'], ['tunion.purchase.02.sm4', 'purchase', 'SM4', 2, 'root', 'generated'],
  ['tunion.load.01.sm4', 'load', 'SM4', 1, 'root', 'active'], ['transport.maker01', 'transport', 'SM4', 1, 'transport', 'active'],
  ['mohurd.tac.01.3des', 'tac', '3DES', 1, 'root', 'retired'],
].map(([name, usage, algorithm, version, level, state]) => ({ name, usage, algorithm, version, level, state, key_index: version, kcv: random.hex(6), parent: null, made_at: at('2026-01-05', '10:30:00') }));
export const keyRequests = [
  { id: 12, action: 'activate tunion.purchase.02.sm4', proposer: '赵一', proposed_at: at(OPEN_DATE, '09:30:00'), state: 'open', decided_by: null },
  { id: 11, action: 'export transport.maker01', proposer: '钱二', proposed_at: at(addDays(OPEN_DATE, -3), '14:10:00'), state: 'done', decided_by: '孙三' },
];
const orderState = values('ordered:已下单:ordered:info|data:已出数据:data written:info|producing:生产中:producing:warn|done:完成:done:ok');
export const cards = [
  list('keys', '密钥台账', 'Key inventory', 'name', `
    name:名称:Name:code:sf
    usage:用途:Usage:code:f
    algorithm:算法:Algorithm:enum:f
    version:版本:Version:int:sf
    level:级别:Level:code
    state:状态:State:enum:f
    kcv:校验值:KCV:code
    parent:上级密钥:Parent:code
    made_at:生成时间:Made:datetime:s`,
    () => keys, { enums: { algorithm: values('3DES:3DES:3DES|SM4:SM4:SM4:info'), state: values('generated:已生成:generated:warn|active:启用:active:ok|retired:停止发卡:retired|destroyed:已销毁:destroyed:bad') } }),
  list('custodians', '保管员', 'Custodians', 'name', `
    name:姓名:Name:text:sf
    active_from:任期起:From:date
    active_to:任期止:Until:date:s
    failures:口令错误:Failures:int`, () => custodians),
  list('key-requests', '密钥双控申请', 'Key requests', 'id', `
    id:编号:Id:int:s
    action:操作:Action:text:f
    proposer:经办:Proposed by:text
    proposed_at:时间:Time:datetime:s
    state:状态:State:enum:f
    decided_by:复核:Decided by:text`,
    () => keyRequests, { enums: { state: values('open:待复核:open:warn|done:已执行:done:ok|refused:已拒绝:refused:bad') }, sort: '-id' }),
  list('card-products', '卡产品', 'Card products', 'code', `
    code:代码:Code:code:sf
    name:名称:Name:text:f
    scheme:卡体系:Card scheme:enum:f
    issuer:发卡机构标识:Issuer:code:f
    kind:卡种:Kind:int
    max_balance_fen:余额上限:Max balance:fen
    deposit_fen:押金:Deposit:fen
    years:有效期(年):Years:int`,
    () => [['ORD', '普通卡', 0], ['STU', '学生卡', 2], ['SEN', '敬老卡', 3], ['TEST', '测试卡', 4]].map(([code, name, kind]) => ({ code, name, scheme: 'T', issuer: '02002900FFFFFFFF', kind, max_balance_fen: 100_000, deposit_fen: kind ? 0 : 2000, years: 10 })), { enums: { scheme } }),
  list('segments', '号段', 'Segments', 'first', `
    first:起号:From:code:sf
    last:止号:To:code
    product:卡产品:Product:code:f
    maker:卡商:Maker:code:f
    next:下一号:Next:code
    used_count:已用:Used:int:s`,
    () => [0, 1, 2].map((i) => ({ first: `3104290${i}00000000001`, last: `3104290${i}00000999999`, product: ['ORD', 'STU', 'SEN'][i], maker: ['HTK', 'DQK', 'HTK'][i], next: `3104290${i}0000003${i}001`, used_count: 30_000 + i * 1000 }))),
  list('stock', '库存', 'Stock', 'id', `
    id:编号:Id:code:h
    product:卡产品:Product:code:f
    place:地点:Place:text:f
    state:状态:State:enum:f
    cards:张数:Cards:int:s`,
    () => [['ORD', '中心库', 'stock', 21_000], ['ORD', '网点 001', 'stock', 800], ['STU', '中心库', 'stock', 5400], ['ORD', '中心库', 'spoiled', 37]].map(([product, place, state, n], i) => ({ id: String(i), product, place, state, cards: n })), { enums: { state: values('stock:在库:in stock:ok|issued:已发:issued:info|spoiled:废卡:spoiled:bad') } }),
  list('production-orders', '制卡订单', 'Production orders', 'id', `
    id:订单:Order:int:s
    product:卡产品:Product:code:f
    maker:卡商:Maker:code:f
    first:起号:From:code
    card_count:张数:Cards:int:s
    state:状态:State:enum:f
    ordered_at:下单时间:Ordered:datetime:s`,
    () => [1, 2, 3, 4].map((id) => ({ id, product: ['ORD', 'STU', 'ORD', 'SEN'][id - 1], maker: 'HTK', first: `3104290000000${id}0001`, card_count: id * 5000, state: ['done', 'done', 'producing', 'ordered'][id - 1], ordered_at: at(addDays(OPEN_DATE, -60 + id * 14), '11:00:00') })), { enums: { state: orderState }, sort: '-id' }),
  list('cards', '卡片', 'Cards', 'number', `
    number:卡号:Number:code:sf
    scheme:卡体系:Card scheme:enum:f
    product:卡产品:Product:code:f
    order_id:订单:Order:int:f
    state:状态:State:enum:f
    changed_on:变更日期:Changed:date:sf`,
    () => Array.from({ length: 240 }, (_, i) => ({ number: `310429****${String(10_000 + i).slice(-4)}`, scheme: 'T', product: ['ORD', 'STU', 'ORD', 'SEN'][i % 4], order_id: (i % 3) + 1, state: ['stock', 'issued', 'active', 'lost', 'active'][i % 5], changed_on: addDays(OPEN_DATE, -(i % 60)) })), { enums: { scheme, state: values('made:已制卡:made:info|stock:库存:in stock:plain|issued:已发行:issued:info|active:正常:active:ok|lost:挂失:lost:warn|returned:退卡:returned:plain') } }),
  list('sams', 'PSAM/ISAM', 'PSAM/ISAM', 'number', `
    number:编号:Number:code:sf
    kind:类型:Kind:enum:f
    state:状态:State:enum:f
    changed_on:变更日期:Changed:date:sf`,
    () => Array.from({ length: 60 }, (_, i) => ({ number: `2900${String(i + 1).padStart(8, '0')}`, kind: i % 9 === 0 ? 'ISAM' : 'PSAM', state: ['made', 'given', 'active', 'active', 'broken'][i % 5], changed_on: addDays(OPEN_DATE, -(i % 40)) })), { enums: { kind: values('PSAM:PSAM:PSAM:info|ISAM:ISAM:ISAM:warn'), state: values('made:已制作:made|given:已领用:given out:info|active:在用:active:ok|broken:损坏:broken:bad|destroyed:已销毁:destroyed:plain') } }),
];

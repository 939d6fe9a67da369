import { now, rfc3339 } from '../dates.mjs';
import { notFound, Refusal, route } from '../http.mjs';
import { custodians, keyRequests, keys } from '../lists/cards.mjs';
import { random } from '../world.mjs';

const PASSPHRASE = 'custodian-pass';
const ceremonies = [];
const view = ({ components, ...rest }) => rest;
function ceremonyOf(id) {
  const c = ceremonies.find((x) => String(x.id) === id);
  if (!c) throw notFound();
  return c;
}
function signed(body) {
  if (!custodians.some((c) => c.name === body.custodian) || body.passphrase !== PASSPHRASE) throw new Refusal(422, 'K03', '保管员口令错误', 'wrong passphrase');
}

route('GET', '/key-ceremonies', () => ({ items: ceremonies.map(view).reverse() }));
route('POST', '/key-ceremonies', ({ session, body }) => {
  if (keys.some((k) => k.name === body.key.name)) throw new Refusal(409, 'K08', '密钥名称已存在', 'the key exists', '', [{ field: 'key.name', message: body.key.name }]);
  const c = { id: ceremonies.length + 1, key: body.key, state: 'open', leader: session.account.name, device: 'soft tongka', created_at: rfc3339(now()), finished_at: null, expected_kcv: body.kcv ?? null, kcv: null, participants: body.custodians.map((custodian) => ({ custodian, entered_at: null, kcv: null })), components: [] };
  ceremonies.push(c);
  return view(c);
}, { status: 201 });
route('GET', '/key-ceremonies/{id}', ({ params }) => view(ceremonyOf(params.id)));
route('POST', '/key-ceremonies/{id}/components', ({ params, body }) => {
  const c = ceremonyOf(params.id);
  signed(body);
  const p = c.participants.find((x) => x.custodian === body.custodian && !x.entered_at);
  if (!p) throw new Refusal(409, 'K06', '该保管员已输入分量', 'this custodian has entered already');
  Object.assign(p, { entered_at: rfc3339(now()), kcv: body.kcv });
  return view(c);
});
route('POST', '/key-ceremonies/{id}/finish', ({ params }) => {
  const c = ceremonyOf(params.id);
  Object.assign(c, { state: 'done', finished_at: rfc3339(now()), kcv: c.expected_kcv ?? random.hex(6) });
  keys.push({ name: c.key.name, usage: c.key.usage, algorithm: c.key.sm4 ? 'SM4' : '3DES', version: c.key.version, level: c.key.level, state: 'generated', key_index: c.key.index, kcv: c.kcv, parent: null, made_at: c.finished_at });
  return view(c);
});
route('POST', '/key-ceremonies/{id}/abort', ({ params }) => {
  const c = ceremonyOf(params.id);
  c.state = 'aborted';
  return view(c);
});
route('POST', '/key-requests', ({ body }) => {
  signed(body);
  const id = Math.max(...keyRequests.map((r) => r.id)) + 1;
  keyRequests.push({ id, action: `${body.action} ${body.name ?? body.key.name} ${body.to ?? ''}`.trim(), proposer: body.custodian, proposed_at: rfc3339(now()), state: 'open', decided_by: null });
  return { id };
}, { status: 201 });
for (const [verb, state] of [['approve', 'done'], ['refuse', 'refused']]) {
  route('POST', `/key-requests/{id}/${verb}`, ({ params, body }) => {
    signed(body);
    const r = keyRequests.find((x) => String(x.id) === params.id);
    if (!r) throw notFound();
    if (verb === 'approve' && r.proposer === body.custodian) throw new Refusal(409, 'K06', '申请人不能复核', 'the proposer cannot approve');
    Object.assign(r, { state, decided_by: body.custodian });
    return { id: r.id };
  });
}

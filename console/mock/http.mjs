/** Routing, problems, sessions, idempotency of the mock: the conventions of the API, nothing of its business. */
import { createHash, randomUUID } from 'node:crypto';
import { state } from './state.mjs';

export class Refusal extends Error {
  constructor(status, code, title, title_en, detail = '', errors = []) {
    super(title);
    Object.assign(this, { status, code, title, title_en, detail, errors });
  }
}
export const notFound = () => new Refusal(404, 'W04', '没有找到', 'not found');

const routes = [];
export function route(method, pattern, handler, options = {}) {
  const names = [];
  const regex = new RegExp(`^${pattern.replace(/\{(\w+)\}/g, (_, name) => { names.push(name); return '([^/]+?)'; }).replaceAll('.', (d) => `\\${d}`)}$`.replaceAll('([^/]+?)', '([^/]+?)'));
  routes.push({ method, regex, names, handler, ...options });
}

function sessionOf(request) {
  const token = /(?:^|;\s*)tongka_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
  return token ? state.sessions.get(token) : undefined;
}

async function bodyOf(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks);
}

export async function answer(request, response, url) {
  const requestId = randomUUID().replaceAll('-', '').slice(0, 16);
  response.setHeader('x-request-id', requestId);
  try {
    const path = url.pathname.slice('/api/v1'.length);
    for (const r of routes) {
      const match = r.method === request.method && r.regex.exec(path);
      if (!match) continue;
      const session = sessionOf(request);
      if (!session && !r.open) throw new Refusal(401, 'P01', '请先登录', 'log in first');
      const raw = request.method === 'GET' ? Buffer.alloc(0) : await bodyOf(request);
      if (request.method !== 'GET' && session && !r.open && request.headers['x-csrf-token'] !== session.csrf_token) {
        throw new Refusal(403, 'W02', 'CSRF 令牌不符', 'CSRF token does not match');
      }
      const key = request.headers['idempotency-key'];
      if (request.method === 'POST' && !r.open && !key) throw new Refusal(422, 'W05', '缺少 Idempotency-Key', 'Idempotency-Key is missing');
      const digest = createHash('sha256').update(path).update(raw).digest('hex');
      const before = key && state.stored.get(key);
      if (before) {
        if (before.digest !== digest) throw new Refusal(422, 'W06', '同一 Idempotency-Key 内容不同', 'same Idempotency-Key, other content');
        response.setHeader('idempotent-replayed', 'true');
        return reply(response, before.status, before.body);
      }
      const json = raw.length && (request.headers['content-type'] ?? '').includes('json') ? JSON.parse(raw) : undefined;
      const params = Object.fromEntries(r.names.map((name, i) => [name, decodeURIComponent(match[i + 1])]));
      const result = await r.handler({ request, response, url, query: url.searchParams, params, session, raw, body: json });
      if (response.headersSent) return undefined;
      const status = r.status ?? (result && 'approval' in result && request.method === 'POST' ? 202 : result === undefined ? 204 : 200);
      if (key) state.stored.set(key, { digest, status, body: result });
      return reply(response, status, result);
    }
    throw notFound();
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'W00', '服务器内部错误', 'internal error', String(error?.stack ?? error));
    response.statusCode = refusal.status;
    response.setHeader('content-type', 'application/problem+json');
    response.end(JSON.stringify({ type: `/problems/${refusal.code}`, title: refusal.title, title_en: refusal.title_en, status: refusal.status, detail: refusal.detail, code: refusal.code, request_id: requestId, instance: url.pathname, errors: refusal.errors }));
  }
}

function reply(response, status, body) {
  response.statusCode = status;
  if (body === undefined) return response.end();
  response.setHeader('content-type', 'application/json');
  response.end(JSON.stringify(body));
}

export function download(response, name, type, bytes) {
  response.setHeader('content-type', type);
  response.setHeader('content-disposition', `attachment; filename="${name}"`);
  response.end(bytes);
}

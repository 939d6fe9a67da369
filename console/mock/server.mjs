/**
 * A mock of the server for working on the console alone: `npm run mock -- --port 4310 [--dist dist] [--live]`.
 * It keeps the API's conventions (session cookie, CSRF, Idempotency-Key, problems, two people) over made-up data.
 */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { answer } from './http.mjs';
import './routes/people.mjs';
import './routes/lists.mjs';
import './routes/clearing.mjs';
import './routes/files.mjs';
import './routes/changes.mjs';
import './routes/keys.mjs';
import { openEvents } from './events.mjs';

function option(name, fallback) {
  const at = process.argv.indexOf(`--${name}`);
  return at < 0 ? fallback : (process.argv[at + 1] ?? true);
}
const port = Number(option('port', 4310));
const dist = option('dist', null);
const TYPES = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };

function file(response, path) {
  const found = normalize(join(dist, path));
  const there = found.startsWith(normalize(dist)) && existsSync(found) && statSync(found).isFile();
  const name = there ? found : join(dist, 'index.html');
  response.setHeader('content-type', TYPES[extname(name)] ?? 'application/octet-stream');
  response.setHeader('content-security-policy', "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'");
  if (there && path.startsWith('/assets/')) response.setHeader('cache-control', 'public, max-age=31536000, immutable');
  createReadStream(name).pipe(response);
}

const server = createServer((request, response) => {
  const url = new URL(request.url, 'http://mock');
  if (url.pathname === '/api/v1/events') return openEvents(request, response);
  if (url.pathname.startsWith('/api/v1/')) return void answer(request, response, url);
  if (dist) return file(response, url.pathname);
  response.statusCode = 404;
  response.end();
});
server.listen(port, '127.0.0.1', () => console.log(`mock on http://127.0.0.1:${server.address().port}`));

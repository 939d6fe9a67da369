import { state } from './state.mjs';

const clients = new Set();

export function openEvents(request, response) {
  const token = /tongka_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1];
  if (!state.sessions.has(token)) {
    response.statusCode = 401;
    return response.end();
  }
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(': hello\n\n');
  clients.add(response);
  request.on('close', () => clients.delete(response));
}

let id = 0;
export function publish(event, data) {
  id += 1;
  for (const client of clients) client.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

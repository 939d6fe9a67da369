/**
 * One door to the server: session cookie, CSRF token, Idempotency-Key, problem+json. Nothing else in the console calls
 * `fetch`, but the event stream and file downloads (plain links).
 */
import { randomKey } from '../lib/text';

export const API = '/api/v1';

export interface FieldError {
  field: string;
  code?: string;
  message: string;
}

/** A refusal or failure as the server words it (RFC 9457), or the network's silence (status 0). */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly zh: string,
    readonly en: string,
    readonly detail: string,
    readonly requestId: string | null,
    readonly errors: FieldError[] = [],
    readonly retryAfter: number | null = null,
  ) {
    super(`${code} ${en || zh}`);
  }
}

let csrfToken = '';
let onUnauthorized: () => void = () => undefined;

export function setCsrfToken(token: string | null | undefined): void {
  csrfToken = token ?? '';
}

/** Called when the server no longer knows the session. */
export function whenUnauthorized(handler: () => void): void {
  onUnauthorized = handler;
}

export type QueryValue = string | number | boolean | null | undefined | (string | number)[];
export type QueryParams = Record<string, QueryValue>;

/** Writes a query string; lists are joined with commas, empty values left out, order kept. */
export function queryString(query: QueryParams | URLSearchParams | undefined): string {
  if (!query) return '';
  if (query instanceof URLSearchParams) {
    const text = query.toString();
    return text && `?${text}`;
  }
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value === null || value === undefined || value === '') continue;
    params.set(name, Array.isArray(value) ? value.join(',') : String(value));
  }
  const text = params.toString();
  return text && `?${text}`;
}

export interface CallOptions {
  query?: QueryParams | URLSearchParams;
  /** Sent as JSON, unless it is bytes. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Idempotency-Key of this intent: kept by dialogs, so that a second press repeats and does not redo. */
  key?: string;
  signal?: AbortSignal;
}

async function problemOf(response: Response): Promise<Problem> {
  const requestId = response.headers.get('x-request-id');
  const wait = Number(response.headers.get('retry-after'));
  const retryAfter = Number.isFinite(wait) && wait > 0 ? wait : null;
  let body: Record<string, unknown> = {};
  try {
    body = (await response.json()) as Record<string, unknown>;
  } catch {
    // Not JSON: a proxy between us and the server answered.
  }
  const text = (name: string) => (typeof body[name] === 'string' ? (body[name] as string) : '');
  return new Problem(
    response.status,
    text('code') || `HTTP ${response.status}`,
    text('title') || response.statusText,
    text('title_en') || text('title') || response.statusText,
    text('detail'),
    text('request_id') || requestId,
    Array.isArray(body['errors']) ? (body['errors'] as FieldError[]) : [],
    retryAfter,
  );
}

/** Does one call and returns the response; throws a `Problem` for anything but 2xx. */
export async function send(method: string, path: string, options: CallOptions = {}): Promise<Response> {
  const headers: Record<string, string> = { accept: 'application/json', ...options.headers };
  let body: BodyInit | undefined;
  if (options.body instanceof Blob || options.body instanceof ArrayBuffer) {
    body = options.body;
    headers['content-type'] ??= 'application/octet-stream';
  } else if (options.body !== undefined) {
    body = JSON.stringify(options.body);
    headers['content-type'] = 'application/json';
  }
  if (method !== 'GET') {
    headers['x-csrf-token'] = csrfToken;
    if (method === 'POST') headers['idempotency-key'] = options.key ?? randomKey();
  }
  let response: Response;
  try {
    response = await fetch(`${API}${path}${queryString(options.query)}`, {
      method,
      headers,
      body,
      signal: options.signal,
      credentials: 'same-origin',
      cache: 'no-store',
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new Problem(0, 'NETWORK', '', '', '', null);
  }
  if (response.ok) return response;
  const problem = await problemOf(response);
  if (response.status === 401 && !path.startsWith('/session')) onUnauthorized();
  throw problem;
}

/** Does one call and reads its JSON; `undefined` for an empty answer. */
export async function call<T>(method: string, path: string, options?: CallOptions): Promise<T> {
  const response = await send(method, path, options);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

export function get<T>(path: string, query?: QueryParams | URLSearchParams, signal?: AbortSignal): Promise<T> {
  return call<T>('GET', path, { query, signal });
}

/** Address of a download, for plain links: the browser streams it to disk. */
export function href(path: string, query?: QueryParams | URLSearchParams): string {
  return `${API}${path}${queryString(query)}`;
}

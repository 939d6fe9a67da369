/**
 * A list's state is its query string, in the very words of the API: `member=10002900&amount_fen.from=100&sort=-amount_fen`.
 * So a link reproduces a view, and an export asks for exactly what is on screen. Parameters that are not of the list
 * (`detail`, `page`) belong to the page and never reach the server.
 */
import type { ColumnSpec, ListSpec } from '../api/types';

const OPERATORS = ['from', 'to', 'like', 'prefix', 'in'] as const;
export const DEFAULT_LIMIT = 50;

/** Splits `amount_fen.from` into column and operator; `null` when the list has no such filter. */
export function filterOf(spec: Pick<ListSpec, 'columns'>, param: string): { column: ColumnSpec; operator: string } | null {
  const dot = param.lastIndexOf('.');
  const operator = dot < 0 ? '' : param.slice(dot + 1);
  const name = dot < 0 ? param : param.slice(0, dot);
  if (dot >= 0 && !(OPERATORS as readonly string[]).includes(operator)) return null;
  const column = spec.columns.find((c) => c.name === name && c.filterable);
  return column ? { column, operator } : null;
}

/** The filters among the parameters, in the order of the columns: a canonical form. */
export function filtersOf(spec: Pick<ListSpec, 'columns'>, params: URLSearchParams): URLSearchParams {
  const found: [order: number, name: string, value: string][] = [];
  for (const [name, value] of params) {
    const filter = filterOf(spec, name);
    if (filter && value !== '') found.push([spec.columns.indexOf(filter.column), name, value]);
  }
  found.sort((a, b) => a[0] - b[0] || a[1].localeCompare(b[1]));
  return new URLSearchParams(found.map(([, name, value]) => [name, value]));
}

/** What is asked of the server for a page of rows. */
export function pageQuery(spec: Pick<ListSpec, 'columns'>, params: URLSearchParams, fixed?: Record<string, string>): string {
  const query = filtersOf(spec, params);
  for (const [name, value] of Object.entries(fixed ?? {})) query.set(name, value);
  query.set('limit', String(limitOf(params)));
  for (const name of ['sort', 'cursor']) {
    const value = params.get(name);
    if (value) query.set(name, value);
  }
  return query.toString();
}

/** The query of an export: the same filters and order, the columns as shown, all rows. */
export function exportQuery(
  spec: Pick<ListSpec, 'columns'>,
  params: URLSearchParams,
  columns: string[],
  format: 'csv' | 'xlsx',
  fixed?: Record<string, string>,
): string {
  const query = filtersOf(spec, params);
  for (const [name, value] of Object.entries(fixed ?? {})) query.set(name, value);
  const sort = params.get('sort');
  if (sort) query.set('sort', sort);
  query.set('columns', columns.join(','));
  query.set('format', format);
  return query.toString();
}

export function limitOf(params: URLSearchParams): number {
  const limit = Number(params.get('limit'));
  return Number.isInteger(limit) && limit >= 1 && limit <= 500 ? limit : DEFAULT_LIMIT;
}

export type Direction = 'ascend' | 'descend';

/** `-amount_fen,code` → the first column and its direction. */
export function sortOf(text: string | null): { name: string; direction: Direction } | null {
  const first = (text ?? '').split(',')[0];
  if (!first) return null;
  return first.startsWith('-') ? { name: first.slice(1), direction: 'descend' } : { name: first, direction: 'ascend' };
}

/** New parameters with other filters: everything that pointed into the old result (cursor, page, detail) goes. */
export function withFilters(spec: Pick<ListSpec, 'columns'>, params: URLSearchParams, filters: Record<string, string>): URLSearchParams {
  const next = new URLSearchParams();
  for (const [name, value] of params) {
    if (!filterOf(spec, name) && !['cursor', 'page', 'detail'].includes(name)) next.set(name, value);
  }
  for (const [name, value] of Object.entries(filters)) if (value !== '') next.set(name, value);
  return next;
}

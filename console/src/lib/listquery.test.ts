import { describe, expect, it } from 'vitest';
import type { ColumnSpec } from '../api/types';
import { exportQuery, filtersOf, limitOf, pageQuery, sortOf, withFilters } from './listquery';

function column(name: string, filterable = true): ColumnSpec {
  return { name, zh: name, en: name, kind: 'text', sortable: true, filterable, default_shown: true };
}
const spec = { columns: [column('member'), column('amount_fen'), column('name'), column('hash', false)] };
const params = (text: string) => new URLSearchParams(text);

describe('the state of a list in the URL', () => {
  it('keeps the list’s filters only, in the order of the columns', () => {
    const text = 'name.like=TXU&detail=7&member=10002900&hash=1&page=2&amount_fen.to=5&amount_fen.from=1&member.bogus=1';
    expect(filtersOf(spec, params(text)).toString()).toBe('member=10002900&amount_fen.from=1&amount_fen.to=5&name.like=TXU');
  });

  it('asks for a page with limit, order and cursor; fixed filters win', () => {
    expect(pageQuery(spec, params('member=1&sort=-amount_fen&cursor=abc&page=2&limit=20'), { member: '2' })).toBe(
      'member=2&limit=20&sort=-amount_fen&cursor=abc',
    );
    expect(pageQuery(spec, params(''))).toBe('limit=50');
  });

  it('exports what is on screen, without the page', () => {
    const text = exportQuery(spec, params('member=1&sort=name&cursor=abc&limit=20'), ['name', 'amount_fen'], 'xlsx');
    expect(text).toBe('member=1&sort=name&columns=name%2Camount_fen&format=xlsx');
  });

  it('a new search starts at its first page', () => {
    const next = withFilters(spec, params('member=1&cursor=abc&page=3&detail=9&limit=20&sort=name'), { 'name.like': 'x', member: '' });
    expect(next.toString()).toBe('limit=20&sort=name&name.like=x');
  });

  it('bounds the page size', () => {
    expect(['', 'limit=0', 'limit=501', 'limit=x', 'limit=500'].map((t) => limitOf(params(t)))).toEqual([50, 50, 50, 50, 500]);
  });

  it('reads the order', () => {
    expect([sortOf(null), sortOf('a,-b'), sortOf('-b')]).toEqual([
      null,
      { name: 'a', direction: 'ascend' },
      { name: 'b', direction: 'descend' },
    ]);
  });
});

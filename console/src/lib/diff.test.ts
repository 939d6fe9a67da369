import { describe, expect, it } from 'vitest';
import { diff } from './diff';

describe('what a proposal changes', () => {
  it('goes leaf by leaf', () => {
    const changes = diff({ rate: 1, name: 'a', gone: true, deep: { x: 1 } }, { rate: 2, name: 'a', deep: { x: 1, y: [1, 2] } });
    expect(changes.map((c) => [c.path, c.kind, c.before, c.after])).toEqual([
      ['rate', 'changed', 1, 2],
      ['name', 'same', 'a', 'a'],
      ['deep.x', 'same', 1, 1],
      ['deep.y', 'added', undefined, '1, 2'],
      ['gone', 'removed', true, undefined],
    ]);
  });
  it('something new has no before, something gone no after', () => {
    expect(diff(null, { a: 1 }).map((c) => c.kind)).toEqual(['added']);
    expect(diff({ a: 1 }, null).map((c) => c.kind)).toEqual(['removed']);
    expect(diff(null, null)).toEqual([]);
  });
  it('numbers the items of lists of things', () => {
    expect(diff(null, { keys: [{ v: '01' }, { v: '02' }] }).map((c) => c.path)).toEqual(['keys[1].v', 'keys[2].v']);
  });
});

import { describe, expect, it } from 'vitest';
import type { ColumnSpec } from '../../api/types';
import { defaultWidth, effectiveColumns, moved, shownColumns, storable } from './settings';

function spec(name: string, shown = true): ColumnSpec {
  return { name, zh: name, en: name, kind: 'int', sortable: true, filterable: true, default_shown: shown };
}
const names = (columns: { name: string }[]) => columns.map((c) => c.name).join('');

describe('column settings', () => {
  const specs = [spec('a'), spec('b', false), spec('c')];

  it('defaults to what the list says', () => {
    expect(names(shownColumns(effectiveColumns(specs, undefined)))).toBe('ac');
  });

  it('keeps the stored order and hides what was hidden', () => {
    const stored = [{ name: 'c', shown: true }, { name: 'a', shown: false }, { name: 'b', shown: true }];
    expect(names(shownColumns(effectiveColumns(specs, stored)))).toBe('cb');
  });

  it('a column that the server adds later stands after its neighbour; one that is gone is forgotten', () => {
    const stored = [{ name: 'c', shown: true }, { name: 'gone', shown: true }, { name: 'a', shown: true }];
    expect(names(effectiveColumns([...specs, spec('d')], stored))).toBe('cdab');
  });

  it('puts pinned columns first', () => {
    const stored = [{ name: 'a', shown: true }, { name: 'c', shown: true, pin: 'left' as const }];
    expect(names(shownColumns(effectiveColumns(specs, stored)))).toBe('ca');
  });

  it('stores only what differs, and reads back the same', () => {
    const columns = effectiveColumns(specs, [{ name: 'c', shown: true, width: 300, pin: 'left' }]);
    const stored = storable(columns);
    expect(stored.find((s) => s.name === 'a')).toEqual({ name: 'a', shown: true });
    expect(effectiveColumns(specs, stored)).toEqual(columns);
    expect(defaultWidth(specs[0]!)).toBe(96);
  });

  it('moves within bounds only', () => {
    expect(moved(['a', 'b', 'c'], 0, 2)).toEqual(['b', 'c', 'a']);
    expect(moved(['a', 'b'], 0, -1)).toEqual(['a', 'b']);
  });
});

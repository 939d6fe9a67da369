import { describe, expect, it } from 'vitest';
import { editableYuan, formatCount, formatFen, formatPpm, parsePercent, parseYuan, share } from './money';

describe('formatFen', () => {
  it.each([
    [0, '0.00'],
    [1, '0.01'],
    [-1, '-0.01'],
    [100, '1.00'],
    [123456, '1,234.56'],
    [-123456789, '-1,234,567.89'],
    [9007199254740991, '90,071,992,547,409.91'],
  ])('%d fen is %s yuan', (fen, text) => expect(formatFen(fen)).toBe(text));

  it.each([
    [0, '0.00'],
    [1_000_000, '1.00'],
    [4_999, '0.00'],
    [5_000, '0.01'],
    [-5_000, '-0.01'],
    [-4_999, '0.00'],
    [123_456_789_012, '123,456.79'],
  ])('%d fen is %s wan yuan', (fen, text) => expect(formatFen(fen, 'wan')).toBe(text));
});

describe('parseYuan', () => {
  it.each([
    ['0', 0],
    ['-0', 0],
    ['1', 100],
    ['1.5', 150],
    ['0.01', 1],
    [' 1,234.56 ', 123456],
    ['-3', -300],
    ['90071992547409.91', null],
    ['1.234', null],
    ['', null],
    ['1e3', null],
    ['.5', null],
    ['一百', null],
  ])('%s → %s', (text, fen) => expect(parseYuan(text)).toBe(fen));

  it('reads back what it writes', () => {
    for (const fen of [0, 1, 99, 100, 101, 123456789, -1, -100, -987654321]) {
      expect(parseYuan(editableYuan(fen))).toBe(fen);
      expect(parseYuan(formatFen(fen))).toBe(fen);
    }
  });
});

describe('rates and counts', () => {
  it.each([
    [2000, '0.2%'],
    [500, '0.05%'],
    [0, '0%'],
    [1_000_000, '100%'],
    [15_500, '1.55%'],
    [1, '0.0001%'],
  ])('%d ppm is %s and reads back', (ppm, text) => {
    expect(formatPpm(ppm)).toBe(text);
    expect(parsePercent(text)).toBe(ppm);
  });
  it('refuses what is not a percentage', () => expect(parsePercent('0.00001')).toBeNull());
  it('groups', () => expect([formatCount(0), formatCount(999), formatCount(-1234567)]).toEqual(['0', '999', '-1,234,567']));
  it('shares', () => expect([share(1, 3), share(0, 5), share(5, 0)]).toEqual(['33.3%', '0.0%', '—']));
});

import { describe, expect, it } from 'vitest';
import { formatBytes, formatTime, fuzzy, groupedHex, plainSummary, randomKey, shortDigest, timeOfDay } from './text';

describe('text', () => {
  it('shows the wall time of the centre', () => {
    expect(formatTime('2026-09-01T10:02:03+08:00')).toBe('2026-09-01 10:02:03');
    expect(formatTime('2026-09-01T10:02:03.123+08:00')).toBe('2026-09-01 10:02:03');
    expect(formatTime('20260901100203')).toBe('2026-09-01 10:02:03');
    expect(timeOfDay('2026-09-01T10:02:03+08:00')).toBe('10:02:03');
  });
  it('shortens digests, not short codes', () => {
    expect(shortDigest('0123456789ABCDEF0123')).toBe('01234567…0123');
    expect(shortDigest('0123456789ABCDEF')).toBe('0123456789ABCDEF');
    expect(groupedHex('02002900FFFFFFFF')).toBe('0200 2900 FFFF FFFF');
  });
  it('sizes', () => expect([formatBytes(1023), formatBytes(1024), formatBytes(3 << 20)]).toEqual(['1023 B', '1.0 KB', '3.0 MB']));
  it('says a proposal as people do', () => {
    expect(plainSummary('收单 * 发卡 10002900 2000 ppm', '全部')).toBe('收单 全部 发卡 10002900 0.2%');
    expect(plainSummary('发布黑名单：规则簿版本 15，20261125071449 生效', '全部')).toBe('发布黑名单：规则簿版本 15，2026-11-25 07:14:49 生效');
    expect(plainSummary('02002900000000002026', '全部')).toBe('02002900000000002026');
  });
  it('searches menus forgivingly', () => {
    expect(fuzzy('Ledger transfers /ledger-transfers', 'ldtr')).toBe(true);
    expect(fuzzy('上送文件', '上件')).toBe(true);
    expect(fuzzy('上送文件', '件上')).toBe(false);
  });
  it('makes keys that fit and differ', () => {
    expect(randomKey()).toMatch(/^[0-9a-f]{32}$/);
    expect(randomKey()).not.toBe(randomKey());
  });
});

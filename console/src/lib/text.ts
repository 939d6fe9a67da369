/** Small pure functions over text, dates and codes. */
import { formatPpm } from './money';

/** `20261001…` digests and hashes: the ends, enough to compare by eye. */
export function shortDigest(digest: string): string {
  return digest.length > 16 ? `${digest.slice(0, 8)}…${digest.slice(-4)}` : digest;
}

/** RFC 3339 as the wall clock of the centre shows it: `2026-09-01 10:02:03`. The offset is always +08:00. */
export function formatTime(rfc3339: string): string {
  const compact = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(rfc3339);
  if (compact) return `${compact[1]}-${compact[2]}-${compact[3]} ${compact[4]}:${compact[5]}:${compact[6]}`;
  return rfc3339.replace('T', ' ').replace(/\.\d+/, '').replace(/(\+08:00|Z)$/, '');
}

/** Only the time of day of an RFC 3339 time. */
export function timeOfDay(rfc3339: string): string {
  return formatTime(rfc3339).slice(11, 19);
}

/** Groups hex for reading: `02002900FFFFFFFF` → `0200 2900 FFFF FFFF`. */
export function groupedHex(hex: string): string {
  return hex.replace(/(.{4})(?=.)/g, '$1 ');
}

/** Bytes as KB or MB, for file sizes. */
export function formatBytes(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

/** One language of what the server says in both at once: `Chinese / English`. */
export function oneLanguage(text: string, language: 'zh' | 'en'): string {
  const [zh, ...en] = text.split(' / ');
  return en.length === 0 || language === 'zh' ? zh! : en.join(' / ');
}

/** The server's line about a proposal as people say it: `收单 * … 2000 ppm` → `收单 全部 … 0.2%`, and its times with separators. */
export function plainSummary(text: string, all: string): string {
  return text
    .replaceAll(/(收单|发卡|行业) \*/g, `$1 ${all}`)
    .replaceAll(/(\d+) ppm/g, (_, ppm: string) => formatPpm(Number(ppm)))
    .replaceAll(/(?<!\d)20\d{12}(?!\d)/g, formatTime);
}

/** Random identifier of a request (Idempotency-Key). */
export function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('');
}

/** Whether all the letters of `query` occur in `text` in that order: forgiving search of menus. */
export function fuzzy(text: string, query: string): boolean {
  let from = 0;
  const hay = text.toLowerCase();
  for (const letter of query.toLowerCase()) {
    const at = hay.indexOf(letter, from);
    if (at < 0) return false;
    from = at + 1;
  }
  return true;
}

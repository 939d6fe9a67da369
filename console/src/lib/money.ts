/**
 * Money on screens. Fen are integers below 2^53; every conversion here is integer or text work, never a float.
 */

/** How amounts are written: 元 with fen, or 万元. */
export type MoneyUnit = 'yuan' | 'wan';

function grouped(digits: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, ',');
}

/** `123456` → `1,234.56`; in 万元 `0.12` with the halves rounded away from zero. */
export function formatFen(fen: number, unit: MoneyUnit = 'yuan'): string {
  const negative = fen < 0;
  let hundredths = Math.abs(fen);
  if (unit === 'wan') {
    const rest = hundredths % 10_000;
    hundredths = (hundredths - rest) / 10_000 + (rest >= 5_000 ? 1 : 0);
  }
  const cents = hundredths % 100;
  const whole = (hundredths - cents) / 100;
  const text = `${grouped(String(whole))}.${String(cents).padStart(2, '0')}`;
  return negative && hundredths !== 0 ? `-${text}` : text;
}

/** Reads what a person types as yuan: `1,234.5`, `-3`, `0.01`. `null` when it is not an amount in whole fen. */
export function parseYuan(text: string): number | null {
  const match = /^(-?)(\d{1,13})(?:\.(\d{1,2}))?$/.exec(text.trim().replaceAll(',', ''));
  if (!match) return null;
  const [, sign, whole, cents] = match;
  const fen = Number(whole) * 100 + Number((cents ?? '').padEnd(2, '0'));
  if (!Number.isSafeInteger(fen)) return null;
  return sign === '-' && fen !== 0 ? -fen : fen;
}

/** A plain amount for an input field: no separators. */
export function editableYuan(fen: number): string {
  return formatFen(fen).replaceAll(',', '');
}

/** `1234567` → `1,234,567`. */
export function formatCount(n: number): string {
  return (n < 0 ? '-' : '') + grouped(String(Math.abs(n)));
}

/** Parts per million as a percentage: `2000` → `0.2%`. */
export function formatPpm(ppm: number): string {
  const negative = ppm < 0;
  const value = Math.abs(ppm);
  const whole = Math.floor(value / 10_000);
  const rest = String(value % 10_000).padStart(4, '0').replace(/0+$/, '');
  return `${negative ? '-' : ''}${whole}${rest ? `.${rest}` : ''}%`;
}

/** Reads a percentage as parts per million: `0.2` or `0.2%` → `2000`. */
export function parsePercent(text: string): number | null {
  const match = /^(\d{1,3})(?:\.(\d{1,4}))?%?$/.exec(text.trim());
  if (!match) return null;
  return Number(match[1]) * 10_000 + Number((match[2] ?? '').padEnd(4, '0'));
}

/** A share of a whole for bars and legends, one decimal: `12.3%`; `—` of nothing. */
export function share(part: number, whole: number): string {
  if (whole === 0) return '—';
  const tenths = Math.round((part * 1000) / whole);
  return `${Math.trunc(tenths / 10)}.${Math.abs(tenths % 10)}%`;
}

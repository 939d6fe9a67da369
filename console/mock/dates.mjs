/** Dates and times as the API writes them. The mock's clock starts at a fixed moment and runs from there. */
const START = Date.parse('2026-11-23T10:24:00+08:00');
const started = Date.now();

export const OPEN_DATE = '2026-11-23';
export const now = () => START + (Date.now() - started);

export function rfc3339(ms) {
  return new Date(ms + 8 * 3_600_000).toISOString().slice(0, 19) + '+08:00';
}
export function addDays(date, days) {
  return new Date(Date.parse(`${date}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}
export function at(date, time) {
  return `${date}T${time}+08:00`;
}
export function compact(date) {
  return date.replaceAll('-', '');
}

/** What a step noted when it was done, read into its figures. What is not in the known form stays as it was written. */
import type { MessageKey, Params } from '../i18n';
import { formatCount } from './money';

const FORMS: Record<string, RegExp> = {
  intake: /accepted:? (?<accepted>\d+)\D+refused:? (?<refused>\d+)\D+waiting:? (?<waiting>\d+)\D.*records:? (?<records>\d+)/,
  cut: /^(?<uploads>\d+) uploads, (?<adjustments>\d+) adjustments$/,
  price: /^(?<groups>\d+) groups$/,
  net: /^(?<positions>\d+) positions, centre fees (?<fees>-?[\d.]+)$/,
  prove: /^(?<records>\d+) records$/,
  post: /^(?<transfers>\d+) transfers$/,
  publish: /^(?<files>\d+) files$/,
  close: /^closed$/,
};

export function stepDetail(step: string, detail: string): { key: MessageKey; params: Params } | null {
  const found = FORMS[step]?.exec(detail);
  if (!found) return null;
  const figures = Object.entries(found.groups ?? {}).map(([name, text]) => [name, /^\d+$/.test(text) ? formatCount(Number(text)) : text]);
  return { key: `stepDetail.${step}` as MessageKey, params: Object.fromEntries(figures) as Params };
}

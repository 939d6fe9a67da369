/** A span of minutes as people say it: minutes up to two hours, hours up to two days, then days. */
import type { Translate } from '../i18n';

export function spanText(t: Translate, minutes: number): string {
  if (minutes < 120) return t('span.minutes', { n: minutes });
  if (minutes < 2880) return t('span.hours', { n: Math.floor(minutes / 60) });
  return t('span.days', { n: Math.floor(minutes / 1440) });
}

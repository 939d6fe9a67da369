/** Verdicts and reasons in words. */
import type { Tone } from '../api/types';
import { usePick, useT, type MessageKey } from '../i18n';
import { FILE_CODES, REASONS } from '../lib/wire-tables';
import { ToneTag } from './figures';

export const VERDICT_TONES: Record<string, Tone> = { A: 'ok', R: 'bad', S: 'warn', D: 'plain', T: 'info' };

export function VerdictTag({ verdict }: { verdict: string }) {
  const t = useT();
  return <ToneTag tone={VERDICT_TONES[verdict] ?? 'plain'}>{t(`verdict.${verdict}` as MessageKey)}</ToneTag>;
}

export function ReasonText({ reason }: { reason: string }) {
  const pick = usePick();
  const known = REASONS.find((r) => r.code === reason);
  return (
    <span>
      <span className="code">{reason}</span> {known && pick(known)}
    </span>
  );
}

/** The result of a receipt: OK or a file code with its text. */
export function FileResult({ result }: { result: string }) {
  const t = useT();
  const pick = usePick();
  const code = result.trim();
  if (code === 'OK') return <ToneTag tone="ok">{t('dash.accepted')}</ToneTag>;
  const known = FILE_CODES.find((f) => f.code === code);
  return (
    <span>
      <ToneTag tone={code === 'F09' ? 'warn' : 'bad'}>{code}</ToneTag> {known && pick(known)}
    </span>
  );
}

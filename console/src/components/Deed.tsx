/** Codes of the server in words, with the code beside them where people quote it. */
import { catalogue, type MessageKey } from '../i18n/messages';
import { useT } from '../i18n';
import { stepDetail } from '../lib/steps';
import { plainSummary } from '../lib/text';

const STEMS = {
  deed: (code: string) => `deed.${code}`,
  part: (code: string) => `part.${code}`,
  name: (code: string) => `name.${code}`,
  state: (code: string) => `record-state.${code}`,
  account: (code: string) => `account-kind.${code}`,
  end: (code: string) => `end.${code}`,
  table: (code: string) => `table.${code}`,
};

/** The message of a code, where the console has one. */
export function wordFor(stem: keyof typeof STEMS, code: string): MessageKey | null {
  const key = STEMS[stem](code);
  return key in catalogue ? (key as MessageKey) : null;
}

/** A deed by its code: `dispute.adjust.manual.propose` is a deed and what a person did about it. */
export function Deed({ code, plain = false }: { code: string; plain?: boolean }) {
  const t = useT();
  const whole = wordFor('deed', code);
  const cut = code.lastIndexOf('.');
  const deed = whole ?? wordFor('deed', code.slice(0, cut));
  const part = whole ? null : wordFor('part', code.slice(cut + 1));
  if (!deed || (!whole && !part)) return <span className="mono">{code}</span>;
  const words = part ? `${t(deed)} · ${t(part)}` : t(deed);
  return (
    <span title={code}>
      {words} {!plain && <span className="code muted">{code}</span>}
    </span>
  );
}

/** What a proposal is about, in the server's words, without its marks for “all” and parts per million. */
export function Summary({ text }: { text: string }) {
  const plain = plainSummary(text, useT()('form.any'));
  return <span title={plain}>{plain}</span>;
}

export function StepDetail({ step, detail }: { step: string; detail: string | null }) {
  const t = useT();
  if (!detail) return null;
  const read = stepDetail(step, detail);
  return <>{read ? t(read.key, read.params) : detail}</>;
}

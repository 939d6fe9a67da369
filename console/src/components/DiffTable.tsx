/** Before and after, side by side; what does not change is folded away. */
import { Checkbox, Empty } from 'antd';
import { useState } from 'react';
import { useT } from '../i18n';
import { diff, type Change } from '../lib/diff';
import { formatPpm } from '../lib/money';
import { catalogue, type MessageKey } from '../i18n/messages';
import { wordFor } from './Deed';
import { MemberName, Money, Time } from './figures';
import { ReasonText } from './verdicts';

export function DiffTable({ before, after }: { before: unknown; after: unknown }) {
  const t = useT();
  const changes = diff(before, after);
  const same = changes.filter((c) => c.kind === 'same').length;
  const [all, setAll] = useState(false);
  const rows = all ? changes : changes.filter((c) => c.kind !== 'same');
  const fresh = before === null || before === undefined;
  return (
    <>
      {rows.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('approval.noChange')} />
      ) : (
        <table className="plain-table diff">
          <thead>
            <tr>
              <th>{t('approval.field')}</th>
              {!fresh && <th>{t('approval.before')}</th>}
              <th>{t(fresh ? 'approval.content' : 'approval.after')}</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((change) => (
              <tr key={change.path} className={`diff-${fresh ? 'same' : change.kind}`}>
                <td>
                  <FieldName path={change.path} />
                </td>
                {!fresh && (
                  <td className="diff-before">
                    <Leaf path={change.path} value={change.before} absent={change.kind === 'added'} />
                  </td>
                )}
                <td className="diff-after">
                  <Leaf path={change.path} value={change.after} absent={change.kind === 'removed'} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {same > 0 && (
        <Checkbox checked={all} onChange={(e) => setAll(e.target.checked)}>
          {t('approval.showSame', { n: same })}
        </Checkbox>
      )}
    </>
  );
}

function FieldName({ path }: { path: string }) {
  const t = useT();
  const known = wordFor('name', path.split('.').at(-1) ?? '');
  const row = /\[(\d+)\]/.exec(path)?.[1];
  if (!known) return <span className="mono">{path}</span>;
  return (
    <span title={path}>
      {row && `${row} · `}
      {t(known)}
    </span>
  );
}

/** What codes of single fields mean. */
const WORDS: Record<string, (code: string) => string[]> = {
  state: (code) => [`record-state.${code}`, `psam.${code}`],
  scheme: (code) => [`scheme.${code}`],
  algorithm: (code) => [`algorithm.${code}`],
  tac_verifier: (code) => [`tac.${code}`],
  kind: (code) => [`holiday.${code}`],
  list: (code) => [`list-code.${code}`],
  weekday: (code) => [`weekday.${code}`],
  industry: (code) => [`industry.${Number(code)}`],
};

function wordOf(name: string, code: string): MessageKey | null {
  if (code === '*') return 'form.any';
  return (WORDS[name]?.(code).find((key) => key in catalogue) as MessageKey | undefined) ?? null;
}

/** A value by the name of its field: units are in the names. */
function Leaf({ path, value, absent }: { path: string; value: Change['after']; absent: boolean }) {
  const t = useT();
  if (absent) return <span className="muted">—</span>;
  if (value === null || value === '') return <span className="muted">{t('common.none')}</span>;
  const name = path.split('.').at(-1) ?? '';
  if (/_fen$/.test(name) && typeof value === 'number') return <Money fen={value} withUnit />;
  if (/_ppm$/.test(name) && typeof value === 'number') return <span className="num">{formatPpm(value)}</span>;
  if (/^(member|acquirer|issuer|code|sender|debtor|creditor)$/.test(name) && /^\d{8}$/.test(String(value))) return <MemberName code={String(value)} />;
  if (name === 'reason' && /^\d\d$/.test(String(value))) return <ReasonText reason={String(value)} />;
  const word = wordOf(name, String(value));
  if (word) return <>{t(word)}</>;
  if (/_at$/.test(name)) return <Time value={String(value)} />;
  if (typeof value === 'boolean') return <>{t(value ? 'common.yes' : 'common.no')}</>;
  return <span className="wrap">{String(value)}</span>;
}

import { wordFor } from '../../components/Deed';
import { useT } from '../../i18n';

/** The kind of a ledger account in words. */
export function LedgerKind({ kind }: { kind: string }) {
  const t = useT();
  const known = wordFor('account', kind);
  return known ? <span title={kind}>{t(known)}</span> : <span className="mono">{kind}</span>;
}

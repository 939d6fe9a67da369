/** A card's own story in the order of its counter: gaps in the count and breaks of the balance are shown as such. */
import { Link } from 'react-router';
import type { FoundRecord } from '../../api/files';
import { useOpensUpload } from '../../api/session';
import { MemberName, Money, Time } from '../../components/figures';
import { ReasonText, VerdictTag } from '../../components/verdicts';
import { useT } from '../../i18n';
import { chainOf } from '../../lib/chain';
import { Industry } from '../files/UploadPage';
import { explainPath } from './RecordTable';

export function CardHistory({ items }: { items: FoundRecord[] }) {
  const t = useT();
  const opens = useOpensUpload();
  const chain = chainOf(items);
  return (
    <ol className="history">
      {chain.map(({ record, missing, balance }) => (
        <li key={`${record.upload} ${record.record_no}`} className={`v-${record.verdict}`}>
          {missing > 0 && <p className="history-gap">{t('record.gap', { n: missing })}</p>}
          {balance === 'raised' && <p className="history-note">{t('record.raised')}</p>}
          {balance === 'broken' && <p className="history-gap">{t('record.broken')}</p>}
          <div className="history-row">
            <span className="history-when">
              <Time value={record.at} />
            </span>
            <span className="history-counter num">#{record.counter}</span>
            <span className="history-money">
              <Money fen={record.balance_before_fen} /> − <Money fen={record.amount_fen} strong />
            </span>
            <VerdictTag verdict={record.verdict} />
            {record.verdict !== 'A' && <ReasonText reason={record.reason} />}
            <span>
              <MemberName code={record.sender} /> <Industry code={record.industry} />
            </span>
            <span className="muted num">{record.clearing_date}</span>
            {opens(record.upload) && <Link to={explainPath(record)}>{t('file.explain')}</Link>}
          </div>
        </li>
      ))}
    </ol>
  );
}

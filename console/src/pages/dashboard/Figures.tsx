/** The figures of a day that people look for first. */
import { Link } from 'react-router';
import type { DaySummary } from '../../api/types';
import { Money } from '../../components/figures';
import { verdictTotals } from '../../components/VerdictMix';
import { useT } from '../../i18n';
import { formatCount, share } from '../../lib/money';

export function Figures({ day, previous }: { day: DaySummary; previous: DaySummary | null }) {
  const t = useT();
  const totals = verdictTotals(day.verdicts);
  const { files } = day;
  const exceptions = (totals['S'] ?? 0) + (totals['R'] ?? 0) + (totals['D'] ?? 0);
  const date = day.clearing_date;
  return (
    <div className="figures">
      <Link className="figure" to={`/uploads?clearing_date.from=${date}&clearing_date.to=${date}`}>
        <span className="figure-name">{t('dash.filesAccepted')}</span>
        <span className="figure-value num">
          {files.accepted}
        </span>
        <FileBar {...files} />
        <span className="figure-note">
          {t('dash.filesOf', { senders: files.expected, arrived: files.arrived, refused: files.refused, waiting: files.waiting })}
        </span>
      </Link>
      <div className="figure">
        <span className="figure-name">{t('dash.records')}</span>
        <span className="figure-value num">{formatCount(day.records)}</span>
        <span className="figure-note">{t('dash.acceptedShare', { share: share(totals['A'] ?? 0, day.records) })}</span>
      </div>
      <div className="figure">
        <span className="figure-name">{t('dash.amount')}</span>
        <span className="figure-value">
          <Money fen={day.amount_fen} withUnit />
        </span>
        {previous && (
          <span className="figure-note">
            {t('dash.lastClosed')} <Money fen={previous.amount_fen} />
          </span>
        )}
      </div>
      <Link className="figure" to="/suspicious">
        <span className="figure-name">{t('dash.exceptions')}</span>
        <span className="figure-value num">{formatCount(exceptions)}</span>
        <span className="figure-note">
          {t('dash.exceptionsOf', { s: formatCount(totals['S'] ?? 0), r: formatCount(totals['R'] ?? 0), d: formatCount(totals['D'] ?? 0) })}
        </span>
      </Link>
      {previous && previous.centre_fees_fen != null && (
        <Link className="figure" to={`/days/${previous.clearing_date}`}>
          <span className="figure-name">
            {t('dash.lastClosed')} {previous.clearing_date}
          </span>
          <span className="figure-value">
            <Money fen={previous.centre_fees_fen} withUnit />
          </span>
          <span className="figure-note">{t('dash.fees')}</span>
        </Link>
      )}
    </div>
  );
}

function FileBar({ accepted, refused, waiting }: DaySummary['files']) {
  const whole = Math.max(accepted + refused + waiting, 1);
  const part = (n: number) => ({ width: `${(n * 100) / whole}%` });
  return (
    <span className="file-bar" aria-hidden>
      <i className="ok" style={part(accepted)} />
      <i className="bad" style={part(refused)} />
      <i className="warn" style={part(waiting)} />
    </span>
  );
}

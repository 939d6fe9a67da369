/** What became of the records: one bar by verdict, and the reasons behind it. Every reason leads to its records. */
import { Button, Empty } from 'antd';
import { useState } from 'react';
import { Link } from 'react-router';
import { useCan } from '../api/session';
import type { VerdictCount } from '../api/types';
import { useDisplay } from '../app/display';
import { VERDICT_COLOURS } from '../app/theme';
import { usePick, useT, type MessageKey } from '../i18n';
import { formatCount, share } from '../lib/money';
import { Money } from './figures';

const ORDER = ['A', 'R', 'S', 'D', 'T'];
/** So many reasons before 全部. */
const FIRST = 6;

export function verdictTotals(verdicts: VerdictCount[]): Record<string, number> {
  const totals: Record<string, number> = {};
  for (const v of verdicts) totals[v.verdict] = (totals[v.verdict] ?? 0) + v.count;
  return totals;
}

export function VerdictMix({ verdicts, clearingDate, linkTo }: { verdicts: VerdictCount[]; clearingDate?: string; linkTo?: (v: VerdictCount) => string }) {
  const t = useT();
  const pick = usePick();
  const can = useCan();
  const [whole, setWhole] = useState(false);
  const { theme } = useDisplay();
  const colours = VERDICT_COLOURS[theme];
  const totals = verdictTotals(verdicts);
  const all = verdicts.reduce((sum, v) => sum + v.count, 0);
  const present = ORDER.filter((v) => totals[v]);
  const exceptions = verdicts.filter((v) => v.verdict !== 'A').sort((a, b) => b.count - a.count);
  const listed = whole ? exceptions : exceptions.slice(0, FIRST);
  const link = linkTo ?? ((v: VerdictCount) => `/records?${new URLSearchParams({ verdict: v.verdict, from: clearingDate ?? '', to: clearingDate ?? '' })}`);
  if (all === 0) return <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('dash.noRecords')} />;
  return (
    <div className="verdicts">
      <div className="verdict-bar" role="img" aria-label={present.map((v) => `${t(`verdict.${v}` as MessageKey)} ${share(totals[v]!, all)}`).join('，') || t('common.none')}>
        {present.map((v) => (
          <i key={v} style={{ flexGrow: Math.max(totals[v]!, all / 60), background: colours[v] }} title={`${t(`verdict.${v}` as MessageKey)} ${formatCount(totals[v]!)}`} />
        ))}
      </div>
      <div className="verdict-legend">
        {present.map((v) => (
          <span key={v}>
            <i style={{ background: colours[v] }} />
            {t(`verdict.${v}` as MessageKey)} <b className="num">{formatCount(totals[v]!)}</b> <span className="muted num">{share(totals[v]!, all)}</span>
          </span>
        ))}
      </div>
      {exceptions.length > 0 && (
        <table className="plain-table">
          <thead>
            <tr>
              <th>{t('common.reason')}</th>
              <th className="right">{t('common.count')}</th>
              <th className="right">{t('common.amount')}</th>
            </tr>
          </thead>
          <tbody>
            {listed.map((v) => (
              <tr key={v.reason}>
                <td>
                  <i className="dot" style={{ background: colours[v.verdict] }} />
                  {can('record.read') || linkTo ? (
                    <Link to={link(v)}>
                      <span className="code">{v.reason}</span> {pick(v)}
                    </Link>
                  ) : (
                    <>
                      <span className="code">{v.reason}</span> {pick(v)}
                    </>
                  )}
                </td>
                <td className="right num">{formatCount(v.count)}</td>
                <td className="right">
                  <Money fen={v.amount_fen} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {exceptions.length > FIRST && (
        <Button type="link" size="small" className="inline" aria-expanded={whole} onClick={() => setWhole(!whole)}>
          {whole ? t('list.collapse') : t('verdict.all', { n: exceptions.length })}
        </Button>
      )}
    </div>
  );
}

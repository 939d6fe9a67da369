import type { DaySummary } from '../../api/types';
import { StepDetail } from '../../components/Deed';
import { Digest, Money, Time, ToneTag } from '../../components/figures';
import { Panel } from '../../components/Panel';
import { StepList } from '../../components/StepList';
import { VerdictMix } from '../../components/VerdictMix';
import { usePick, useT } from '../../i18n';
import { Figures } from '../dashboard/Figures';

export function DayOverview({ day }: { day: DaySummary }) {
  const t = useT();
  const pick = usePick();
  return (
    <>
      <Figures day={day} previous={null} />
      <div className="dash-grid">
        <Panel
          title={t('dash.steps')}
          className="span-5"
          extra={
            <span className="muted">
              {t('day.opened')} <Time value={day.opened_at} />
              {day.cut_at && (
                <>
                  {' '}
                  · {t('day.cutAt')} <Time value={day.cut_at} />
                </>
              )}
            </span>
          }
        >
          <StepList steps={day.steps} />
        </Panel>
        <Panel title={t('dash.verdicts')} className="span-7">
          <VerdictMix verdicts={day.verdicts} clearingDate={day.clearing_date} />
        </Panel>
        {day.positions && (
          <Panel title={t('day.money')} className="span-12" extra={day.closed_at && <span className="muted">{t('day.closedAt')} <Time value={day.closed_at} /></span>}>
            <div className="verdict-legend">
              <span>
                {t('record.receivable')} <Money fen={day.positions.receivable_fen} strong />
              </span>
              <span>
                {t('record.payable')} <Money fen={day.positions.payable_fen} strong />
              </span>
              {day.centre_fees_fen != null && (
                <span>
                  {t('dash.fees')} <Money fen={day.centre_fees_fen} strong />
                </span>
              )}
              <span>{t('day.receivers', { n: day.positions.receivers })}</span>
              <span>{t('day.payers', { n: day.positions.payers })}</span>
              {day.centre_fees_fen != null && (
                <ToneTag tone={day.positions.payable_fen === day.positions.receivable_fen + day.centre_fees_fen ? 'ok' : 'bad'}>
                  {t('day.sumZero')} <Money fen={day.positions.receivable_fen + day.centre_fees_fen - day.positions.payable_fen} />
                </ToneTag>
              )}
            </div>
          </Panel>
        )}
        <Panel title={`${t('day.inputDigest')} · ${t('day.outputDigest')}`} className="span-12">
          <table className="plain-table">
            <thead>
              <tr>
                <th>{t('day.step')}</th>
                <th>{t('day.doneAt')}</th>
                <th>{t('day.result')}</th>
                <th>{t('day.inputDigest')}</th>
                <th>{t('day.outputDigest')}</th>
              </tr>
            </thead>
            <tbody>
              {day.steps.map((step) => (
                <tr key={step.step}>
                  <td>{pick(step)}</td>
                  <td>
                    <Time value={step.done_at} />
                  </td>
                  <td>
                    <StepDetail step={step.step} detail={step.detail} />
                  </td>
                  <td>{step.input_digest ? <Digest value={step.input_digest} /> : '—'}</td>
                  <td>{step.output_digest ? <Digest value={step.output_digest} /> : '—'}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
      </div>
    </>
  );
}

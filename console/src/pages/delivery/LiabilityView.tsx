/** Who bears a tap of a listed card, and what that rests on. */
import { Alert } from 'antd';
import type { Liability } from '../../api/delivery';
import { Time } from '../../components/figures';
import { usePick, useT } from '../../i18n';

export function LiabilityView({ liability }: { liability: Liability }) {
  const t = useT();
  const pick = usePick();
  const { liable, version } = liability;
  const times = [
    [t('lists.effectiveAt'), liability.effective_at],
    [t('liability.offeredAt'), liability.offered_at],
    [t('liability.appliedAt'), liability.applied_at],
  ] as const;
  return (
    <Alert
      className="liability"
      type={liable === null ? 'info' : 'warning'}
      showIcon
      title={t(`liability.${liable ?? 'nobody'}`)}
      description={
        <>
          <p>{pick(liability)}</p>
          {version !== null && (
            <dl className="facts">
              <div>
                <dt>{t('liability.version')}</dt>
                <dd className="num">{version}</dd>
              </div>
              {times.map(([term, time]) => (
                <div key={term}>
                  <dt>{term}</dt>
                  <dd>{time ? <Time value={time} /> : <span className="muted">{t('liability.never')}</span>}</dd>
                </div>
              ))}
            </dl>
          )}
        </>
      }
    />
  );
}

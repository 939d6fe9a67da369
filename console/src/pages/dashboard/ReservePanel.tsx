/** 备付金水位: each member's balance against its lines, the lowest first. */
import { Empty } from 'antd';
import { Link } from 'react-router';
import type { ReserveLevel } from '../../api/types';
import { MemberName, Money, ToneTag } from '../../components/figures';
import { LevelBar } from '../../components/LevelBar';
import { Panel } from '../../components/Panel';
import { useT } from '../../i18n';

const TONES = { ok: 'ok', warning: 'warn', stop: 'bad' } as const;
const MOST = 8;

/** Nearest to its stop line first. */
export function byRisk(reserves: ReserveLevel[]): ReserveLevel[] {
  const room = (r: ReserveLevel) => (r.balance_fen - r.stop_fen) / Math.max(1, r.target_fen - r.stop_fen);
  return [...reserves].sort((a, b) => room(a) - room(b));
}

export function ReservePanel({ reserves }: { reserves: ReserveLevel[] }) {
  const t = useT();
  const warning = reserves.filter((r) => r.level === 'warning').length;
  const stop = reserves.filter((r) => r.level === 'stop').length;
  return (
    <Panel
      className="dash-reserves"
      title={t('dash.reserves')}
      extra={
        <>
          <span className={warning + stop ? 'tone-text-warn' : 'muted'}>
            {warning + stop ? t('dash.reservesAlert', { warning, stop }) : t('dash.reservesOk')}
          </span>{' '}
          <Link to="/reserves">{t('common.all')}</Link>
        </>
      }
    >
      {reserves.length === 0 ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} />
      ) : (
        <ul className="rows reserves">
          {byRisk(reserves)
            .slice(0, MOST)
            .map((reserve) => (
              <li key={reserve.member}>
                <MemberName code={reserve.member} />
                <LevelBar {...reserve} />
                <Money fen={reserve.balance_fen} />
                <ToneTag tone={TONES[reserve.level]}>{t(`level.${reserve.level}`)}</ToneTag>
              </li>
            ))}
        </ul>
      )}
    </Panel>
  );
}

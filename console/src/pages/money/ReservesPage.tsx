/** 备付金: every member's balance on the scale of its lines; top-ups, withdrawals and lines are proposed here. */
import { Segmented } from 'antd';
import { useDashboard } from '../../api/dashboard';
import { useListSpec } from '../../api/lists';
import type { ReserveLevel } from '../../api/types';
import { MemberName, Money, ToneTag } from '../../components/figures';
import { LevelBar } from '../../components/LevelBar';
import { ListView } from '../../components/list/ListView';
import { useUrlParams } from '../../components/list/params';
import { PageHead } from '../../components/PageHead';
import { useT } from '../../i18n';
import { share } from '../../lib/money';
import { CONFIGS } from '../lists/configs';
import { byRisk } from '../dashboard/ReservePanel';
import { ReserveActions } from './ReserveActions';

const TONES = { ok: 'ok', warning: 'warn', stop: 'bad' } as const;

export default function ReservesPage() {
  const t = useT();
  const [params, setParams] = useUrlParams();
  const listed = useListSpec('reserves');
  const view = params.get('view') === 'table' ? 'table' : 'chart';
  const { data } = useDashboard();
  return (
    <section className="page">
      <PageHead title={t('nav.reserves')}>
        {listed && (
          <Segmented
            value={view}
            onChange={(next) => setParams(() => new URLSearchParams(next === 'table' ? { view: next } : {}), true)}
            options={[
              { value: 'chart', label: t('reserve.board') },
              { value: 'table', label: t('common.table') },
            ]}
          />
        )}
      </PageHead>
      {view === 'table' ? (
        <ListView name="reserves" params={params} setParams={setParams} config={CONFIGS['reserves']} />
      ) : (
        <div className="panel panel-body">
          <Board reserves={data?.reserves ?? []} />
        </div>
      )}
    </section>
  );
}

function Board({ reserves }: { reserves: ReserveLevel[] }) {
  const t = useT();
  return (
    <table className="plain-table reserve-board">
      <thead>
        <tr>
          <th>{t('common.member')}</th>
          <th className="wide">{t('reserve.board')}</th>
          <th className="right">{t('dash.balance')}</th>
          <th className="right">{t('dash.target')}</th>
          <th className="right">{t('dash.warning')}</th>
          <th className="right">{t('dash.stop')}</th>
          <th className="right">{t('reserve.used')}</th>
          <th>{t('common.state')}</th>
          <th>{t('list.actions')}</th>
        </tr>
      </thead>
      <tbody>
        {byRisk(reserves).map((r) => (
          <tr key={r.member}>
            <td>
              <MemberName code={r.member} />
            </td>
            <td>
              <LevelBar {...r} />
            </td>
            <td className="right">
              <Money fen={r.balance_fen} strong />
            </td>
            <td className="right">
              <Money fen={r.target_fen} />
            </td>
            <td className="right">
              <Money fen={r.warning_fen} />
            </td>
            <td className="right">
              <Money fen={r.stop_fen} />
            </td>
            <td className="right num">{share(r.balance_fen - r.stop_fen, r.target_fen - r.stop_fen)}</td>
            <td>
              <ToneTag tone={TONES[r.level]}>{t(`level.${r.level}`)}</ToneTag>
            </td>
            <td className="nowrap">
              <ReserveActions row={{ ...r }} />
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

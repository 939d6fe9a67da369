/** 系统状态: version, clock, what readiness says, the calendar ahead. */
import { useQuery } from '@tanstack/react-query';
import { Alert, Descriptions, Skeleton } from 'antd';
import { useDashboard } from '../../api/dashboard';
import { get } from '../../api/http';
import { EmbeddedList } from '../../components/list/EmbeddedList';
import { Time, ToneTag } from '../../components/figures';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { usePick, useT } from '../../i18n';
import { useLive } from '../../api/events';

interface Health {
  version: string;
  started_at: string;
  node: string;
  ready: boolean;
  checks: { name: string; zh: string; en: string; ok: boolean; detail: string }[];
}

export default function HealthPage() {
  const t = useT();
  const pick = usePick();
  const live = useLive();
  const health = useQuery({ queryKey: ['system'], queryFn: ({ signal }) => get<Health>('/system', undefined, signal), refetchInterval: 15_000 });
  const { data } = useDashboard();
  if (health.error && !health.data) return <ProblemView error={health.error} retry={() => void health.refetch()} />;
  if (!health.data) return <Skeleton active className="panel-body" />;
  const { version, started_at, node, ready, checks } = health.data;
  return (
    <section className="page">
      <PageHead title={t('nav.health')} />
      <div className="dash-grid">
        <Panel title={t('health.service')} className="span-5">
          <Descriptions
            size="small"
            column={1}
            items={[
              { key: 'version', label: t('health.version'), children: <span className="mono">{version}</span> },
              { key: 'node', label: t('health.node'), children: <span className="mono">{node}</span> },
              { key: 'started', label: t('health.started'), children: <Time value={started_at} /> },
              { key: 'clock', label: t('app.serverClock'), children: <Time value={data?.clock} /> },
              { key: 'live', label: t('app.live'), children: <ToneTag tone={live ? 'ok' : 'warn'}>{t(live ? 'health.connected' : 'health.reconnecting')}</ToneTag> },
            ]}
          />
        </Panel>
        <Panel title={t('health.checks')} className="span-7">
          <Alert type={ready ? 'success' : 'error'} showIcon title={t(ready ? 'health.ready' : 'health.notReady')} className="dialog-note" />
          <table className="plain-table">
            <tbody>
              {checks.map((check) => (
                <tr key={check.name}>
                  <td>{pick(check)}</td>
                  <td>
                    <ToneTag tone={check.ok ? 'ok' : 'bad'}>{t(check.ok ? 'level.ok' : 'step.failed')}</ToneTag>
                  </td>
                  <td className="muted">{check.detail}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
        <Panel title={t('nav.holidays')} className="span-12">
          <EmbeddedList name="holidays" fixed={{}} />
        </Panel>
      </div>
    </section>
  );
}

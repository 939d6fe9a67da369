/** 系统状态: version, clock, what readiness says, the calendar ahead. */
import { useQuery } from '@tanstack/react-query';
import { Descriptions, Skeleton } from 'antd';
import { get } from '../../api/http';
import { useListSpec } from '../../api/lists';
import type { Shape } from '../../api/shapes';
import { EmbeddedList } from '../../components/list/EmbeddedList';
import { Time, ToneTag } from '../../components/figures';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { useT } from '../../i18n';
import { useLive } from '../../api/events';

type SystemState = Shape<'SystemView'>;

/** What machines ask the server, for people who want to look. */
const PROBES = [
  { path: '/healthz', text: 'health.healthz' },
  { path: '/readyz', text: 'health.readyz' },
  { path: '/metrics', text: 'health.metrics' },
  { path: '/openapi.json', text: 'health.openapi' },
] as const;

export default function HealthPage() {
  const t = useT();
  const live = useLive();
  const holidays = useListSpec('holidays');
  const health = useQuery({ queryKey: ['system'], queryFn: ({ signal }) => get<SystemState>('/system', undefined, signal), refetchInterval: 15_000 });
  if (health.error && !health.data) return <ProblemView error={health.error} retry={() => void health.refetch()} />;
  if (!health.data) return <Skeleton active className="panel-body" />;
  const { version, database, node, clock, roles, automatic } = health.data;
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
              { key: 'database', label: t('health.database'), children: database },
              { key: 'roles', label: t('health.roles'), children: roles.join(', ') },
              { key: 'automatic', label: t('health.automatic'), children: t(automatic ? 'common.yes' : 'common.no') },
              { key: 'clock', label: t('app.serverClock'), children: <Time value={clock} /> },
              { key: 'live', label: t('app.live'), children: <ToneTag tone={live ? 'ok' : live === null ? 'plain' : 'warn'}>{t(live ? 'health.connected' : live === null ? 'app.connecting' : 'health.reconnecting')}</ToneTag> },
            ]}
          />
        </Panel>
        <Panel title={t('health.probes')} className="span-7">
          <table className="plain-table">
            <tbody>
              {PROBES.map(({ path, text }) => (
                <tr key={path}>
                  <td className="mono">
                    <a href={path} target="_blank" rel="noreferrer">
                      {path}
                    </a>
                  </td>
                  <td>{t(text)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </Panel>
        {holidays && (
          <Panel title={t('nav.holidays')} className="span-12">
            <EmbeddedList name="holidays" fixed={{}} />
          </Panel>
        )}
      </div>
    </section>
  );
}

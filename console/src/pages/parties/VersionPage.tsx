/** A version of the scheme book: what differs from another one, line by line. */
import { useQuery } from '@tanstack/react-query';
import { Descriptions, Empty, InputNumber, Skeleton } from 'antd';
import { Link, useParams, useSearchParams } from 'react-router';
import type { VersionChanges } from '../../api/changes';
import { get } from '../../api/http';
import type { Page } from '../../api/types';
import { useTabTitle } from '../../app/tabs';
import { Deed } from '../../components/Deed';
import { Digest, Time } from '../../components/figures';
import { PageHead } from '../../components/PageHead';
import { Panel } from '../../components/Panel';
import { ProblemView } from '../../components/ProblemView';
import { useT } from '../../i18n';
import { TableChanges } from './CheckedView';

export default function VersionPage() {
  const t = useT();
  const to = Number(useParams()['version']);
  const [params, setParams] = useSearchParams();
  const from = Number(params.get('from') ?? Math.max(1, to - 1));
  useTabTitle(t('version.title', { version: to }));
  const version = useQuery({ queryKey: ['list', 'scheme-versions', 'one', to], queryFn: async () => (await get<Page>('/scheme-versions', { version: to, limit: 1 })).items[0] ?? null });
  const changes = useQuery({ queryKey: ['scheme-changes', from, to], enabled: from !== to, queryFn: ({ signal }) => get<VersionChanges>(`/scheme-versions/${from}/changes/${to}`, undefined, signal) });
  if (version.error) return <ProblemView error={version.error} retry={() => void version.refetch()} />;
  if (version.isPending) return <Skeleton active className="panel-body" />;
  const row = version.data;
  if (!row) return <Empty description={t('error.notFound')} className="panel-body" />;
  return (
    <section className="page">
      <PageHead title={t('version.title', { version: to })} intro={String(row['note'] ?? '')} />
      <div className="stack">
      <div className="panel panel-body">
        <Descriptions
          size="small"
          column={{ xs: 1, md: 2, lg: 3 }}
          items={[
            { key: 'kind', label: t('approval.kind'), children: <Deed code={String(row['kind'])} /> },
            { key: 'by', label: t('version.by'), children: String(row['made_by']) },
            { key: 'at', label: t('common.time'), children: <Time value={String(row['made_at'])} /> },
            { key: 'approval', label: t('nav.approvals'), children: row['approval'] ? <Link to={`/approvals/${String(row['approval'])}`}>{String(row['approval'])}</Link> : t('common.none') },
            { key: 'digest', label: t('version.digest'), children: <Digest value={String(row['digest'])} /> },
          ]}
        />
      </div>
      <Panel
        title={t('version.changes')}
        extra={
          <label>
            {t('version.from')} <InputNumber size="small" min={1} value={from} onChange={(next) => next && setParams({ from: String(next) }, { replace: true })} />
          </label>
        }
      >
        {from === to ? (
          <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('version.first')} />
        ) : changes.error ? (
          <ProblemView error={changes.error} />
        ) : !changes.data ? (
          <Skeleton active />
        ) : (
          <>
            <p>
              <TableChanges tables={changes.data.tables} />
            </p>
            {changes.data.lines.length > 0 && (
              <pre className="version-lines" tabIndex={0}>
                {changes.data.lines.map((line, at) => (
                  <span key={at} className={line.startsWith('+') ? 'line-added' : line.startsWith('-') ? 'line-removed' : undefined}>
                    {line}
                    {'\n'}
                  </span>
                ))}
              </pre>
            )}
            <p className="muted small">{t('version.noCards')}</p>
          </>
        )}
      </Panel>
      </div>
    </section>
  );
}

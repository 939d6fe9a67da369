/** 记录查询: one card, one PSAM, or a span of dates over ninety days of records. A single card is shown as its history. */
import { SearchOutlined } from '@ant-design/icons';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Button, DatePicker, Empty, Input, Segmented, Select, Skeleton } from 'antd';
import dayjs from 'dayjs';
import { useId, useState } from 'react';
import { useSearchParams } from 'react-router';
import type { RecordPage } from '../../api/files';
import { get } from '../../api/http';
import { PageHead } from '../../components/PageHead';
import { ProblemView } from '../../components/ProblemView';
import { usePick, useT } from '../../i18n';
import { formatCount } from '../../lib/money';
import { REASONS } from '../../lib/wire-tables';
import { CardHistory } from './CardHistory';
import { RecordTable } from './RecordTable';

const FIELDS = ['card', 'issuer_id', 'scheme', 'psam', 'from', 'to', 'verdict', 'reason'] as const;
type Query = Partial<Record<(typeof FIELDS)[number], string>>;

export default function RecordsPage() {
  const t = useT();
  const [params, setParams] = useSearchParams();
  const query: Query = Object.fromEntries(FIELDS.flatMap((f) => (params.get(f) ? [[f, params.get(f)!]] : [])));
  const asked = Object.keys(query).length > 0;
  const view = params.get('view') ?? (query.card ? 'history' : 'table');
  const records = useInfiniteQuery({
    queryKey: ['records', query],
    enabled: asked,
    initialPageParam: '',
    staleTime: 60_000,
    queryFn: ({ pageParam, signal }) => get<RecordPage>('/records', { ...query, limit: 100, cursor: pageParam }, signal),
    getNextPageParam: (last) => last.next_cursor ?? undefined,
  });
  const items = records.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <section className="page">
      <PageHead title={t('nav.records')} intro={t('record.intro')} />
      <RecordForm key={params.toString()} query={query} search={(next) => setParams(new URLSearchParams(Object.entries(next).filter(([, v]) => v)))} />
      {!asked ? (
        <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('record.ask')} className="panel panel-body" />
      ) : records.error ? (
        <ProblemView error={records.error} retry={() => void records.refetch()} />
      ) : records.isPending ? (
        <Skeleton active className="panel panel-body" />
      ) : (
        <div className="panel panel-body">
          <div className="flows-bar">
            <span>{t(records.hasNextPage ? 'record.foundMore' : 'record.found', { n: formatCount(items.length) })}</span>
            {query.card && (
              <Segmented
                size="small"
                value={view}
                onChange={(v) =>
                  setParams((old) => {
                    const next = new URLSearchParams(old);
                    next.set('view', v);
                    return next;
                  }, { replace: true })
                }
                options={[
                  { value: 'history', label: t('record.history') },
                  { value: 'table', label: t('common.table') },
                ]}
              />
            )}
          </div>
          {items.length === 0 ? (
            <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('list.empty')} />
          ) : view === 'history' && query.card ? (
            <CardHistory items={items} />
          ) : (
            <RecordTable items={items} />
          )}
          {records.hasNextPage && (
            <Button block loading={records.isFetchingNextPage} onClick={() => void records.fetchNextPage()}>
              {t('common.more')}
            </Button>
          )}
        </div>
      )}
    </section>
  );
}

function RecordForm({ query, search }: { query: Query; search: (query: Query) => void }) {
  const t = useT();
  const pick = usePick();
  const id = useId();
  const [draft, setDraft] = useState<Query>(query);
  const set = (changes: Query) => setDraft((old) => ({ ...old, ...changes }));
  const text = (field: 'card' | 'issuer_id' | 'psam', hint?: string) => (
    <div className="query-field">
      <label htmlFor={`${id}-${field}`}>{t(`record.${field}`)}</label>
      <Input id={`${id}-${field}`} allowClear className="mono" placeholder={hint} value={draft[field] ?? ''} onChange={(e) => set({ [field]: e.target.value.replaceAll(/\s/g, '').toUpperCase() })} />
    </div>
  );
  return (
    <form
      className="query-form"
      aria-label={t('list.form')}
      onSubmit={(event) => {
        event.preventDefault();
        search(draft);
      }}
    >
      {text('card', t('record.cardHint'))}
      {text('psam')}
      <div className="query-field">
        <label htmlFor={`${id}-from`}>{t('record.dates')}</label>
        <DatePicker.RangePicker
          id={{ start: `${id}-from`, end: `${id}-to` }}
          allowEmpty={[true, true]}
          placeholder={[t('list.from'), t('list.to')]}
          value={[draft.from ? dayjs(draft.from) : null, draft.to ? dayjs(draft.to) : null]}
          onChange={(range) => set({ from: range?.[0]?.format('YYYY-MM-DD') ?? '', to: range?.[1]?.format('YYYY-MM-DD') ?? '' })}
        />
      </div>
      <div className="query-field">
        <label htmlFor={`${id}-verdict`}>{t('file.verdict')}</label>
        <Select id={`${id}-verdict`} allowClear placeholder={t('list.anyOf')} value={draft.verdict || undefined} onChange={(v?: string) => set({ verdict: v ?? '' })} options={(['A', 'R', 'S', 'D', 'T'] as const).map((v) => ({ value: v, label: t(`verdict.${v}`) }))} />
      </div>
      <div className="query-field">
        <label htmlFor={`${id}-reason`}>{t('common.reason')}</label>
        <Select id={`${id}-reason`} allowClear showSearch optionFilterProp="label" placeholder={t('list.anyOf')} value={draft.reason || undefined} onChange={(v?: string) => set({ reason: v ?? '' })} options={REASONS.map((r) => ({ value: r.code, label: `${r.code} ${pick(r)}` }))} />
      </div>
      {text('issuer_id')}
      <div className="query-buttons">
        <Button type="primary" htmlType="submit" icon={<SearchOutlined />}>
          {t('list.query')}
        </Button>
        <Button onClick={() => search({})}>{t('list.reset')}</Button>
      </div>
    </form>
  );
}

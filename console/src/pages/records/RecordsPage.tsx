/** 记录查询: one card, one PSAM, or a span of dates over ninety days of records. A single card is shown as its history. */
import { SearchOutlined } from '@ant-design/icons';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Button, DatePicker, Empty, Input, Segmented, Select, Skeleton } from 'antd';
import dayjs from 'dayjs';
import { useId, useState } from 'react';
import { useSearchParams } from 'react-router';
import { useDashboard } from '../../api/dashboard';
import type { RecordPage } from '../../api/files';
import { get } from '../../api/http';
import { useMembers } from '../../api/lists';
import { PageHead } from '../../components/PageHead';
import { ProblemView } from '../../components/ProblemView';
import { useT } from '../../i18n';
import { formatCount } from '../../lib/money';
import { CardHistory } from './CardHistory';
import { RecordTable } from './RecordTable';

const FIELDS = ['card', 'issuer_id', 'psam', 'sender', 'issuer', 'from', 'to', 'verdict'] as const;
type Query = Partial<Record<(typeof FIELDS)[number], string>>;

/** What the server reads; anything else is told at the field before it is sent. */
const PATTERNS = { card: /^[0-9A-F]{20}$/, issuer_id: /^[0-9A-F]{16}$/, psam: /^[0-9A-F]{12}$/ } as const;
/** Days that are kept to be searched. */
const KEPT = 90;

/** Without dates: all that is kept for one card or one PSAM, else the newest clearing date. */
function spanned(query: Query, newest: string | undefined): (Query & { from: string; to: string }) | null {
  const to = query.to || newest;
  if (!to) return null;
  const wide = query.card || query.psam;
  return { ...query, to, from: query.from || (wide ? dayjs(to).subtract(KEPT - 1, 'day').format('YYYY-MM-DD') : to) };
}

export default function RecordsPage() {
  const t = useT();
  const [params, setParams] = useSearchParams();
  const query: Query = Object.fromEntries(FIELDS.flatMap((f) => (params.get(f) ? [[f, params.get(f)!]] : [])));
  const dashboard = useDashboard();
  const days = dashboard.data;
  const span = spanned(query, (days?.open_day ?? days?.last_closed)?.clearing_date);
  const asked = Object.keys(query).length > 0;
  const view = params.get('view') ?? (query.card ? 'history' : 'table');
  const records = useInfiniteQuery({
    queryKey: ['records', span],
    enabled: asked && span !== null,
    initialPageParam: '',
    staleTime: 60_000,
    queryFn: ({ pageParam, signal }) => get<RecordPage>('/records', { ...span, limit: 100, cursor: pageParam }, signal),
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
            <span>
              {span && <span className="num muted">{span.from === span.to ? span.to : `${span.from} – ${span.to}`} </span>}
              {t(records.hasNextPage ? 'record.foundMore' : 'record.found', { n: formatCount(items.length) })}
            </span>
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
  const id = useId();
  const [draft, setDraft] = useState<Query>(query);
  const set = (changes: Query) => setDraft((old) => ({ ...old, ...changes }));
  const { members } = useMembers();
  const isBad = (field: keyof typeof PATTERNS) => Boolean(draft[field]) && !PATTERNS[field].test(draft[field]!);
  const bad = (Object.keys(PATTERNS) as (keyof typeof PATTERNS)[]).some(isBad);
  const party = (field: 'sender' | 'issuer') => (
    <div className="query-field">
      <label htmlFor={`${id}-${field}`}>{t(field === 'sender' ? 'flows.acquirer' : 'flows.issuer')}</label>
      <Select id={`${id}-${field}`} allowClear showSearch optionFilterProp="label" placeholder={t('list.anyOf')} value={draft[field] || undefined} onChange={(v?: string) => set({ [field]: v ?? '' })} options={members.map((m) => ({ value: m.code, label: `${m.name} ${m.code}` }))} />
    </div>
  );
  const text = (field: keyof typeof PATTERNS, hint: string) => (
    <div className="query-field">
      <label htmlFor={`${id}-${field}`}>{t(`record.${field}`)}</label>
      <Input status={isBad(field) ? 'error' : undefined} aria-invalid={isBad(field)} title={isBad(field) ? hint : undefined} id={`${id}-${field}`} allowClear className="mono" placeholder={hint} value={draft[field] ?? ''} onChange={(e) => set({ [field]: e.target.value.replaceAll(/\s/g, '').toUpperCase() })} />
    </div>
  );
  return (
    <form
      className="query-form"
      aria-label={t('list.form')}
      onSubmit={(event) => {
        event.preventDefault();
        if (!bad) search(draft);
      }}
    >
      {text('card', t('record.cardHint'))}
      {text('psam', t('record.psamHint'))}
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
      {party('sender')}
      {party('issuer')}
      {text('issuer_id', t('record.issuerIdHint'))}
      <div className="query-buttons">
        <Button type="primary" htmlType="submit" icon={<SearchOutlined />}>
          {t('list.query')}
        </Button>
        <Button onClick={() => search({})}>{t('list.reset')}</Button>
      </div>
    </form>
  );
}

/**
 * The one list of the console: what it shows comes from the server's metadata, what it remembers is in the URL and in
 * the account's preferences.
 */
import { ReloadOutlined } from '@ant-design/icons';
import { Button, Empty, Skeleton, Table, type TableColumnType } from 'antd';
import { useEffect, useMemo, type ReactNode } from 'react';
import { Link } from 'react-router';
import { useListSpec, usePage } from '../../api/lists';
import { Problem } from '../../api/http';
import { usePreference } from '../../api/preferences';
import type { ListSpec, Row } from '../../api/types';
import { usePick, useT } from '../../i18n';
import { filtersOf, pageQuery, sortOf, withFilters } from '../../lib/listquery';
import { Money } from '../figures';
import { ProblemView } from '../ProblemView';
import { CellValue, RIGHT_ALIGNED } from './cell';
import { ColumnSettings } from './ColumnSettings';
import type { ListConfig } from './config';
import { DetailDrawer } from './DetailDrawer';
import { ExportButton } from './ExportButton';
import { Pager } from './Pager';
import type { SetParams } from './params';
import { QueryForm } from './QueryForm';
import { ResizableHead } from './ResizableHead';
import { SavedViews } from './SavedViews';
import { arranged, effectiveColumns, shownColumns, storable, type EffectiveColumn, type ListSettings } from './settings';

export interface ListViewProps {
  name: string;
  params: URLSearchParams;
  setParams: SetParams;
  config?: ListConfig;
  /** Filters that the surrounding page sets; their columns are neither asked for nor shown. */
  fixed?: Record<string, string>;
  /** Inside another page: no search form, no saved searches. */
  embedded?: boolean;
  extra?: ReactNode;
}

const NO_CONFIG: ListConfig = {};

export function ListView(props: ListViewProps) {
  const t = useT();
  const spec = useListSpec(props.name);
  if (spec === undefined) return <Skeleton active className="panel-body" />;
  if (spec === null) {
    return (
      <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t('list.notOffered')}>
        <span className="muted">{t('list.notOfferedHint')}</span>
      </Empty>
    );
  }
  return <LoadedList {...props} spec={spec} />;
}

function LoadedList({ spec, params, setParams, config = NO_CONFIG, fixed, embedded, extra }: ListViewProps & { spec: ListSpec }) {
  const t = useT();
  const pick = usePick();
  const rowKey = spec.key ?? config.rowKey ?? spec.columns[0]!.name;
  const [settings, setSettings] = usePreference<ListSettings>(`list.${spec.name}`, { columns: [] });
  const density = settings.density ?? 'small';
  const columns = useMemo(() => effectiveColumns(arranged(spec.columns, config), settings.columns, config.widths), [spec, config, settings]);
  const shown = shownColumns(columns).filter((c) => !(fixed && c.name in fixed));
  const filters = useMemo(() => filtersOf(spec, params), [spec, params]);
  const filterRecord = useMemo(() => Object.fromEntries(filters), [filters]);
  const page = usePage(spec.name, pageQuery(spec, params, fixed));
  const rows = page.data?.items ?? [];
  const expired = page.error instanceof Problem && page.error.status === 422 && params.has('cursor');

  useEffect(() => {
    if (expired) setParams((old) => withFilters(spec, old, Object.fromEntries(filtersOf(spec, old))), true);
  }, [expired, setParams, spec]);

  const search = (next: Record<string, string>) => setParams((old) => withFilters(spec, old, next));
  const change = (next: EffectiveColumn[] | null, dense: ListSettings['density']) =>
    setSettings({ columns: next ? storable(next) : [], density: dense });
  const openDetail = (row: Row | null) =>
    setParams((old) => {
      const next = new URLSearchParams(old);
      if (row) next.set('detail', String(row[rowKey]));
      else next.delete('detail');
      return next;
    });

  const tableColumns = shown.map((column) => tableColumn(column, config, pick, params, (width) =>
    change(columns.map((c) => (c.name === column.name ? { ...c, width } : c)), density),
  ));
  const Actions = config.actions;
  tableColumns.push({
    key: '$actions',
    title: t('list.actions'),
    width: Actions ? (config.actionsWidth ?? 150) : 64,
    fixed: 'right',
    render: (_, row) => (
      <span className="row-actions">
        <OpenRow row={row} rowKey={rowKey} config={config} open={() => openDetail(row)} />
        {Actions && <Actions row={row} />}
      </span>
    ),
  });

  const queried = useMemo(() => {
    const primary = config.primary ?? [];
    const rank = (name: string) => (primary.indexOf(name) + 1 || primary.length + 1);
    return spec.columns
      .filter((c) => c.filterable && c.kind !== 'json' && !(fixed && c.name in fixed))
      .sort((a, b) => rank(a.name) - rank(b.name));
  }, [spec, config, fixed]);

  const Toolbar = config.toolbar;
  return (
    <div className={embedded ? 'list embedded' : 'list'}>
      {!embedded && <QueryForm columns={queried} filters={filterRecord} search={search} reset={() => search({})} />}
      <div className="list-bar">
        <Pager page={page.data} params={params} setParams={setParams} />
        <span className="list-tools">
          {extra}
          {Toolbar && !embedded && <Toolbar />}
          <ExportButton list={spec.name} params={params} columns={shown.map((c) => c.name)} spec={spec} fixed={fixed} />
          {!embedded && (
            <SavedViews
              list={spec.name}
              query={filters.toString()}
              apply={(query) => search(Object.fromEntries(new URLSearchParams(query)))}
            />
          )}
          <Button icon={<ReloadOutlined spin={page.isFetching} />} aria-label={t('common.refresh')} title={t('common.refresh')} onClick={() => void page.refetch()} />
          <ColumnSettings columns={columns} density={density} change={change} />
        </span>
      </div>
      {page.error && !expired ? (
        <ProblemView error={page.error} retry={() => void page.refetch()} />
      ) : (
        <Table<Row>
          size={density}
          bordered
          rowKey={(row) => String(row[rowKey] ?? JSON.stringify(row))}
          columns={tableColumns}
          dataSource={rows}
          loading={page.isPending ? { description: t('common.loading') } : page.isPlaceholderData}
          pagination={false}
          tableLayout="fixed"
          scroll={{ x: shown.reduce((sum, c) => sum + c.width, Actions ? (config.actionsWidth ?? 150) : 64) }}
          components={{ header: { cell: ResizableHead } }}
          locale={{ emptyText: <NoRows searched={filters.size > 0} /> }}
          onChange={(_, __, sorter) => {
            const one = Array.isArray(sorter) ? sorter[0] : sorter;
            const name = one?.order ? `${one.order === 'descend' ? '-' : ''}${String(one.columnKey)}` : '';
            setParams((old) => {
              const next = withFilters(spec, old, Object.fromEntries(filtersOf(spec, old)));
              if (name) next.set('sort', name);
              else next.delete('sort');
              return next;
            });
          }}
          summary={() => <Sums rows={rows} columns={shown} sum={config.sum ?? []} />}
        />
      )}
      <DetailDrawer spec={spec} config={config} rowKey={rowKey} value={params.get('detail')} rows={rows} close={() => openDetail(null)} />
    </div>
  );
}

function tableColumn(
  column: EffectiveColumn,
  config: ListConfig,
  pick: (text: { zh: string; en: string }) => string,
  params: URLSearchParams,
  resize: (width: number) => void,
): TableColumnType<Row> {
  const { spec } = column;
  const sort = sortOf(params.get('sort'));
  const render = config.render?.[spec.name];
  return {
    key: spec.name,
    dataIndex: spec.name,
    title: pick(spec),
    width: column.width,
    fixed: column.pin,
    align: RIGHT_ALIGNED.has(spec.kind) ? 'right' : undefined,
    ellipsis: true,
    sorter: spec.sortable,
    sortOrder: sort?.name === spec.name ? sort.direction : null,
    onHeaderCell: () => ({ width: column.width, onResize: resize }) as object,
    render: (value, row) => (render ? render(value, row) : <CellValue spec={spec} value={value} row={row} />),
  };
}

function OpenRow({ row, rowKey, config, open }: { row: Row; rowKey: string; config: ListConfig; open: () => void }) {
  const t = useT();
  const to = config.open?.(row);
  const label = `${t('common.detail')} ${String(row[rowKey])}`;
  return to ? (
    <Link to={to} aria-label={label}>
      {t('common.detail')}
    </Link>
  ) : (
    <Button type="link" size="small" className="inline" aria-label={label} onClick={open}>
      {t('common.detail')}
    </Button>
  );
}

function NoRows({ searched }: { searched: boolean }) {
  const t = useT();
  return (
    <Empty image={Empty.PRESENTED_IMAGE_SIMPLE} description={t(searched ? 'list.empty' : 'list.emptyAll')}>
      {searched && <span className="muted">{t('list.emptyHint')}</span>}
    </Empty>
  );
}

/** The total of the page for columns where adding up says something. */
function Sums({ rows, columns, sum }: { rows: Row[]; columns: EffectiveColumn[]; sum: string[] }) {
  const t = useT();
  if (rows.length < 2 || !columns.some((c) => sum.includes(c.name))) return null;
  return (
    <Table.Summary fixed>
      <Table.Summary.Row className="sums">
        {columns.map((column, at) => (
          <Table.Summary.Cell key={column.name} index={at} align={RIGHT_ALIGNED.has(column.spec.kind) ? 'right' : undefined}>
            {sum.includes(column.name) ? (
              <Money strong fen={rows.reduce((total, row) => total + Number(row[column.name] ?? 0), 0)} />
            ) : at === 0 ? (
              t('list.pageSum')
            ) : null}
          </Table.Summary.Cell>
        ))}
        <Table.Summary.Cell index={columns.length} />
      </Table.Summary.Row>
    </Table.Summary>
  );
}


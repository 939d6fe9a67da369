/** All columns of one row, and what the list adds. Its row is named in the URL. */
import { Descriptions, Drawer, Skeleton } from 'antd';
import { useTabActive } from '../../app/tabs';
import { usePage } from '../../api/lists';
import type { ListSpec, Row } from '../../api/types';
import { usePick, useT } from '../../i18n';
import { ProblemView } from '../ProblemView';
import { CellValue } from './cell';
import type { ListConfig } from './config';

interface Props {
  spec: ListSpec;
  config: ListConfig;
  rowKey: string;
  /** Key of the row in the URL; null closes. */
  value: string | null;
  rows: Row[];
  close: () => void;
}

export function DetailDrawer({ spec, config, rowKey, value, rows, close }: Props) {
  const t = useT();
  const pick = usePick();
  const active = useTabActive();
  const onPage = rows.find((row) => String(row[rowKey]) === value);
  const askable = spec.columns.some((c) => c.name === rowKey && c.filterable);
  const query = new URLSearchParams({ [rowKey]: value ?? '', limit: '1' }).toString();
  const asked = usePage(spec.name, query, value !== null && !onPage && askable);
  const row = onPage ?? asked.data?.items[0];
  const Extra = config.detail;
  const Actions = config.actions;
  return (
    <Drawer
      open={value !== null && active}
      onClose={close}
      size={640}
      title={`${pick(spec)} · ${value ?? ''}`}
      extra={row && Actions ? <Actions row={row} /> : null}
    >
      {row ? (
        <>
          <Descriptions
            size="small"
            column={1}
            bordered
            styles={{ label: { width: 150 } }}
            items={spec.columns.map((column) => ({
              key: column.name,
              label: pick(column),
              children: config.render?.[column.name]?.(row[column.name], row) ?? (
                <CellValue spec={column} value={row[column.name]} />
              ),
            }))}
          />
          {Extra && <Extra row={row} />}
        </>
      ) : asked.isFetching ? (
        <Skeleton active />
      ) : asked.error ? (
        <ProblemView error={asked.error} />
      ) : (
        <p className="muted">{t('error.notFoundHint')}</p>
      )}
    </Drawer>
  );
}

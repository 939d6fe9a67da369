/** The form above a list: three fields, the rest under 展开; Enter searches. */
import { DownOutlined, UpOutlined } from '@ant-design/icons';
import { Button } from 'antd';
import { useId, useState } from 'react';
import type { ColumnSpec } from '../../api/types';
import { usePick, useT } from '../../i18n';
import { FilterField } from './FilterField';

const VISIBLE = 3;

export interface QueryFormProps {
  columns: ColumnSpec[];
  /** The filters in force. */
  filters: Record<string, string>;
  search: (filters: Record<string, string>) => void;
  reset: () => void;
}

/** Base column of a parameter. */
function baseOf(param: string): string {
  return param.replace(/\.(from|to|like|prefix|in)$/, '');
}

export function QueryForm({ columns, filters, search, reset }: QueryFormProps) {
  const t = useT();
  const pick = usePick();
  const id = useId();
  const [draft, setDraft] = useState(filters);
  const [seen, setSeen] = useState(filters);
  const hidden = columns.slice(VISIBLE);
  const [expanded, setExpanded] = useState(() => hidden.some((c) => Object.keys(filters).some((p) => baseOf(p) === c.name)));
  if (seen !== filters) {
    setSeen(filters);
    setDraft(filters);
  }
  const shown = expanded ? columns : columns.slice(0, VISIBLE);
  return (
    <form
      className="query-form"
      aria-label={t('list.form')}
      onSubmit={(event) => {
        event.preventDefault();
        search(draft);
      }}
    >
      {shown.map((column) => (
        <div className="query-field" key={column.name}>
          <label htmlFor={`${id}-${column.name}`} title={pick(column)}>
            {pick(column)}
          </label>
          <FilterField
            id={`${id}-${column.name}`}
            column={column}
            draft={draft}
            set={(changes) => setDraft((old) => ({ ...old, ...changes }))}
          />
        </div>
      ))}
      <div className="query-buttons">
        <Button type="primary" htmlType="submit">
          {t('list.query')}
        </Button>
        <Button
          onClick={() => {
            setDraft({});
            reset();
          }}
        >
          {t('list.reset')}
        </Button>
        {hidden.length > 0 && (
          <Button type="link" aria-expanded={expanded} onClick={() => setExpanded(!expanded)}>
            {t(expanded ? 'list.collapse' : 'list.expand')} {expanded ? <UpOutlined /> : <DownOutlined />}
          </Button>
        )}
      </div>
    </form>
  );
}

/** What a change would do, as the server tried it: its line, from when on, before and after, how many rows of which tables. */
import { Alert, Descriptions, Tag } from 'antd';
import type { Checked, TableChange } from '../../api/changes';
import { Summary, wordFor } from '../../components/Deed';
import { DiffTable } from '../../components/DiffTable';
import { RowFaults } from '../../components/SchemeFile';
import { useT } from '../../i18n';
import { formatCount } from '../../lib/money';

export function CheckedView({ checked }: { checked: Checked }) {
  const t = useT();
  return (
    <section className="checked" aria-label={t('check.title')}>
      <Alert type="success" showIcon title={t('check.title')} description={<Summary text={checked.summary} />} />
      <Descriptions
        size="small"
        column={1}
        items={[
          { key: 'first', label: t('check.first'), children: <b className="num">{checked.first_clearing_date}</b> },
          { key: 'tables', label: t('check.tables'), children: <TableChanges tables={checked.tables} /> },
        ]}
      />
      <div className="checked-diff">
        <DiffTable before={checked.before} after={checked.after} />
      </div>
      <RowFaults faults={checked.skipped} />
    </section>
  );
}

export function TableChanges({ tables }: { tables: TableChange[] }) {
  const t = useT();
  return (
    <span>
      {tables.map((table) => {
        const word = wordFor('table', table.table);
        return (
          <Tag key={table.table}>
            {word ? t(word) : table.table} <span className="num">+{formatCount(table.added)} −{formatCount(table.removed)}</span>
          </Tag>
        );
      })}
    </span>
  );
}

/** 列设置: show and hide, order, pin, width, density. Every change is stored for the account at once. */
import { ArrowDownOutlined, ArrowUpOutlined, PushpinFilled, PushpinOutlined, SettingOutlined } from '@ant-design/icons';
import { Button, Checkbox, InputNumber, Popover, Segmented } from 'antd';
import { usePick, useT } from '../../i18n';
import { moved, type Density, type EffectiveColumn } from './settings';

export interface ColumnSettingsProps {
  columns: EffectiveColumn[];
  density: Density;
  change: (columns: EffectiveColumn[] | null, density: Density) => void;
}

export function ColumnSettings(props: ColumnSettingsProps) {
  const t = useT();
  return (
    <Popover trigger="click" placement="bottomRight" content={<Panel {...props} />} title={<Head {...props} />}>
      <Button icon={<SettingOutlined />} aria-label={t('list.columns')} title={t('list.columns')} />
    </Popover>
  );
}

function Head({ density, change }: ColumnSettingsProps) {
  const t = useT();
  return (
    <div className="column-settings-head">
      <span>{t('list.columns')}</span>
      <span className="muted small">{t('list.columnsHint')}</span>
      <Button size="small" type="link" onClick={() => change(null, density)}>
        {t('list.columnsReset')}
      </Button>
    </div>
  );
}

function Panel({ columns, density, change }: ColumnSettingsProps) {
  const t = useT();
  const pick = usePick();
  const update = (name: string, next: Partial<EffectiveColumn>) =>
    change(columns.map((c) => (c.name === name ? { ...c, ...next } : c)), density);
  return (
    <div className="column-settings">
      <Segmented
        block
        size="small"
        aria-label={t('list.density')}
        value={density}
        options={[
          { value: 'small', label: t('list.density.compact') },
          { value: 'middle', label: t('list.density.middle') },
          { value: 'large', label: t('list.density.large') },
        ]}
        onChange={(value) => change(columns, value as Density)}
      />
      <ul>
        {columns.map((column, at) => {
          const name = pick(column.spec);
          return (
            <li key={column.name}>
              <Checkbox checked={column.shown} aria-label={t('list.columnShow', { name })} onChange={(e) => update(column.name, { shown: e.target.checked })}>
                {name}
              </Checkbox>
              <InputNumber size="small" min={48} max={800} step={10} value={column.width} aria-label={t('list.columnWidth', { name })} onChange={(width) => width && update(column.name, { width })} />
              <Button
                size="small"
                type="text"
                icon={column.pin ? <PushpinFilled /> : <PushpinOutlined />}
                aria-label={t(column.pin ? 'list.columnPinned' : 'list.columnPinLeft', { name })}
                onClick={() => update(column.name, { pin: column.pin ? undefined : 'left' })}
              />
              <Button size="small" type="text" disabled={at === 0} icon={<ArrowUpOutlined />} aria-label={t('list.columnUp', { name })} onClick={() => change(moved(columns, at, at - 1), density)} />
              <Button size="small" type="text" disabled={at === columns.length - 1} icon={<ArrowDownOutlined />} aria-label={t('list.columnDown', { name })} onClick={() => change(moved(columns, at, at + 1), density)} />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

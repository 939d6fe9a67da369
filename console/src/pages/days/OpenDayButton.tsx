import { DatePicker, Form } from 'antd';
import type { Dayjs } from 'dayjs';
import { call } from '../../api/http';
import { useCan } from '../../api/session';
import { ActionButton } from '../../components/ActionButton';
import { useT } from '../../i18n';

export function OpenDayButton() {
  const t = useT();
  const can = useCan();
  if (!can('day.operate')) return null;
  return (
    <ActionButton<{ date?: Dayjs }>
      label={t('day.open')}
      description={t('day.openText')}
      submit={({ date }, key) => call('POST', '/clearing-days', { key, body: date ? { date: date.format('YYYY-MM-DD') } : {} })}
      invalidate={[['list', 'clearing-days'], ['dashboard']]}
    >
      <Form.Item name="date" label={t('day.openDate')} extra={t('day.openDateHint')}>
        <DatePicker className="grow" />
      </Form.Item>
    </ActionButton>
  );
}

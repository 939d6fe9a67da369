/** 发布名单: one proposes, another approves; what goes out and from when is said before it is sent. */
import { Alert, DatePicker, Form, Input, Select } from 'antd';
import type { Dayjs } from 'dayjs';
import { LIST_CODES, type ListCode } from '../../api/delivery';
import { call, get } from '../../api/http';
import { useCan } from '../../api/session';
import type { Page, Row } from '../../api/types';
import { ActionButton } from '../../components/ActionButton';
import { useT } from '../../i18n';
import { formatCount } from '../../lib/money';

interface Values {
  list: ListCode;
  effective_at?: Dayjs;
  note?: string;
}

export function PublishList() {
  const t = useT();
  const can = useCan();
  if (!can('lists.propose')) return null;
  const required = [{ required: true, message: t('common.required') }];
  return (
    <ActionButton<Values>
      primary
      twoPeople
      label={t('lists.publish')}
      description={t('lists.publishText')}
      preview={async (values) => <WillPublish values={values} present={await presentOf(values.list)} />}
      // What is typed is the time of the centre, wherever the browser is.
      submit={({ list, effective_at, note }, key) =>
        call('POST', '/list-publications', { key, body: { list, ...(effective_at ? { effective_at: effective_at.format('YYYY-MM-DDTHH:mm:ss+08:00') } : {}), ...(note?.trim() ? { note: note.trim() } : {}) } })
      }
      invalidate={[['list', 'list-versions']]}
    >
      <Form.Item name="list" label={t('lists.list')} rules={required}>
        <Select showSearch optionFilterProp="label" options={LIST_CODES.map((code) => ({ value: code, label: `${t(`list-code.${code}`)} ${code}` }))} />
      </Form.Item>
      <Form.Item name="effective_at" label={t('lists.effectiveAt')} extra={t('lists.effectiveHint')}>
        <DatePicker className="grow" showTime />
      </Form.Item>
      <Form.Item name="note" label={t('common.note')}>
        <Input maxLength={200} />
      </Form.Item>
    </ActionButton>
  );
}

/** The newest version that members have. */
async function presentOf(list: ListCode): Promise<Row | undefined> {
  return (await get<Page>('/list-versions', { 'list.in': list, 'state.in': 'published', sort: '-version', limit: 1 })).items[0];
}

function WillPublish({ values, present }: { values: Values; present: Row | undefined }) {
  const t = useT();
  return (
    <Alert
      type="warning"
      showIcon
      title={t('lists.willPublish', { list: t(`list-code.${values.list}`) })}
      description={
        <>
          {values.effective_at ? t('lists.at', { time: values.effective_at.format('YYYY-MM-DD HH:mm:ss') }) : t('lists.atOnce')}{' '}
          {present ? t('lists.present', { version: String(present['version']), entries: formatCount(Number(present['entries'])) }) : t('lists.none')}
        </>
      }
    />
  );
}

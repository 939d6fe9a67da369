import { Form, Input } from 'antd';
import { call } from '../../api/http';
import { useListSpec } from '../../api/lists';
import { useCan, useSide } from '../../api/session';
import type { Row } from '../../api/types';
import { ActionButton } from '../../components/ActionButton';
import { MemberName, Money } from '../../components/figures';
import { fenOf, YuanItem } from '../../components/YuanItem';
import { useT } from '../../i18n';
import { SetReserve } from '../parties/actions';

/** Proposals about one member's reserve. The kind gives the sign, never the typed number. */
export function ReserveActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  const side = useSide();
  const moved = useListSpec('topups');
  const kept = useListSpec('reserves');
  const moves = can('settlement.propose') && moved;
  const lines = side === 'centre' && kept && can('member.propose');
  if (!moves && !lines) return null;
  const member = String(row['member']);
  const balance = (
    <p>
      <MemberName code={member} link={false} /> · {t('dash.balance')} <Money fen={Number(row['balance_fen'])} withUnit />
    </p>
  );
  const common = { size: 'small' as const, type: 'link' as const, twoPeople: true, invalidate: [['list', 'reserves'], ['list', 'topups']] };
  const move = (kind: 'topups' | 'withdrawals') => (values: { amount: string; reference?: string; note?: string }, key: string) =>
    call('POST', `/reserves/${member}/${kind}`, { key, body: { amount_fen: fenOf(values.amount), reference: values.reference ?? '', note: values.note ?? '' } });
  return (
    <span className="row-actions">
      {moves && (['topups', 'withdrawals'] as const).map((kind) => (
        <ActionButton<{ amount: string; reference?: string; note?: string }> key={kind} {...common} label={t(kind === 'topups' ? 'reserve.topUp' : 'reserve.withdraw')} description={balance} submit={move(kind)}>
          <YuanItem name="amount" label={t('reserve.amount')} extra={t('reserve.signNote')} />
          <Form.Item name="reference" label={t('reserve.reference')} rules={[{ required: true, message: t('common.required') }]}>
            <Input maxLength={60} />
          </Form.Item>
          <Form.Item name="note" label={t('common.note')}>
            <Input.TextArea rows={2} maxLength={200} />
          </Form.Item>
        </ActionButton>
      ))}
      {lines && <SetReserve member={member} link />}
    </span>
  );
}

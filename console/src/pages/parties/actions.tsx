/** Buttons of the scheme book's lists. */
import type { Row } from '../../api/types';
import { useT } from '../../i18n';
import { ChangeButton } from './ChangeButton';
import type { ChangeKind } from './changes';
import { useCan } from '../../api/session';
import { Button } from 'antd';
import { useNavigate } from 'react-router';

function adder(kind: ChangeKind) {
  return function AddButton() {
    const t = useT();
    return <ChangeButton kind={kind} label={t('common.add')} />;
  };
}

export const AddMember = adder('member.add');
export const AddIssuer = adder('member.issuer.add');
export const AddPsam = adder('member.psam.add');
export const AddBlacklist = adder('member.blacklist.add');
export const AddCertificate = adder('member.certificate.add');
export const AddHoliday = adder('member.holiday.set');
export const AddExpected = adder('member.expected.set');

export function FeeToolbar() {
  const t = useT();
  const can = useCan();
  const navigate = useNavigate();
  return (
    <>
      {can('member.simulate') && <Button onClick={() => void navigate('/what-if')}>{t('nav.whatIf')}</Button>}
      <ChangeButton kind="member.fee.add" label={t('common.add')} />
    </>
  );
}

export function FeeActions({ row }: { row: Row }) {
  const t = useT();
  return <ChangeButton kind="member.fee.end" label={t('member.endFee')} known={{ id: row['id'] }} link />;
}

export function PsamActions({ row }: { row: Row }) {
  const t = useT();
  return <ChangeButton kind="member.psam.state" label={t('member.psamState')} known={{ from: row['first'] ?? row['from'], state: row['state'] }} link />;
}

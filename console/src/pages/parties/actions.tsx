/** Buttons of the scheme book's lists. */
import { Button, DatePicker, Form, Input } from 'antd';
import dayjs, { type Dayjs } from 'dayjs';
import { useNavigate } from 'react-router';
import { presentOf } from '../../api/changes';
import { call, get } from '../../api/http';
import { useLists } from '../../api/lists';
import { useCan } from '../../api/session';
import type { Page, Row } from '../../api/types';
import { ActionButton } from '../../components/ActionButton';
import { useT, type MessageKey } from '../../i18n';
import { fingerprint } from '../../lib/sm3';
import { ChangeButton } from './ChangeButton';
import { expectedOf, feeOf, issuerOf, type ChangeKind } from './changes';

function adder(kind: ChangeKind, label: MessageKey = 'common.add') {
  return function AddButton() {
    const t = useT();
    return <ChangeButton kind={kind} label={t(label)} primary />;
  };
}

export const AddMember = adder('member.add');
export const AddIssuer = adder('member.issuer.add');
export const AddPsam = adder('member.psam.add');

export function MemberActions({ row }: { row: Row }) {
  const t = useT();
  const state = String(row['state']);
  if (state === 'closed') return null;
  const { code, name, city } = row;
  return state === 'suspended' ? (
    <ChangeButton kind="member.resume" label={t('member.resume')} known={{ code }} link />
  ) : (
    <ChangeButton kind="member.edit" label={t('common.edit')} known={{ code, name, city }} link />
  );
}

export function IssuerActions({ row }: { row: Row }) {
  const t = useT();
  return (
    <>
      <ChangeButton kind="member.issuer.edit" label={t('common.edit')} known={issuerOf(row)} link />
      <ChangeButton kind="member.issuer.remove" label={t('common.delete')} known={row} link danger />
    </>
  );
}

export function PsamActions({ row }: { row: Row }) {
  const t = useT();
  const known = { member: row['member'], from: row['first_number'], to: row['last_number'], state: row['state'] };
  return (
    <>
      <ChangeButton kind="member.psam.edit" label={t('common.edit')} known={known} link />
      {row['state'] !== 'stopped' && <ChangeButton kind="member.psam.stop" label={t('member.stop')} known={known} link danger />}
      {row['state'] === 'stopped' && <ChangeButton kind="member.psam.remove" label={t('common.delete')} known={known} link danger />}
    </>
  );
}

export function FeeToolbar() {
  const t = useT();
  const can = useCan();
  const navigate = useNavigate();
  return (
    <>
      {can('member.simulate') && <Button onClick={() => void navigate('/what-if')}>{t('nav.whatIf')}</Button>}
      <ChangeButton kind="member.fee.add" label={t('common.add')} primary />
    </>
  );
}

/** A rule that a date was priced by is never changed: it ends, and another begins. */
export function FeeActions({ row }: { row: Row }) {
  const t = useT();
  const { from, ...rest } = feeOf(row);
  const known = { ...rest, from };
  const state = String(row['state']);
  if (state === 'coming') return <ChangeButton kind="member.fee.edit" label={t('common.edit')} known={known} link />;
  if (state !== 'current') return null;
  return (
    <>
      <ChangeButton kind="member.fee.add" label={t('member.replaceFee')} known={{ ...rest, to: undefined, end_previous: true }} link />
      <ChangeButton kind="member.fee.end" label={t('member.endFee')} known={known} link danger />
    </>
  );
}

export function BlacklistToolbar() {
  const t = useT();
  const whole = useLists().data?.some((list) => list.name === 'blacklist-cards');
  const navigate = useNavigate();
  return (
    <>
      {whole && <Button onClick={() => void navigate('/blacklist-cards')}>{t('blacklist.whole')}</Button>}
      <ChangeButton kind="member.blacklist.add" label={t('common.add')} primary />
      <ChangeButton kind="blacklist.addFile" label={t('blacklist.addFile')} />
      <ChangeButton kind="member.blacklist.remove" label={t('blacklist.remove')} />
      <ChangeButton kind="blacklist.removeFile" label={t('blacklist.removeFile')} />
    </>
  );
}

/** Only where the whole number is seen: a masked one names no card. */
export function BlacklistActions({ row }: { row: Row }) {
  const t = useT();
  return <ChangeButton kind="member.blacklist.remove" label={t('blacklist.remove')} known={row} link danger />;
}

export function CertificateToolbar() {
  const t = useT();
  return (
    <>
      <SendCertificate />
      <ChangeButton kind="member.certificate.register" label={t('member.addCertificate')} primary />
    </>
  );
}

/** A member sends its own; the centre registers it. */
export function SendCertificate() {
  const t = useT();
  const can = useCan();
  if (!can('member.certificate')) return null;
  return (
    <ActionButton<{ label: string; public_key: string; proof?: string; not_before: Dayjs; not_after: Dayjs }>
      primary
      width={640}
      label={t('certificate.send')}
      description={t('certificate.sendText')}
      submit={({ label, public_key, proof, not_before, not_after }, key) =>
        call('POST', '/certificates', {
          key,
          body: {
            label,
            public_key: public_key.replaceAll(/\s/g, ''),
            not_before: not_before.format('YYYY-MM-DD'),
            not_after: not_after.format('YYYY-MM-DD'),
            ...(proof ? { proof: proof.replaceAll(/\s/g, '') } : {}),
          },
        })
      }
      invalidate={[['list', 'certificate-uploads']]}
    >
      <div className="form-grid">
        <Form.Item name="label" label={t('field.name')} extra={t('hint.certificateLabel')} rules={[{ required: true, message: t('common.required') }]} className="full">
          <Input maxLength={60} />
        </Form.Item>
        <Form.Item name="not_before" label={t('field.notBefore')} rules={[{ required: true, message: t('common.required') }]}>
          <DatePicker className="grow" />
        </Form.Item>
        <Form.Item name="not_after" label={t('field.notAfter')} rules={[{ required: true, message: t('common.required') }]}>
          <DatePicker className="grow" />
        </Form.Item>
        <Form.Item name="public_key" label={t('field.publicKey')} extra={t('hint.publicKey')} rules={[{ required: true, pattern: /^04[0-9A-Fa-f]{128}$/, message: t('form.pattern') }]} className="full">
          <Input.TextArea rows={3} className="mono" spellCheck={false} />
        </Form.Item>
        <Form.Item name="proof" label={t('certificate.proof')} extra={t('certificate.proofHint')} className="full">
          <Input.TextArea rows={3} className="mono" spellCheck={false} />
        </Form.Item>
      </div>
    </ActionButton>
  );
}

export function CertificateActions({ row }: { row: Row }) {
  const t = useT();
  if (!['current', 'coming'].includes(String(row['state']))) return null;
  return <ChangeButton kind="member.certificate.revoke" label={t('certificate.revoke')} known={{ member: row['member'], fingerprint: fingerprint(String(row['public_key'])) }} link danger />;
}

/** What a member sent: the centre's people propose its registration or put it aside. */
export function CertificateUploadActions({ row }: { row: Row }) {
  const t = useT();
  const can = useCan();
  if (!can('member.propose') || row['state'] !== 'waiting') return null;
  const common = { size: 'small' as const, type: 'link' as const, invalidate: [['list', 'certificate-uploads']] };
  const path = `/certificates/${String(row['id'])}`;
  return (
    <>
      <ActionButton
        {...common}
        twoPeople
        label={t('certificate.register')}
        description={
          <>
            <p>{t('certificate.registerText')}</p>
            <p className="mono wrap">{fingerprint(String(row['public_key']))}</p>
          </>
        }
        submit={(_, key) => call('POST', `${path}/register`, { key })}
      />
      <ActionButton<{ reason: string }> {...common} danger label={t('certificate.refuse')} submit={(body, key) => call('POST', `${path}/refuse`, { key, body })}>
        <Form.Item name="reason" label={t('common.reason')} rules={[{ required: true, message: t('common.required') }]}>
          <Input maxLength={200} />
        </Form.Item>
      </ActionButton>
    </>
  );
}

/** The present rules and times are in no list: trying a change tells them. */
const PROBES = {
  'member.rules.set': { late_window_days: 0, single_limit_fen: 1, blacklist_grace_hours: 0, history_days: 36499, tac_verifier: 'centre' },
  'member.schedule.set': { rows: [{ weekday: 0, open: '00:01', cut: '00:02', grace_minutes: 1 }] },
};

export function SchemeToolbar() {
  const t = useT();
  return (
    <>
      <ChangeButton kind="member.rules.set" label={t('scheme.rules')} load={() => presentOf('member.rules.set', PROBES['member.rules.set'])} />
      <ChangeButton
        kind="member.schedule.set"
        label={t('scheme.schedule')}
        load={async () => {
          const { rows } = (await presentOf('member.schedule.set', PROBES['member.schedule.set'])) as { rows?: Record<string, unknown>[] };
          return rows?.length ? { rows } : {};
        }}
      />
      <ChangeButton kind="member.scheme.import" label={t('scheme.import')} />
    </>
  );
}

async function rowsOf(list: string, query: Record<string, string | number>): Promise<Row[]> {
  return (await get<Page>(`/${list}`, { ...query, limit: 500 })).items;
}

/** A year's calendar is set as a whole: this year's as it stands, or the next one's. */
export function HolidayToolbar() {
  const t = useT();
  const now = dayjs().year();
  return (
    <>
      {[now, now + 1].map((year) => (
        <ChangeButton
          key={year}
          kind="member.calendar.set"
          label={t('holiday.setYear', { year })}
          load={async () => ({ year, days: await rowsOf('holidays', { 'date.from': `${year}-01-01`, 'date.to': `${year}-12-31` }) })}
        />
      ))}
    </>
  );
}

/** All files that a member should send, set as a whole. */
export function SetExpected({ member, link }: { member?: string; link?: boolean }) {
  const t = useT();
  return (
    <ChangeButton
      kind="member.expected.set"
      label={t(member ? 'member.setExpected' : 'common.add')}
      link={link}
      known={member ? { member } : {}}
      load={member ? async () => ({ rows: (await rowsOf('expected-files', { member })).map(expectedOf) }) : undefined}
    />
  );
}

export function ExpectedToolbar() {
  const t = useT();
  const navigate = useNavigate();
  return (
    <>
      <Button onClick={() => void navigate('/expected-board')}>{t('nav.expectedBoard')}</Button>
      <SetExpected />
    </>
  );
}

export function ExpectedActions({ row }: { row: Row }) {
  return <SetExpected member={String(row['member'])} link />;
}

/** A member's lines, with what they are now. */
export function SetReserve({ member, link }: { member: string; link?: boolean }) {
  const t = useT();
  return <ChangeButton kind="member.reserve.set" label={t('member.setReserve')} link={link} known={{ member }} load={async () => (await rowsOf('reserves', { member }))[0] ?? {}} />;
}

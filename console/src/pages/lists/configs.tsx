/** What the console adds to single lists. A list without an entry works as the server describes it. */
import { Link } from 'react-router';
import { Deed, StepDetail, Summary, wordFor } from '../../components/Deed';
import { MemberName } from '../../components/figures';
import { useT } from '../../i18n';
import { FileResult } from '../../components/verdicts';
import { OpenDayButton } from '../days/OpenDayButton';
import { UploadButton } from '../files/UploadButton';
import { ReserveActions } from '../money/ReserveActions';
import { LedgerKind } from '../money/LedgerKind';
import { LedgerToolbar } from '../money/LedgerToolbar';
import { JobActions, JobDetail } from '../work/JobDetail';
import { AddAdjustment } from '../work/AddAdjustment';
import { SuspiciousActions } from '../work/SuspiciousActions';
import {
  AddIssuer,
  AddMember,
  AddPsam,
  BlacklistActions,
  BlacklistToolbar,
  CertificateActions,
  CertificateToolbar,
  CertificateUploadActions,
  ExpectedActions,
  ExpectedToolbar,
  FeeActions,
  FeeToolbar,
  HolidayToolbar,
  IssuerActions,
  MemberActions,
  PsamActions,
  SchemeToolbar,
  SendCertificate,
} from '../parties/actions';
import { minuteOfDay } from '../parties/changes';
import { AccountActions, AccountToolbar } from '../system/AccountActions';
import { AddApiKey, AddRole, ApiKeyActions, SessionActions, VerifyAudit } from '../system/actions';
import { AddOrder, AddProduct, AddSegment, CardActions, SamActions, TransferStock } from '../keys/CardActions';
import { EnrolCustodian, KeyActions, KeyToolbar, ProposeKey, RequestActions } from '../keys/KeyRequests';
import { AddBankAccount, MakeSettlementDate, QueueActions } from '../money/SettlementActions';
import { PublishList } from '../delivery/PublishList';
import { FileActions, receiptName } from '../files/FileActions';
import { StatementLinks } from '../days/StatementLinks';
import { formatBytes } from '../../lib/text';
import type { Cell } from '../../api/types';
import type { ListConfig } from '../../components/list/config';

const path = (base: string, column: string): ListConfig['open'] => (row) => `${base}/${encodeURIComponent(String(row[column]))}`;

/** Of a fee rule: a rule without a party is for all. */
function anyParty(value: Cell) {
  return value === null || value === undefined || value === '*' ? <Any /> : <MemberName code={String(value)} />;
}

function Any() {
  const t = useT();
  return <span className="muted">{t('form.any')}</span>;
}

function plain(value: Cell) {
  return value ? <Summary text={String(value)} /> : null;
}

function deed(value: Cell) {
  return <Deed code={String(value)} plain />;
}

/** Whose deed it was: 0 the centre's, eight digits a member's. */
function ownerCode(value: Cell) {
  const code = String(value ?? '');
  if (code === '' || code === '0') return <MemberName code="00000000" />;
  return code.length === 8 ? <MemberName code={code} /> : <span className="num">{code}</span>;
}

function bytes(value: Cell) {
  return value === null || value === undefined ? <span className="muted">—</span> : <span className="num">{formatBytes(Number(value))}</span>;
}

function ledgerKind(value: Cell) {
  return <LedgerKind kind={String(value)} />;
}

function endReason(value: Cell) {
  return <EndReason value={value} />;
}

function EndReason({ value }: { value: Cell }) {
  const t = useT();
  if (!value) return <span className="muted">—</span>;
  const known = wordFor('end', String(value));
  return <>{known ? t(known) : String(value)}</>;
}

/** Of a receipt: also of a file that was refused, whatever its name. */
function uploadLink(value: Cell) {
  return (
    <Link className="mono" to={`/uploads/${encodeURIComponent(String(value))}`}>
      {String(value)}
    </Link>
  );
}

function accountLink(value: Cell) {
  const code = String(value);
  return (
    <Link className="mono" to={`/ledger/${encodeURIComponent(code)}`}>
      {code}
    </Link>
  );
}

/** Of a role: how many; which they are is on its page. */
function Permissions({ codes }: { codes: string }) {
  const t = useT();
  return <span className="num">{t('role.intro', { n: codes.split(',').filter(Boolean).length })}</span>;
}

/** A minute of the clearing date as a time of day. */
function clockTime(value: Cell) {
  const { time, nextDay } = minuteOfDay(Number(value));
  return <ClockTime time={time} nextDay={nextDay} />;
}

function ClockTime({ time, nextDay }: { time: string; nextDay: boolean }) {
  const t = useT();
  return (
    <span className="num">
      {nextDay && `${t('field.nextDay')} `}
      {time}
    </span>
  );
}

export const CONFIGS: Record<string, ListConfig | undefined> = {
  'day-steps': { rowKey: 'id', render: { detail: (value, row) => <StepDetail step={String(row['step'])} detail={value === null ? null : String(value)} /> } },
  'clearing-days': {
    rowKey: 'clearing_date',
    primary: ['clearing_date', 'state'],
    open: path('/days', 'clearing_date'),
    toolbar: OpenDayButton,
  },
  uploads: {
    rowKey: 'name',
    order: ['name', 'clearing_date', 'member', 'record_count', 'total_fen'],
    widths: { accepted: 84, rejected: 72, suspicious: 72, duplicate: 72, test: 72 },
    folded: ['upload_no'],
    primary: ['clearing_date', 'member', 'name'],
    open: path('/uploads', 'name'),
    sum: ['total_fen'],
    toolbar: UploadButton,
  },
  receipts: {
    rowKey: 'id',
    primary: ['clearing_date', 'member', 'result'],
    order: ['clearing_date', 'member', 'upload_name', 'result', 'detail'],
    widths: { result: 240, detail: 250, sequence: 90 },
    render: {
      result: (value) => <FileResult result={String(value)} />,
      upload_name: uploadLink,
    },
    actions: ({ row }) => <FileActions kind="receipt" name={receiptName(row)} />,
  },
  'result-files': {
    rowKey: 'name',
    primary: ['clearing_date', 'member', 'kind'],
    actions: ({ row }) => <FileActions kind="result" name={String(row['name'])} />,
  },
  statements: {
    rowKey: 'number',
    widths: { number: 210, version: 64 },
    primary: ['clearing_date', 'member', 'version'],
    intro: 'statement.intro',
    actions: ({ row }) => <StatementLinks date={String(row['clearing_date'])} member={String(row['member'])} />,
  },
  positions: {
    rowKey: 'id',
    widths: { receivable_fen: 110, payable_fen: 110, adjustments_fen: 96, net_fen: 110, reserve_before_fen: 120, reserve_after_fen: 120 },
    primary: ['clearing_date', 'member', 'net_fen'],
    sum: ['receivable_fen', 'payable_fen', 'adjustments_fen', 'net_fen'],
    actions: ({ row }) => <StatementLinks date={String(row['clearing_date'])} member={String(row['member'])} />,
  },
  groups: { rowKey: 'id', primary: ['clearing_date', 'acquirer', 'issuer'], sum: ['gross_fen', 'issuer_fee_fen', 'centre_fee_fen'] },
  reserves: { rowKey: 'member', actions: ReserveActions, sum: ['balance_fen'] },
  'ledger-accounts': {
    rowKey: 'code',
    widths: { code: 200, normal_side: 84 },
    folded: ['pending_debits_fen', 'pending_credits_fen'],
    render: { kind: ledgerKind }, primary: ['code', 'kind', 'owner'], open: path('/ledger', 'code'),
    toolbar: LedgerToolbar,
  },
  'ledger-transfers': {
    rowKey: 'sequence',
    primary: ['booking_date', 'debit', 'credit'],
    sum: ['amount_fen'],
    widths: { sequence: 72, debit: 200, credit: 200, phase: 84 },
    render: { debit: accountLink, credit: accountLink },
  },
  'settlement-dates': { toolbar: MakeSettlementDate },
  'payment-instructions': { sum: ['amount_fen'] },
  'bank-accounts': { toolbar: AddBankAccount },
  'bank-queue': { actions: QueueActions },
  suspicious: {
    rowKey: 'id',
    order: ['clearing_date', 'reason', 'amount_fen', 'acquirer', 'issuer', 'state', 'happened_at', 'card'],
    widths: { reason: 200, amount_fen: 100, card: 170 },
    primary: ['state', 'reason', 'acquirer'], actions: SuspiciousActions, sum: ['amount_fen'] },
  adjustments: { rowKey: 'id', primary: ['state', 'booked_on', 'debtor'], toolbar: AddAdjustment, sum: ['amount_fen'] },
  jobs: {
    rowKey: 'id',
    order: ['id', 'kind', 'state', 'progress_text', 'created_by', 'created_at', 'ended_at', 'error'],
    folded: ['progress_done', 'progress_total', 'started_at'],
    widths: { id: 72, progress_text: 120, created_by: 110 },
    render: { kind: deed }, primary: ['state', 'kind', 'created_at'], detail: JobDetail, actions: JobActions },
  members: { rowKey: 'code', primary: ['code', 'name', 'state'], open: path('/members', 'code'), toolbar: AddMember, actions: MemberActions },
  issuers: { rowKey: 'id', primary: ['member', 'scheme', 'issuer_id'], toolbar: AddIssuer, actions: IssuerActions, actionsWidth: 190 },
  'psam-ranges': { rowKey: 'id', primary: ['member', 'state'], toolbar: AddPsam, actions: PsamActions, actionsWidth: 190 },
  certificates: { rowKey: 'id', primary: ['member', 'state'], widths: { public_key: 260 }, toolbar: CertificateToolbar, actions: CertificateActions },
  'certificate-uploads': { rowKey: 'id', primary: ['member', 'state'], toolbar: SendCertificate, actions: CertificateUploadActions },
  fees: {
    rowKey: 'id',
    primary: ['acquirer', 'issuer', 'state'],
    toolbar: FeeToolbar,
    actions: FeeActions, actionsWidth: 190,
    render: { acquirer: anyParty, issuer: anyParty },
  },
  'scheme-versions': { rowKey: 'version', primary: ['made_at', 'kind'], open: path('/scheme-versions', 'version'), render: { kind: deed }, widths: { version: 64, made_by: 110, approval: 76, note: 300, rows_added: 72, rows_removed: 72 }, toolbar: SchemeToolbar },
  holidays: { rowKey: 'date', primary: ['date', 'kind'], toolbar: HolidayToolbar },
  'expected-files': { rowKey: 'id', primary: ['member', 'kind'], render: { from_minute: clockTime, by_minute: clockTime }, toolbar: ExpectedToolbar, actions: ExpectedActions },
  blacklist: { rowKey: 'id', primary: ['issuer_id', 'listed_at'], toolbar: BlacklistToolbar },
  'blacklist-cards': { rowKey: 'id', primary: ['application_serial', 'issuer_id'], toolbar: BlacklistToolbar, actions: BlacklistActions },
  'list-versions': { order: ['list', 'version', 'state', 'effective_at', 'entries'], primary: ['list', 'state', 'effective_at'], widths: { list: 100, version: 72, state: 90, effective_at: 160, entries: 84, bytes: 84, book_version: 104, approved_by: 110, published_at: 160, note: 200 }, render: { bytes }, toolbar: PublishList },
  'list-offers': { primary: ['list', 'member', 'offered_at'], widths: { list: 90, version: 64, base: 96, entries: 76, bytes: 80, offered_at: 160, fetched: 96 }, render: { bytes } },
  'list-lag': { primary: ['list', 'member', 'state'], widths: { behind: 110, applied_at: 150, acknowledged_at: 150, offered_at: 160, list: 96, state: 96 } },
  'tac-wrong': { primary: ['clearing_date', 'acquirer', 'issuer'] },
  transfers: { rowKey: 'id', primary: ['member', 'state', 'name'], order: ['at', 'member', 'direction', 'name', 'size', 'state', 'code', 'detail'], folded: ['id'], widths: { code: 90, detail: 220, size: 96 }, render: { size: bytes } },
  'front-accounts': { rowKey: 'login', primary: ['login', 'member', 'state'], widths: { addresses: 200 }, render: { quota_bytes: bytes } },
  'front-keys': { rowKey: 'id', primary: ['login', 'member', 'state'], folded: ['id'], widths: { fingerprint: 260 } },
  keys: { rowKey: 'id', primary: ['name', 'usage', 'state'], render: { owner: ownerCode }, toolbar: KeyToolbar, actions: KeyActions, actionsWidth: 230, folded: ['owner'], order: ['name', 'usage', 'state', 'kcv'], widths: { name: 180, usage: 80, scheme: 84, algorithm: 76, level: 84, version: 64, key_index: 64, state: 84, kcv: 90 } },
  'key-requests': { rowKey: 'id', folded: ['owner'], primary: ['state', 'word', 'object'], render: { owner: ownerCode, word: deed }, toolbar: ProposeKey, actions: RequestActions },
  custodians: { rowKey: 'id', folded: ['owner'], primary: ['name'], render: { owner: ownerCode }, toolbar: EnrolCustodian },
  'card-products': { rowKey: 'id', folded: ['owner'], primary: ['code', 'scheme'], render: { owner: ownerCode }, toolbar: AddProduct },
  segments: { rowKey: 'id', folded: ['owner'], primary: ['product', 'maker'], render: { owner: ownerCode }, toolbar: AddSegment },
  stock: { rowKey: 'id', folded: ['owner'], primary: ['product', 'place'], render: { owner: ownerCode }, toolbar: TransferStock },
  'stock-entries': { rowKey: 'id', folded: ['owner'], primary: ['product', 'at'], render: { owner: ownerCode } },
  'production-orders': { rowKey: 'id', folded: ['owner'], primary: ['product', 'state'], render: { owner: ownerCode }, toolbar: AddOrder },
  'production-parts': { rowKey: 'id', folded: ['owner'], primary: ['order_id', 'state'], render: { owner: ownerCode } },
  cards: { rowKey: 'id', folded: ['owner'], primary: ['product', 'state'], render: { owner: ownerCode }, actions: CardActions },
  sams: { rowKey: 'number', folded: ['owner'], primary: ['number', 'state'], render: { owner: ownerCode }, actions: SamActions },
  audit: { rowKey: 'sequence', render: { action: deed, owner: ownerCode }, primary: ['at', 'actor', 'action'], toolbar: VerifyAudit },
  'login-log': { rowKey: 'id', primary: ['at', 'login', 'outcome'] },
  accounts: {
    rowKey: 'id',
    order: ['login', 'name', 'roles', 'state', 'owner_kind', 'member', 'totp', 'last_login_at', 'locked_until', 'person'],
    widths: { login: 120, name: 100, roles: 150, state: 84, member: 110, totp: 96 },
    folded: ['id', 'created_at'],
    primary: ['login', 'name', 'state'], toolbar: AccountToolbar, actions: AccountActions },
  roles: { rowKey: 'code', render: { permissions: (value) => <Permissions codes={String(value ?? '')} /> }, widths: { permissions: 110 }, open: path('/roles', 'code'), toolbar: AddRole },
  sessions: { rowKey: 'id', primary: ['login', 'name', 'address'], folded: ['id', 'member', 'expires_at'], widths: { login: 110, name: 90, end_reason: 110, address: 120 }, render: { end_reason: endReason }, actions: SessionActions },
  'api-keys': { rowKey: 'id', widths: { name: 140, login: 100, account: 100, member: 110, algorithm: 100, state: 80 }, toolbar: AddApiKey, actions: ApiKeyActions },
  approvals: { rowKey: 'id', render: { kind: deed, summary: plain, object: plain }, primary: ['state', 'kind', 'proposed_at'], open: path('/approvals', 'id') },
};

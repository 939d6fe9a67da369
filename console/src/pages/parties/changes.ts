/** Every change of the scheme book that the console can propose: its kind and its fields, as the server reads them. */
import type { FormField } from '../../components/ChangeForm';

const scheme: FormField = {
  name: 'scheme', label: 'field.scheme', type: 'select',
  options: [
    { value: 'T', label: 'scheme.T' },
    { value: 'M', label: 'scheme.M' },
  ],
};
const member: FormField = { name: 'member', label: 'common.member', type: 'member' };
const code: FormField = { name: 'code', label: 'field.memberCode', type: 'code', pattern: /^[0-9]{8}$/, hint: 'hint.memberCode' };
const name: FormField = { name: 'name', label: 'field.name', type: 'text' };
const city: FormField = { name: 'city', label: 'field.city', type: 'code', pattern: /^[0-9]{4}$/, hint: 'hint.city' };
const reason: FormField = { name: 'reason', label: 'common.reason', type: 'text' };
const issuerId: FormField = { name: 'issuer_id', label: 'field.issuerId', type: 'code', pattern: /^[0-9A-F]{16}$/, hint: 'hint.issuerId' };
const serial: FormField = { name: 'application_serial', label: 'field.serial', type: 'code', pattern: /^[0-9A-F]{20}$/, hint: 'record.cardHint' };
const industry: FormField = {
  name: 'industry', label: 'file.industry', type: 'select',
  options: [{ value: '*', label: 'form.any' }, ...(['1', '2', '3', '4', '5', '9'] as const).map((digit) => ({ value: `0${digit}`, label: `industry.${digit}` as const }))],
};
const parties: FormField[] = [
  { name: 'acquirer', label: 'flows.acquirer', type: 'anyMember' },
  { name: 'issuer', label: 'flows.issuer', type: 'anyMember' },
  industry,
];
const rates: FormField[] = [
  { name: 'issuer_rate_ppm', label: 'field.issuerRate', type: 'percent', hint: 'hint.rate' },
  { name: 'centre_rate_ppm', label: 'field.centreRate', type: 'percent', hint: 'hint.rate' },
];
const from: FormField = { name: 'from', label: 'field.from', type: 'date', hint: 'hint.ahead' };
const to: FormField = { name: 'to', label: 'field.to', type: 'date', optional: true, hint: 'hint.noEnd' };
const psam = /^[0-9A-F]{12}$/;
const psamFrom: FormField = { name: 'from', label: 'field.psamFrom', type: 'code', pattern: psam, hint: 'hint.psam' };
const psamFields: FormField[] = [
  member,
  {
    name: 'state', label: 'common.state', type: 'select',
    options: [
      { value: 'active', label: 'psam.active' },
      { value: 'stopped', label: 'psam.stopped' },
      { value: 'test', label: 'psam.test' },
    ],
  },
  psamFrom,
  { name: 'to', label: 'field.psamTo', type: 'code', pattern: psam, hint: 'hint.psam' },
];
const issuerFields: FormField[] = [
  { name: 'overdraft_limit_fen', label: 'field.overdraft', type: 'yuan' },
  {
    name: 'keys', label: 'field.keys', type: 'rows', hint: 'hint.keys', start: [{ version: '01', algorithm: '04' }],
    fields: [
      { name: 'version', label: 'field.keyVersion', type: 'code', pattern: /^[0-9A-F]{2}$/ },
      {
        name: 'algorithm', label: 'key.algorithm', type: 'select',
        options: [
          { value: '01', label: 'algorithm.01' },
          { value: '04', label: 'algorithm.04' },
        ],
      },
    ],
  },
];
const clock = /^([01]\d|2[0-3]):[0-5]\d$/;
const nextDay: FormField = { name: 'by_next_day', label: 'field.nextDay', type: 'flag', start: false };

/** The key of what is changed is shown, not changed. */
const fixed = (fields: FormField[]) => fields.map((field) => ({ ...field, fixed: true, hint: undefined, pattern: undefined }));

/** A card, or a file with many. */
const cardFile: FormField[] = [
  { name: 'file', label: 'field.cardFile', type: 'cardFile', hint: 'hint.cardFile' },
  { name: 'skip', label: 'field.skip', type: 'flag', hint: 'hint.skip', start: false },
];

export const CALENDAR_DAY: FormField[] = [
  { name: 'date', label: 'common.date', type: 'date' },
  {
    name: 'kind', label: 'field.kind', type: 'select',
    options: [
      { value: 'holiday', label: 'holiday.holiday' },
      { value: 'workday', label: 'holiday.workday' },
    ],
  },
  { name: 'note', label: 'field.holidayNote', type: 'text', optional: true },
];

export interface ChangeDef {
  /** The kind of the server, where one form is one of several of a kind. */
  kind?: string;
  fields: readonly FormField[];
  /** The payload has dates of its own: it takes no day of effect besides. */
  dated?: boolean;
  /** From the fields to the payload, where they differ. */
  wrap?: (values: Record<string, unknown>) => Record<string, unknown>;
}

const oneCard = (values: Record<string, unknown>) => ({ cards: [values] });

const defs = {
  'member.add': { dated: true, fields: [code, name, city, { name: 'active_from', label: 'field.activeFrom', type: 'date', hint: 'hint.ahead' }, { name: 'active_to', label: 'field.activeTo', type: 'date', optional: true, hint: 'hint.noEnd' }] },
  'member.edit': { dated: true, fields: [...fixed([code]), name, city, { name: 'active_from', label: 'field.activeFrom', type: 'date', optional: true, hint: 'hint.activeFrom' }] },
  'member.suspend': { dated: true, fields: [...fixed([code]), from, to, reason] },
  'member.resume': { dated: true, fields: [...fixed([code]), { name: 'on', label: 'field.resumeOn', type: 'date', hint: 'hint.ahead' }] },
  'member.close': { dated: true, fields: [...fixed([code]), { name: 'last_day', label: 'field.lastDay', type: 'date', hint: 'hint.lastDay' }, reason] },
  'member.issuer.add': { fields: [scheme, issuerId, member, ...issuerFields] },
  'member.issuer.edit': { fields: [...fixed([scheme, issuerId]), member, ...issuerFields] },
  'member.issuer.remove': { fields: fixed([scheme, issuerId]) },
  'member.psam.add': { fields: psamFields },
  'member.psam.edit': { fields: psamFields.map((field) => (field === psamFrom ? { ...field, fixed: true } : field)) },
  'member.psam.stop': { fields: fixed([psamFrom]) },
  'member.psam.remove': { fields: fixed([psamFrom]) },
  'member.fee.add': { dated: true, fields: [...parties, { name: 'end_previous', label: 'field.endPrevious', type: 'flag', start: false, hint: 'hint.endPrevious' }, ...rates, from, to] },
  'member.fee.edit': { dated: true, fields: [...fixed([...parties, from]), ...rates, to] },
  'member.fee.end': { dated: true, fields: [...fixed([...parties, from]), { name: 'to', label: 'field.lastDay', type: 'date', hint: 'hint.lastDay' }] },
  'member.reserve.set': {
    fields: [
      member,
      { name: 'opening_fen', label: 'field.opening', type: 'yuan', hint: 'hint.opening' },
      { name: 'target_fen', label: 'field.target', type: 'yuan' },
      { name: 'warning_fen', label: 'field.warning', type: 'yuan', hint: 'hint.warning' },
      { name: 'stop_fen', label: 'field.stop', type: 'yuan', hint: 'hint.stop' },
    ],
  },
  'member.rules.set': {
    fields: [
      { name: 'late_window_days', label: 'field.lateDays', type: 'int', hint: 'hint.lateDays' },
      { name: 'single_limit_fen', label: 'field.singleLimit', type: 'yuan' },
      { name: 'blacklist_grace_hours', label: 'field.graceHours', type: 'int', hint: 'hint.graceHours' },
      { name: 'history_days', label: 'field.historyDays', type: 'int', min: 90, max: 36500, hint: 'hint.historyDays' },
      {
        name: 'tac_verifier', label: 'field.tacVerifier', type: 'select',
        options: [
          { value: 'centre', label: 'tac.centre' },
          { value: 'issuer', label: 'tac.issuer' },
        ],
      },
    ],
  },
  'member.blacklist.add': { wrap: oneCard, fields: [scheme, issuerId, serial, { name: 'listed_at', label: 'field.listedAt', type: 'moment', optional: true, hint: 'hint.listedAt' }] },
  'member.blacklist.remove': { wrap: oneCard, fields: [scheme, issuerId, serial] },
  'blacklist.addFile': { kind: 'member.blacklist.add', fields: cardFile },
  'blacklist.removeFile': { kind: 'member.blacklist.remove', fields: cardFile },
  'member.certificate.register': {
    dated: true,
    fields: [
      member,
      { name: 'label', label: 'field.name', type: 'text', hint: 'hint.certificateLabel' },
      { name: 'not_before', label: 'field.notBefore', type: 'date' },
      { name: 'not_after', label: 'field.notAfter', type: 'date' },
      { name: 'public_key', label: 'field.publicKey', type: 'area', pattern: /^04[0-9A-Fa-f]{128}$/, hint: 'hint.publicKey' },
    ],
  },
  'member.certificate.revoke': { fields: [{ ...member, fixed: true }, { name: 'fingerprint', label: 'field.fingerprint', type: 'code', fixed: true }, reason] },
  'member.calendar.set': { dated: true, fields: [{ name: 'year', label: 'field.year', type: 'int', min: 2000, max: 2099 }, { name: 'days', label: 'field.days', type: 'rows', hint: 'hint.days', fields: CALENDAR_DAY, start: [] }] },
  'member.schedule.set': {
    fields: [
      {
        name: 'rows', label: 'field.schedule', type: 'rows', hint: 'hint.schedule', start: [{ weekday: '0', cut_next_day: false, grace_minutes: 0 }],
        fields: [
          { name: 'weekday', label: 'field.weekday', type: 'select', start: '0', options: (['0', '1', '2', '3', '4', '5', '6', '7'] as const).map((value) => ({ value, label: `weekday.${value}` as const })) },
          { name: 'open', label: 'field.openAt', type: 'time', pattern: clock },
          { name: 'cut', label: 'field.cutAt', type: 'time', pattern: clock },
          { ...nextDay, name: 'cut_next_day' },
          { name: 'grace_minutes', label: 'field.graceMinutes', type: 'int', start: 0 },
        ],
      },
    ],
    wrap: (values) => ({ rows: (values['rows'] as Record<string, unknown>[]).map((row) => ({ ...row, weekday: Number(row['weekday']) })) }),
  },
  'member.expected.set': {
    fields: [
      member,
      {
        name: 'rows', label: 'field.expected', type: 'rows', hint: 'hint.expected', start: [],
        fields: [
          { name: 'kind', label: 'field.fileKind', type: 'code', pattern: /^[A-Z]{3}$/, start: 'TXU' },
          { name: 'from', label: 'field.windowFrom', type: 'time', pattern: clock },
          { name: 'by', label: 'field.windowTo', type: 'time', pattern: clock },
          nextDay,
          { name: 'min_count', label: 'field.files', type: 'int', start: 1 },
          { name: 'warn_minutes', label: 'field.warnMinutes', type: 'int', start: 30 },
          { name: 'escalate_minutes', label: 'field.escalateMinutes', type: 'int', start: 60 },
        ],
      },
    ],
  },
  'member.scheme.import': { fields: [{ name: 'file', label: 'field.schemeFile', type: 'schemeFile', hint: 'hint.schemeFile' }, { name: 'note', label: 'field.importNote', type: 'text' }] },
} as const satisfies Record<string, ChangeDef>;

export type ChangeKind = keyof typeof defs;
export const CHANGES: Record<ChangeKind, ChangeDef> = defs;

/** A row of the list of fees in the words of a change. */
export function feeOf(row: Record<string, unknown>): Record<string, unknown> {
  const industryCode = String(row['industry'] ?? '0');
  return {
    acquirer: row['acquirer'] ?? '*',
    issuer: row['issuer'] ?? '*',
    industry: industryCode === '0' || industryCode === '*' ? '*' : industryCode.padStart(2, '0'),
    issuer_rate_ppm: row['issuer_rate_ppm'],
    centre_rate_ppm: row['centre_rate_ppm'],
    from: row['from_date'],
    ...(row['to_date'] ? { to: row['to_date'] } : {}),
  };
}

/** A row of the list of issuers in the words of a change: `01/01 01/04` are versions with their algorithms. */
export function issuerOf(row: Record<string, unknown>): Record<string, unknown> {
  const keys = String(row['keys'] ?? '').split(/[\s,]+/).filter(Boolean).map((text) => {
    const [version, algorithm] = text.split('/');
    return { version, algorithm };
  });
  return { ...row, keys };
}

const minute = (n: number) => `${String(Math.floor((n % 1440) / 60)).padStart(2, '0')}:${String(n % 60).padStart(2, '0')}`;

/** A row of the list of expected files in the words of a change. */
export function expectedOf(row: Record<string, unknown>): Record<string, unknown> {
  const by = Number(row['by_minute']);
  return { ...row, from: minute(Number(row['from_minute'])), by: minute(by), by_next_day: by >= 1440 };
}

/** A minute of the clearing date as people say it; beyond midnight it is the next day's. */
export function minuteOfDay(n: number): { time: string; nextDay: boolean } {
  return { time: minute(n), nextDay: n >= 1440 };
}

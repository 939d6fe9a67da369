/** Every change of the scheme book that the console can propose: its kind and its fields. */
import type { FormField } from '../../components/ChangeForm';

const scheme: FormField = {
  name: 'scheme', label: 'field.scheme', type: 'select',
  options: [
    { value: 'T', label: 'scheme.T' },
    { value: 'M', label: 'scheme.M' },
  ],
};
const member: FormField = { name: 'member', label: 'common.member', type: 'member' };
const memberCode = /^[0-9]{8}$/;
const psam = /^[0-9A-F]{12}$/;
const issuerId: FormField = { name: 'issuer_id', label: 'field.issuerId', type: 'code', pattern: /^[0-9A-F]{16}$/, hint: 'hint.issuerId' };
const industries = (['1', '2', '3', '4', '5', '9'] as const).map((code) => ({ value: `0${code}`, label: `industry.${code}` as const }));
const industry: FormField = { name: 'industry', label: 'file.industry', type: 'select', options: [{ value: '*', label: 'form.any' }, ...industries] };
const rates: FormField[] = [
  { name: 'issuer_rate_ppm', label: 'field.issuerRate', type: 'percent' },
  { name: 'centre_rate_ppm', label: 'field.centreRate', type: 'percent' },
];
const psamState: FormField = {
  name: 'state', label: 'common.state', type: 'select',
  options: [
    { value: 'active', label: 'psam.active' },
    { value: 'stopped', label: 'psam.stopped' },
    { value: 'test', label: 'psam.test' },
  ],
};

export const FEE_FIELDS: FormField[] = [
  { name: 'acquirer', label: 'flows.acquirer', type: 'anyMember' },
  { name: 'issuer', label: 'flows.issuer', type: 'anyMember' },
  industry,
  ...rates,
  { name: 'from', label: 'field.from', type: 'date' },
  { name: 'to', label: 'field.to', type: 'date', optional: true },
];

export const CHANGES = {
  'member.add': [
    { name: 'code', label: 'field.memberCode', type: 'code', pattern: memberCode },
    { name: 'name', label: 'field.name', type: 'text' },
    { name: 'city', label: 'field.city', type: 'code', pattern: /^[0-9]{4}$/ },
    { name: 'active_from', label: 'field.activeFrom', type: 'date' },
    { name: 'active_to', label: 'field.activeTo', type: 'date', optional: true },
  ],
  'member.change': [
    { name: 'code', label: 'field.memberCode', type: 'code', fixed: true },
    { name: 'name', label: 'field.name', type: 'text' },
    { name: 'active_from', label: 'field.activeFrom', type: 'date' },
    { name: 'active_to', label: 'field.activeTo', type: 'date', optional: true },
  ],
  'member.issuer.add': [
    scheme,
    issuerId,
    member,
    { name: 'overdraft_limit_fen', label: 'field.overdraft', type: 'yuan' },
    { name: 'keys', label: 'field.keys', type: 'text', hint: 'hint.keys' },
  ],
  'member.psam.add': [
    member,
    { name: 'from', label: 'field.psamFrom', type: 'code', pattern: psam },
    { name: 'to', label: 'field.psamTo', type: 'code', pattern: psam },
    psamState,
  ],
  'member.psam.state': [{ name: 'from', label: 'field.psamFrom', type: 'code', fixed: true }, psamState],
  'member.fee.add': FEE_FIELDS,
  'member.fee.end': [
    { name: 'id', label: 'field.rule', type: 'int', fixed: true },
    { name: 'to', label: 'field.to', type: 'date' },
  ],
  'member.blacklist.add': [
    scheme,
    issuerId,
    { name: 'application_serial', label: 'record.card', type: 'code', pattern: /^[0-9A-F]{20}$/, hint: 'record.cardHint' },
  ],
  'member.certificate.add': [member, { name: 'certificate', label: 'field.certificate', type: 'area', hint: 'hint.certificate' }],
  'member.holiday.set': [
    { name: 'date', label: 'common.date', type: 'date' },
    {
      name: 'kind', label: 'field.kind', type: 'select',
      options: [
        { value: 'off', label: 'holiday.off' },
        { value: 'work', label: 'holiday.work' },
      ],
    },
    { name: 'name', label: 'field.name', type: 'text' },
  ],
  'member.expected.set': [
    member,
    { name: 'kind', label: 'field.fileKind', type: 'code', pattern: /^[A-Z]{3}$/ },
    { name: 'from_time', label: 'field.windowFrom', type: 'time', pattern: /^([01]\d|2[0-3]):[0-5]\d$/ },
    { name: 'to_time', label: 'field.windowTo', type: 'time', pattern: /^([01]\d|2[0-3]):[0-5]\d$/ },
    { name: 'files', label: 'field.files', type: 'int' },
    { name: 'workdays_only', label: 'field.workdays', type: 'flag' },
  ],
} as const satisfies Record<string, readonly FormField[]>;

export type ChangeKind = keyof typeof CHANGES;

/** Changes that begin on a day of their own, not with the approval. */
export const DATED: ReadonlySet<ChangeKind> = new Set(['member.change', 'member.issuer.add', 'member.psam.add', 'member.psam.state']);

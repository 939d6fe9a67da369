/** Shapes of the API that the console reads. Money in fen, dates `YYYY-MM-DD`, times RFC 3339. */

export interface Bilingual {
  zh: string;
  en: string;
}

export type OwnerKind = 'centre' | 'member' | 'tenant';

export interface Account {
  id: number;
  login: string;
  name: string;
  person: string;
  /** `centre`, `member:10002900`, `tenant:3050`. */
  owner: string;
  roles: string[];
}

export interface Person {
  account: number;
  login: string;
  name: string;
  person: string;
}

export interface Session {
  account: Account;
  permissions: string[];
  csrf_token: string;
  must_change_password: boolean;
}

export type Tone = 'ok' | 'warn' | 'bad' | 'info' | 'plain';

export type ColumnKind =
  | 'int'
  | 'fen'
  | 'ppm'
  | 'flag'
  | 'text'
  | 'code'
  | 'date'
  | 'datetime'
  | 'digest'
  | 'json'
  | 'enum'
  | 'member';

export interface EnumValue extends Bilingual {
  value: string;
  tone: Tone;
}

export interface ColumnSpec extends Bilingual {
  name: string;
  kind: ColumnKind;
  sortable: boolean;
  filterable: boolean;
  default_shown: boolean;
  values?: EnumValue[];
}

export interface ListSpec extends Bilingual {
  name: string;
  key: string;
  columns: ColumnSpec[];
  default_sort: string;
}

export type Cell = string | number | boolean | null | undefined | Record<string, unknown> | unknown[];
export type Row = Record<string, Cell>;

export interface Page {
  items: Row[];
  next_cursor: string | null;
  total: number;
  total_is_exact: boolean;
}

export type StepState = 'done' | 'running' | 'waiting' | 'failed';

export interface Step extends Bilingual {
  step: string;
  state: StepState;
  done_at: string | null;
  by?: string | null;
  detail: string | null;
  input_digest?: string | null;
  output_digest?: string | null;
}

export interface VerdictCount extends Bilingual {
  reason: string;
  verdict: string;
  count: number;
  amount_fen: number;
}

export interface DaySummary {
  clearing_date: string;
  state: string;
  opened_at: string;
  cut_at: string | null;
  closed_at?: string | null;
  steps: Step[];
  files: { expected: number; arrived: number; accepted: number; refused: number; waiting: number };
  records: number;
  amount_fen: number;
  verdicts: VerdictCount[];
  centre_fees_fen?: number | null;
  positions?: { receivers: number; payers: number; receivable_fen: number; payable_fen: number } | null;
}

export interface ReserveLevel {
  member: string;
  name: string;
  balance_fen: number;
  target_fen: number;
  warning_fen: number;
  stop_fen: number;
  level: 'ok' | 'warning' | 'stop';
}

export interface TrendPoint {
  clearing_date: string;
  records: number;
  amount_fen: number;
  accepted: number;
  rejected: number;
  suspicious: number;
  duplicate: number;
  test: number;
}

export interface Dashboard {
  clock: string;
  open_day: DaySummary | null;
  last_closed: DaySummary | null;
  reserves: ReserveLevel[];
  trend: TrendPoint[];
  missing_files: { member: string; name: string; expected_by: string; late_minutes: number }[];
  todo: { approvals: number; suspicious: number; failed_jobs: number };
}

/** Answer of a change that takes two people. */
export interface Submitted {
  approval: number;
}

export interface Job {
  id: number;
  kind: string;
  state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled';
  progress_done: number | null;
  progress_total: number | null;
  progress_text: string | null;
  result: unknown;
  error: string | null;
}

/** Shapes of the API that the console reads. Money in fen, dates `YYYY-MM-DD`, times RFC 3339. */
import type { Shape } from './shapes';

export interface Bilingual {
  zh: string;
  en: string;
}

export type OwnerKind = 'centre' | 'member' | 'tenant';

export type Account = Shape<'AccountView'>;
export type Person = Shape<'PersonView'>;

export type Session = Shape<'SessionView'>;

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
  /** The column that identifies a row, where the server names it. */
  key?: string;
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
export type Step = Shape<'StepView'> & { state: StepState };
export type VerdictCount = Shape<'VerdictView'>;
export type DaySummary = Omit<Shape<'DayView'>, 'steps'> & { steps: Step[] };
export type ReserveLevel = Shape<'ReserveView'> & { level: 'ok' | 'warning' | 'stop' };
export type TrendPoint = Shape<'TrendView'>;
export type MissingFile = Shape<'MissingView'>;

export type Dashboard = Omit<Shape<'Dashboard'>, 'open_day' | 'last_closed' | 'reserves'> & {
  open_day: DaySummary | null;
  last_closed: DaySummary | null;
  reserves: ReserveLevel[];
};

/** Answer of a change that takes two people. */
export type Submitted = Shape<'Submitted'>;
export type Job = Shape<'JobView'> & { state: 'queued' | 'running' | 'done' | 'failed' | 'cancelled' };

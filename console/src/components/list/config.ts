import type { ComponentType, ReactNode } from 'react';
import type { MessageKey } from '../../i18n';
import type { Cell, Row } from '../../api/types';

/** What the console adds to a list that the server describes. Everything is optional: a bare list works. */
export interface ListConfig {
  /** Column that identifies a row; the list's own key when the server names it. */
  rowKey?: string;
  /** Columns in another order than the server's: these first. */
  order?: string[];
  /** Columns shown only when asked for, though the server shows them. */
  folded?: string[];
  /** Widths that the kind of the column does not tell. */
  widths?: Record<string, number>;
  /** Filters to show first. */
  primary?: string[];
  /** Other looks for single columns. */
  render?: Record<string, (value: Cell, row: Row) => ReactNode>;
  /** Money columns whose page total makes sense. */
  sum?: string[];
  /** The page of a row; without it a drawer shows all its columns. */
  open?: (row: Row) => string | null;
  /** More in the drawer, below the columns. */
  detail?: ComponentType<{ row: Row }>;
  /** Buttons of a row beside 详情. */
  actions?: ComponentType<{ row: Row }>;
  /** Width of their column, where there are many. */
  actionsWidth?: number;
  /** Buttons above the list. */
  toolbar?: ComponentType;
  /** A line that says what the list is. */
  intro?: MessageKey;
  /** Filters before any search, for example only what is open. */
  initial?: Record<string, string>;
}

/** The one catalogue: key → [中文, English]. A key is there in both languages or it does not compile. */
import { common } from './common';
import { dashboard } from './dashboard';
import { list } from './list';
import { login } from './login';
import { nav } from './nav';

export const catalogue = { ...common, ...dashboard, ...list, ...login, ...nav } as const;
export const parts = { common, dashboard, list, login, nav };

export type MessageKey = keyof typeof catalogue;

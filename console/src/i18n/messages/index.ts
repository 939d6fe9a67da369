/** The one catalogue: key → [中文, English]. A key is there in both languages or it does not compile. */
import { common } from './common';
import { dashboard } from './dashboard';
import { days } from './days';
import { files } from './files';
import { flows } from './flows';
import { list } from './list';
import { login } from './login';
import { nav } from './nav';

export const catalogue = { ...common, ...dashboard, ...days, ...files, ...flows, ...list, ...login, ...nav } as const;
export const parts = { common, dashboard, days, files, flows, list, login, nav };

export type MessageKey = keyof typeof catalogue;

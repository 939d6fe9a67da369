/** The one catalogue: key → [中文, English]. A key is there in both languages or it does not compile. */
import { common } from './common';
import { dashboard } from './dashboard';
import { days } from './days';
import { deeds } from './deeds';
import { delivery } from './delivery';
import { files } from './files';
import { flows } from './flows';
import { keys } from './keys';
import { list } from './list';
import { login } from './login';
import { money } from './money';
import { nav } from './nav';
import { parties } from './parties';
import { portal } from './portal';
import { settlement } from './settlement';
import { system } from './system';
import { work } from './work';

export const catalogue = { ...common, ...dashboard, ...days, ...deeds, ...delivery, ...files, ...flows, ...keys, ...list, ...login, ...money, ...nav, ...parties, ...portal, ...settlement, ...system, ...work } as const;
export const parts = { common, dashboard, days, deeds, delivery, files, flows, keys, list, login, money, nav, parties, portal, settlement, system, work };

export type MessageKey = keyof typeof catalogue;

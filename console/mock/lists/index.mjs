import { clearing } from './clearing.mjs';
import { money } from './money.mjs';
import { parties } from './parties.mjs';
import { system } from './system.mjs';
import { cards } from './cards.mjs';

export const LISTS = new Map([...clearing, ...money, ...parties, ...cards, ...system].map((l) => [l.name, l]));

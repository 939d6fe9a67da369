/** The server's shapes by name. What is optional there is always sent, as null: so it is always present here. */
import type { components } from './schema';

type Present<T> = T extends object ? { [K in keyof T]-?: Present<Exclude<T[K], undefined>> } : T;

export type Shape<Name extends keyof components['schemas']> = Present<components['schemas'][Name]>;

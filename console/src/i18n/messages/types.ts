/** One file of the catalogue. */
export type Messages = Record<string, readonly [zh: string, en: string]>;

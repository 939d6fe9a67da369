/** Which columns a person sees, in which order, how wide, pinned or not. Columns that appear later join at their place. */
import type { ColumnKind, ColumnSpec } from '../../api/types';

export interface ColumnSetting {
  name: string;
  shown: boolean;
  width?: number;
  pin?: 'left';
}

export type Density = 'small' | 'middle' | 'large';

export interface ListSettings {
  columns: ColumnSetting[];
  density?: Density;
}

export interface EffectiveColumn extends ColumnSetting {
  spec: ColumnSpec;
  width: number;
}

const WIDTHS: Record<ColumnKind, number> = {
  int: 96,
  fen: 132,
  ppm: 84,
  flag: 72,
  text: 180,
  code: 150,
  date: 104,
  datetime: 168,
  digest: 158,
  json: 200,
  enum: 104,
  member: 150,
};

export function defaultWidth(spec: ColumnSpec): number {
  const wide = spec.kind === 'code' && /(^|_)(name|upload|file)$/.test(spec.name) ? 264 : WIDTHS[spec.kind];
  return Math.max(wide, spec.zh.length * 14 + 40);
}

/** The server's columns as the console prefers them: some first, some folded away. */
export function arranged(specs: ColumnSpec[], { order = [], folded = [] }: { order?: string[]; folded?: string[] }): ColumnSpec[] {
  const rank = (spec: ColumnSpec) => (order.indexOf(spec.name) + 1 || order.length + 1);
  return [...specs].sort((a, b) => rank(a) - rank(b)).map((spec) => (folded.includes(spec.name) ? { ...spec, default_shown: false } : spec));
}

/** The stored settings laid over what the list offers today. */
export function effectiveColumns(specs: ColumnSpec[], stored: ColumnSetting[] | undefined, widths: Record<string, number> = {}): EffectiveColumn[] {
  const widthOf = (spec: ColumnSpec) => widths[spec.name] ?? defaultWidth(spec);
  const byName = new Map(specs.map((spec) => [spec.name, spec]));
  const known = (stored ?? []).filter((s) => byName.has(s.name));
  const result: EffectiveColumn[] = known.map((setting) => {
    const spec = byName.get(setting.name)!;
    return { ...setting, spec, width: setting.width ?? widthOf(spec) };
  });
  specs.forEach((spec, at) => {
    if (known.some((s) => s.name === spec.name)) return;
    const column = { name: spec.name, shown: spec.default_shown, spec, width: widthOf(spec) };
    const before = specs.slice(0, at).reverse().find((s) => result.some((r) => r.name === s.name));
    result.splice(before ? result.findIndex((r) => r.name === before.name) + 1 : 0, 0, column);
  });
  return result;
}

/** Pinned columns come first, whatever their place in the order. */
export function shownColumns(columns: EffectiveColumn[]): EffectiveColumn[] {
  const shown = columns.filter((c) => c.shown);
  return [...shown.filter((c) => c.pin), ...shown.filter((c) => !c.pin)];
}

export function storable(columns: EffectiveColumn[]): ColumnSetting[] {
  return columns.map(({ name, shown, width, pin, spec }) => ({
    name,
    shown,
    ...(width !== defaultWidth(spec) ? { width } : {}),
    ...(pin ? { pin } : {}),
  }));
}

export function moved<T>(items: T[], from: number, to: number): T[] {
  if (to < 0 || to >= items.length) return items;
  const next = [...items];
  const [item] = next.splice(from, 1);
  next.splice(to, 0, item!);
  return next;
}

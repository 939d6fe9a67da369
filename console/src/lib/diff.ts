/** What a proposal changes, leaf by leaf. */
export interface Change {
  path: string;
  before: unknown;
  after: unknown;
  kind: 'added' | 'removed' | 'changed' | 'same';
}

function leaves(value: unknown, path: string, out: Map<string, unknown>): void {
  if (Array.isArray(value) && value.some((v) => typeof v === 'object' && v !== null)) {
    value.forEach((item, at) => leaves(item, `${path}[${at + 1}]`, out));
  } else if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    for (const [key, item] of Object.entries(value)) leaves(item, path ? `${path}.${key}` : key, out);
  } else if (value !== undefined && !(path === '' && value === null)) {
    out.set(path, Array.isArray(value) ? value.join(', ') : value);
  }
}

/** Every leaf of both sides, in the order of the new one, then what only the old one had. */
export function diff(before: unknown, after: unknown): Change[] {
  const old = new Map<string, unknown>();
  const next = new Map<string, unknown>();
  leaves(before, '', old);
  leaves(after, '', next);
  const paths = [...next.keys(), ...[...old.keys()].filter((path) => !next.has(path))];
  return paths.map((path) => {
    const [a, b] = [old.get(path), next.get(path)];
    const kind = !old.has(path) ? 'added' : !next.has(path) ? 'removed' : a === b ? 'same' : 'changed';
    return { path, before: a, after: b, kind };
  });
}

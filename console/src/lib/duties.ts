/** Duties that one role must not hold together. The server refuses them; the form says so earlier. */
export interface Permission {
  code: string;
  zh: string;
  en: string;
  sides: string[];
  duty: 'maker' | 'checker' | 'none';
}

/** Areas in which one role would both make and check. */
export function clashes(all: Permission[], held: ReadonlySet<string>): string[] {
  const areas = new Map<string, Set<string>>();
  for (const p of all) {
    if (!held.has(p.code) || p.duty === 'none') continue;
    const area = p.code.split('.')[0]!;
    areas.set(area, (areas.get(area) ?? new Set()).add(p.duty));
  }
  return [...areas].filter(([, duties]) => duties.size > 1).map(([area]) => area);
}

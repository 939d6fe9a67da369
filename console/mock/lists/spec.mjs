/** Short notation for list metadata: `name:中文:English:kind[:flags]`, flags s sortable, f filterable, h hidden by default. */
export function columns(lines, enums = {}) {
  return lines.trim().split('\n').map((line) => {
    const [name, zh, en, kind, flags = ''] = line.trim().split(':');
    return {
      name, zh, en, kind,
      sortable: flags.includes('s'), filterable: flags.includes('f'), default_shown: !flags.includes('h'),
      ...(kind === 'enum' ? { values: enums[name] } : {}),
    };
  });
}

export function list(name, zh, en, key, lines, rows, { enums, sort = key, member } = {}) {
  return { name, zh, en, key, columns: columns(lines, enums), default_sort: sort, rows, member };
}

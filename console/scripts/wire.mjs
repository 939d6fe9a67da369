/**
 * Makes `src/lib/wire-tables.ts` from `docs/formats`, which the code of the server generates: one source for the fields
 * of every exchange file. `node scripts/wire.mjs` writes; the unit tests check that nothing has moved since.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const formats = join(import.meta.dirname, '../../docs/formats');
const target = join(import.meta.dirname, '../src/lib/wire-tables.ts');
const HAN = /\p{Script=Han}/u;

/** `卡体系 card scheme` in one cell: Chinese up to the first English word that follows it. */
function bilingual(text) {
  const plain = text.replaceAll('`', '').trim();
  const match = /^(.*[\p{Script=Han}）。，、：])\s*([^\p{Script=Han}]*)$/u.exec(plain);
  return match ? { zh: match[1].trim(), en: match[2].trim() || match[1].trim() } : { zh: plain, en: plain };
}

function cells(line) {
  return line.split('|').slice(1, -1).map((cell) => cell.trim());
}

function fieldsOf(text) {
  const rows = text.split('\n').filter((line) => /^\| \d+ \|/.test(line)).map(cells);
  return rows.map(([no, zh, field, type, offset, note]) => {
    const name = field.replaceAll('`', '');
    const [, letter, width, signed] = /^([NAHSX])(\d+)( ±)?$/.exec(type);
    return {
      no: Number(no), name, zh, en: name.replaceAll('_', ' '), type: letter, width: Number(width), signed: Boolean(signed), offset: Number(offset),
      fen: /分[，,]|^分| fen/.test(note) || /amount|fee$|^gross$|^net$/.test(name), note: note.replaceAll('`', ''),
    };
  });
}

export function tables() {
  const result = {};
  for (const name of readdirSync(formats).sort()) {
    if (!/^[A-Z]{3}\.md$/.test(name)) continue;
    const text = readFileSync(join(formats, name), 'utf8');
    const kind = name.slice(0, 3);
    const title = bilingual(/^# `\w+` (.*)$/m.exec(text)[1]);
    const line = Number(/line length: (\d+)/.exec(text)[1]);
    result[kind] = { kind, ...title, line, fields: fieldsOf(text) };
  }
  const readme = readFileSync(join(formats, 'README.md'), 'utf8');
  const header = readme.slice(readme.indexOf('## 文件头'), readme.indexOf('## 文件检查'));
  result.HEADER = { kind: 'HEADER', zh: '文件头', en: 'Header line', line: 143, fields: fieldsOf(header) };
  return result;
}

export function codes() {
  const readme = readFileSync(join(formats, 'README.md'), 'utf8');
  const file = [];
  const reasons = [];
  for (const line of readme.split('\n')) {
    const row = cells(line);
    const f = /^`(F\d\d)`$/.exec(row[0] ?? '');
    if (f) file.push({ code: f[1], ...bilingual(row[1]) });
    const at = row.findIndex((cell) => /^`\d\d`$/.test(cell));
    const verdict = row.map((cell) => /^`?([ARSDT])`?(?: |$)/.exec(cell)?.[1]).find(Boolean);
    if (at >= 0 && verdict) {
      const text = row.filter((cell, i) => i !== at && HAN.test(cell) && !/^`?[ARSDT]`?(?: |$)/.test(cell)).at(-1);
      reasons.push({ code: row[at].replaceAll('`', ''), verdict, ...bilingual(text) });
    }
  }
  return { file, reasons };
}

export function source() {
  const { file, reasons } = codes();
  const row = (value) => `  ${JSON.stringify(value)},\n`;
  let text = '/** Made by scripts/wire.mjs from docs/formats. Do not edit. */\nimport type { FileCode, Reason, WireTable } from \'./wire\';\n\nexport const TABLES: Record<string, WireTable> = {\n';
  for (const table of Object.values(tables())) {
    const { fields, ...rest } = table;
    text += `  ${table.kind}: {\n    ...${JSON.stringify(rest)},\n    fields: [\n${fields.map((f) => `      ${JSON.stringify(f)},\n`).join('')}    ],\n  },\n`;
  }
  text += `};\n\nexport const FILE_CODES: FileCode[] = [\n${file.map(row).join('')}];\n\nexport const REASONS: Reason[] = [\n${reasons.map(row).join('')}];\n`;
  return text;
}

if (process.argv[1] === import.meta.filename) writeFileSync(target, source());

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { catalogue, parts } from './messages';

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'messages' ? [] : sources(path);
    return /\.tsx?$/.test(entry.name) && !entry.name.endsWith('.test.ts') && entry.name !== 'wire-tables.ts' ? [readFileSync(path, 'utf8')] : [];
  });
}
const code = sources(join(import.meta.dirname, '..')).join('\n');
const entries = Object.entries(catalogue) as [string, readonly [string, string]][];

describe('the message catalogue', () => {
  it('has no key in two of its files', () => {
    const keys = Object.values(parts).flatMap((part) => Object.keys(part));
    expect(keys.filter((key, at) => keys.indexOf(key) !== at)).toEqual([]);
  });

  it('has both languages for every key, with the same places', () => {
    const places = (text: string) => (text.match(/\{\w+\}/g) ?? []).sort();
    for (const [key, [zh, en]] of entries) {
      expect(zh.trim(), key).not.toBe('');
      expect(en.trim(), key).not.toBe('');
      expect(places(en), key).toEqual(places(zh));
    }
  });

  it('has English without Chinese in it', () => {
    const shown = new Set(['app.languageLabel', 'app.language']);
    expect(entries.filter(([key, [, en]]) => !shown.has(key) && /\p{Script=Han}/u.test(en)).map(([key]) => key)).toEqual([]);
  });

  it('has every key that the code names, and none that nothing names', () => {
    const named = new Set([...code.matchAll(/['"`]([a-z]\w*(?:\.\w+)+)['"`]/gi)].map((m) => m[1]!));
    const stems = [...code.matchAll(/`([a-z][\w-]*(?:\.\w+)*\.)\$\{/gi)].map((m) => m[1]!);
    const unused = entries.map(([key]) => key).filter((key) => !named.has(key) && !stems.some((stem) => key.startsWith(stem)));
    expect(unused).toEqual([]);
    const asked = [...code.matchAll(/\bt\(\s*'([^']+)'/g)].map((m) => m[1]!);
    expect(asked.filter((key) => !(key in catalogue))).toEqual([]);
  });

  it('leaves no Chinese text in the code itself', () => {
    const bare = code.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');
    expect([...bare.matchAll(/['"`>][^'"`<>\n]*\p{Script=Han}[^'"`<>\n]*['"`<]/gu)].map((m) => m[0])).toEqual([]);
  });
});

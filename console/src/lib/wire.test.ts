import { describe, expect, it } from 'vitest';
// @ts-expect-error a script without types
import { codes, tables } from '../../scripts/wire.mjs';
import { decodeLine, fieldText, meaning, readFile } from './wire';
import { FILE_CODES, REASONS, TABLES } from './wire-tables';

describe('tables of the exchange files', () => {
  it('are those of docs/formats', () => {
    const docs = tables() as typeof TABLES;
    for (const kind of Object.keys(TABLES)) expect(TABLES[kind], kind).toEqual(docs[kind]);
    expect({ file: FILE_CODES, reasons: REASONS }).toEqual(codes());
  });

  it('leave no gap and no overlap', () => {
    for (const table of Object.values(TABLES)) {
      let offset = 0;
      for (const field of table.fields) {
        expect(field.offset, `${table.kind} ${field.name}`).toBe(offset);
        offset += field.width;
      }
      expect(offset + 2, table.kind).toBe(table.line);
    }
  });
});

describe('a record line', () => {
  const record = TABLES['TXU']!.fields.map((f) => {
    const known: Record<string, string> = { mark: 'D', scheme: 'T', tti: '06', amount: '00000200', date: '20260901', time: '083015', balance_before: '-00000150' };
    return known[f.name] ?? (f.type === 'S' ? ' '.repeat(f.width) : '0'.repeat(f.width));
  }).join('');
  const yuan = (fen: number) => `¥${fen}`;

  it('is split by offset, and says what it means', () => {
    const decoded = decodeLine(TABLES['TXU']!, `${record}\r\n`);
    expect(decoded).toHaveLength(26);
    expect(decoded.every((d) => d.ok)).toBe(true);
    expect(fieldText(decoded, 'amount')).toBe('00000200');
    const say = (name: string) => meaning(decoded.find((d) => d.field.name === name)!, yuan);
    expect([say('amount'), say('balance_before'), say('date'), say('time'), say('counter')]).toEqual(['¥200', '¥-150', '2026-09-01', '08:30:15', '0']);
  });

  it('marks what does not fit, and what is missing', () => {
    const broken = decodeLine(TABLES['TXU']!, record.replace('00000200', '0000X200'));
    expect(broken.filter((d) => !d.ok).map((d) => d.field.name)).toEqual(['amount']);
    const cut = decodeLine(TABLES['TXU']!, record.slice(0, 60));
    expect(cut.filter((d) => !d.ok).map((d) => d.field.name)[0]).toBe('psam');
  });

  it('is found again inside a result line', () => {
    const line = `E${'TXU_20260901_10002900_000001.dat'.padEnd(40)}${record}S19`;
    const decoded = decodeLine(TABLES['TXE']!, line);
    expect(decoded.every((d) => d.ok)).toBe(true);
    expect(fieldText(decoded.find((d) => d.inner)!.inner!, 'date')).toBe('20260901');
  });

  it('makes a file with its header', () => {
    const full = TABLES['HEADER']!.fields.map((f) => ({ mark: 'H', kind: 'TXU', record_count: '00000002', record_length: '0160' })[f.name] ?? '0'.repeat(f.width)).join('');
    const bytes = new TextEncoder().encode(`${full}\r\n${record}\r\n${record}\r\n`);
    const file = readFile(bytes);
    expect([file.kind, file.count, file.faults]).toEqual(['TXU', 2, []]);
    expect(file.line(1)).toBe(`${record}\r\n`);
    expect(readFile(bytes.subarray(0, bytes.length - 3)).faults).toEqual(['length']);
    expect(readFile(new TextEncoder().encode(`${full}\r\n${record}\r\n`)).faults).toEqual(['count']);
    expect(readFile(new TextEncoder().encode('hello')).faults).toContain('header');
  });
});

/** Fixed-width lines of the exchange files, read byte by byte as the interface defines them. */
import { TABLES } from './wire-tables';

export interface WireField {
  no: number;
  name: string;
  zh: string;
  en: string;
  /** N digits, H upper-case hex, A upper-case letters, S printable ASCII, X any bytes. */
  type: string;
  width: number;
  signed: boolean;
  offset: number;
  /** An amount in fen. */
  fen: boolean;
  note: string;
}

export interface WireTable {
  kind: string;
  zh: string;
  en: string;
  /** Bytes of a line with CR LF. */
  line: number;
  fields: WireField[];
}

export interface FileCode {
  code: string;
  zh: string;
  en: string;
}

export interface Reason extends FileCode {
  verdict: string;
}

export interface DecodedField {
  field: WireField;
  /** The bytes as they stand, possibly fewer than the width. */
  text: string;
  /** Whether they are of the field's type. */
  ok: boolean;
  /** A card's number whose middle the server keeps from this account: no fault of the file. */
  masked?: boolean;
  /** Field 12 of an original record inside another line, and so on. */
  inner?: DecodedField[];
}

function fits(field: WireField, text: string): boolean {
  if (text.length !== field.width) return false;
  switch (field.type) {
    case 'N':
      return field.signed ? /^-?\d+$/.test(text) : /^\d+$/.test(text);
    case 'H':
      return /^[0-9A-F]+$/.test(text);
    case 'A':
      return /^[A-Z]+$/.test(text);
    case 'S':
      return /^[\x20-\x7e]*$/.test(text);
    default:
      return true;
  }
}

const MASKED = /^[0-9A-F]{6}\*+[0-9A-F]{4}$/;

/** Splits one line (with or without CR LF) into its fields. Nothing is guessed: what does not fit is marked. */
export function decodeLine(table: WireTable, line: string): DecodedField[] {
  const text = line.replace(/\r?\n$/, '');
  return table.fields.map((field) => {
    const part = text.slice(field.offset, field.offset + field.width);
    const decoded: DecodedField = { field, text: part, ok: fits(field, part) };
    if (field.name === 'serial' && part.length === field.width && MASKED.test(part)) Object.assign(decoded, { ok: true, masked: true });
    if (field.name === 'original') decoded.inner = decodeLine(TABLES['TXU']!, part);
    return decoded;
  });
}

/** What a field says, for people: amounts in yuan, dates and times with separators, padding gone. */
export function meaning(decoded: DecodedField, yuan: (fen: number) => string): string {
  const { field, text, ok } = decoded;
  if (!ok) return text;
  if (field.fen && field.type === 'N') return yuan(Number(text));
  if (/date$/.test(field.name) && /^\d{8}$/.test(text) && text !== '00000000') return `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6)}`;
  if (field.name === 'time' && text.length === 6) return `${text.slice(0, 2)}:${text.slice(2, 4)}:${text.slice(4)}`;
  if (field.name === 'created_at' && text.length === 14) {
    return `${text.slice(0, 4)}-${text.slice(4, 6)}-${text.slice(6, 8)} ${text.slice(8, 10)}:${text.slice(10, 12)}:${text.slice(12)}`;
  }
  if (field.type === 'S') return text.trimEnd();
  if (field.type === 'N' && /count|record_no|sequence|^counter$/.test(field.name)) return String(Number(text));
  return text;
}

/** The value of a field by its name, as text. */
export function fieldText(decoded: DecodedField[], name: string): string {
  return decoded.find((d) => d.field.name === name)?.text ?? '';
}

export interface ExchangeFile {
  header: DecodedField[];
  kind: string;
  /** `null` for a kind that is not known here. */
  table: WireTable | null;
  /** Record lines, without the header. */
  count: number;
  /** Line by its place, from 0. */
  line: (at: number) => string;
  /** What is wrong with the file as a whole: `length`, `count`, `kind`. */
  faults: ('length' | 'count' | 'kind' | 'header')[];
}

/** Reads a whole exchange file. Bytes are shown as they are, one character each. */
export function readFile(bytes: Uint8Array): ExchangeFile {
  const ascii = (from: number, to: number) => String.fromCharCode(...bytes.subarray(from, Math.min(to, bytes.length)));
  const headerTable = TABLES['HEADER']!;
  const header = decodeLine(headerTable, ascii(0, headerTable.line));
  const kind = fieldText(header, 'kind');
  const table = TABLES[kind] ?? null;
  const width = table?.line ?? (Number(fieldText(header, 'record_length')) || 1);
  const body = Math.max(0, bytes.length - headerTable.line);
  const count = Math.ceil(body / width);
  const faults: ExchangeFile['faults'] = [];
  if (header.some((d) => !d.ok) || ascii(headerTable.line - 2, headerTable.line) !== '\r\n') faults.push('header');
  if (!table) faults.push('kind');
  if (body % width !== 0) faults.push('length');
  else if (Number(fieldText(header, 'record_count')) !== count) faults.push('count');
  return {
    header,
    kind,
    table,
    count,
    faults,
    line: (at) => {
      const from = headerTable.line + at * width;
      return ascii(from, from + width);
    },
  };
}

/** The rows of a segment: its Parquet columns, and the exact canonical bytes of each event, put together from them. */
import { type ColumnMetaData, parquetMetadata, type SchemaElement } from 'hyparquet';
import { misleadingRows, takenApart } from './columns.ts';
import { checkStatistics, kindsIn, scaledOf } from './form.ts';
import { DECIMALS, type Kind } from './kind.ts';
import { Allowance, readPages } from './pages.ts';
import { checkFooter } from './thrift.ts';

type Values = ArrayLike<unknown>;
/** The JSON text of a column's value in a row. */
type Text = (row: number) => string;

/** A segment's rows. */
export interface Rows {
  readonly count: number;
  has(column: string): boolean;
  text(column: string, row: number): string;
  number(column: string, row: number): number;
  /** The stored hash of a row's event, 32 bytes. */
  hash(row: number): Buffer;
  /** A whole number that may be missing. */
  numberIfAny(column: string, row: number): number | undefined;
  /** When a row's event was recorded, RFC 3339. */
  recordedAt(row: number): string;
  /** The canonical JSON of a row's data or metadata. */
  json(column: 'data' | 'metadata', row: number): string;
  /** Rows whose typed columns say something else than their events do, and what. */
  misleading(): ReadonlyMap<number, string>;
  /** The bytes that the event's hash covers, given the hash of the event before. */
  canonicalText(row: number, previousHash: string): string;
}

/** Bytes of a footer: some hundred for each column, and its smallest and largest values. */
const FOOTER_BYTES_MAX = 1_000_000;

/** Bytes behind a footer: how long it is, and the file's last word. */
const END_BYTES = 8;

/**
 * Characters that a segment's events may be asked for, all together, put together from its columns. An archive's have some 16 million;
 * a template may name a long value as often as it likes.
 */
const TEXTS_LENGTH_MAX = 256_000_000;

/** Reads every column of a Parquet file. Throws where it is none, or has not the form of an archive's. */
export async function readRows(bytes: Uint8Array): Promise<Rows> {
  if (bytes.length < END_BYTES) throw new Error('it is too short');
  const footerBytes = Buffer.from(bytes.subarray(-END_BYTES)).readUInt32LE();
  if (footerBytes > FOOTER_BYTES_MAX) throw new Error(`its footer has ${footerBytes} bytes`);
  if (footerBytes > bytes.length - END_BYTES) throw new Error('its footer is longer than the file');
  checkFooter(bytes.subarray(bytes.length - END_BYTES - footerBytes, bytes.length - END_BYTES));
  // What looks for columns of places passes over the parts of each column: with one of them less than none it never ends.
  const metadata = parquetMetadata(bytes, { parsers: AS_STORED, geoparquet: false });
  const kinds = kindsIn(metadata, bytes.length);
  const rows = Number(metadata.num_rows);
  const allowance = new Allowance();
  const columns = new Map<string, Values>();
  const chunks = metadata.row_groups[0]?.columns ?? [];
  metadata.schema.slice(1).forEach((element, index) => {
    const data = chunks[index]?.meta_data as ColumnMetaData;
    const column = { element, kind: kinds.get(element.name) as Kind, data };
    columns.set(element.name, valuesOf(bytes, column, rows, allowance));
  });
  checkStatistics(metadata, kinds, columns);
  return new Table(rows, columns, kinds);
}

function valuesOf(
  bytes: Uint8Array,
  column: { element: SchemaElement; kind: Kind; data: ColumnMetaData },
  rows: number,
  allowance: Allowance,
): Values {
  try {
    return readPages(bytes, column, rows, allowance);
  } catch (error) {
    throw new Error(`column ${column.element.name}: ${(error as Error).message}`);
  }
}

/** Values of the footer as they are stored: a text's bound may end within a letter. */
const AS_STORED = {
  timestampFromMilliseconds: (milliseconds: bigint) => milliseconds,
  stringFromBytes: (bytes: Uint8Array) => bytes,
};

class Table implements Rows {
  readonly count: number;
  readonly #columns: ReadonlyMap<string, Values>;
  readonly #kinds: ReadonlyMap<string, Kind>;
  /** Templates taken apart: there are as many as kinds of events. */
  readonly #templates = new Map<string, (string | Text)[]>();
  #lengthLeft = TEXTS_LENGTH_MAX;

  constructor(count: number, columns: ReadonlyMap<string, Values>, kinds: ReadonlyMap<string, Kind>) {
    this.count = count;
    this.#columns = columns;
    this.#kinds = kinds;
  }

  has(column: string): boolean {
    return this.#columns.has(column);
  }

  text(column: string, row: number): string {
    const value = this.#values(column)[row];
    if (typeof value !== 'string') throw new Error(`${column} is no text in row ${row}`);
    return value;
  }

  number(column: string, row: number): number {
    const value = Number(this.#values(column)[row]);
    if (!Number.isSafeInteger(value)) throw new Error(`${column} is no whole number in row ${row}`);
    return value;
  }

  hash(row: number): Buffer {
    return Buffer.from(this.#values('hash')[row] as Uint8Array);
  }

  numberIfAny(column: string, row: number): number | undefined {
    const value = this.#columns.get(column)?.[row];
    return value === undefined || value === null ? undefined : this.number(column, row);
  }

  recordedAt(row: number): string {
    return new Date(Number(this.#values('recorded_at')[row])).toISOString();
  }

  json(column: 'data' | 'metadata', row: number): string {
    return this.#filled(column, row);
  }

  misleading(): ReadonlyMap<number, string> {
    return misleadingRows({ count: this.count, values: this.#columns, kinds: this.#kinds });
  }

  canonicalText(row: number, previousHash: string): string {
    const quoted = (column: string) => JSON.stringify(this.text(column, row));
    return (
      `{"aggregateId":${quoted('aggregate_id')},"aggregateType":${quoted('aggregate_type')}` +
      `,"data":${this.#filled('data', row)},"eventType":${quoted('event_type')}` +
      `,"metadata":${this.#filled('metadata', row)},"previousHash":"${previousHash}"` +
      `,"recordedAt":${timeText(this.#values('recorded_at')[row])}` +
      `,"schemaVersion":${this.number('schema_version', row)},"version":${this.number('version', row)}}`
    );
  }

  #filled(column: string, row: number): string {
    const template = this.text(column, row);
    let parts = this.#templates.get(template);
    if (parts === undefined) {
      parts = takenApart(template).map((part) => (part.startsWith('$') ? this.#textOf(part.slice(1)) : part));
      this.#templates.set(template, parts);
    }
    let text = '';
    for (const part of parts) {
      const next = typeof part === 'string' ? part : part(row);
      this.#lengthLeft -= next.length;
      if (this.#lengthLeft < 0) throw new Error('the texts of the events are longer than any are');
      text += next;
    }
    return text;
  }

  #textOf(column: string): Text {
    const values = this.#values(column);
    const write = WRITERS[this.#kinds.get(column) as Kind];
    return (row) => {
      const value = values[row];
      if (value === null || value === undefined) throw new Error(`${column} is empty in row ${row}`);
      return write(value);
    };
  }

  #values(column: string): Values {
    const values = this.#columns.get(column);
    if (values === undefined) throw new Error(`there is no column ${column}`);
    return values;
  }
}

const WRITERS: Readonly<Record<Kind, (value: unknown) => string>> = {
  decimal: (value) => `"${decimalText(value as Uint8Array)}"`,
  time: timeText,
  text: (value) => JSON.stringify(value),
  json: (value) => value as string,
  number: String,
  boolean: String,
  bytes() {
    throw new Error('bytes are no JSON');
  },
};

function timeText(milliseconds: unknown): string {
  return `"${new Date(Number(milliseconds)).toISOString()}"`;
}

/** Plain notation without zeros at the end, from a big-endian two's complement of 16 bytes, scaled by 10^8. */
function decimalText(bytes: Uint8Array): string {
  const scaled = scaledOf(bytes);
  const negative = scaled < 0n;
  const digits = String(negative ? -scaled : scaled).padStart(DECIMALS + 1, '0');
  const fraction = digits.slice(-DECIMALS).replace(/0+$/, '');
  const whole = digits.slice(0, -DECIMALS);
  return `${negative ? '-' : ''}${whole}${fraction === '' ? '' : `.${fraction}`}`;
}

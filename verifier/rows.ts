/** The rows of a segment: its Parquet columns, and the exact canonical bytes of each event, put together from them. */
import { gunzipSync } from 'node:zlib';
import { type FileMetaData, parquetMetadata, parquetScan } from 'hyparquet';
import { misleadingRows, takenApart } from './columns.ts';
import { checkStatistics, kindsIn, scaledOf } from './form.ts';
import { DECIMALS, type Kind } from './kind.ts';

type Values = ArrayLike<unknown>;
/** The JSON text of a column's value in a row. */
type Text = (row: number) => string;

/** A segment's rows. */
export interface Rows {
  readonly count: number;
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

/** Reads every column of a Parquet file. Throws where it is none, or has not the form of an archive's. */
export async function readRows(bytes: Uint8Array): Promise<Rows> {
  const metadata = parquetMetadata(bytes, { parsers: AS_STORED });
  const kinds = kindsIn(metadata, bytes.length);
  const scan = await parquetScan({
    file: {
      byteLength: bytes.length,
      slice: (start, end) => new Uint8Array(bytes.subarray(start, end)).buffer,
    },
    metadata: plain(metadata),
    compressors: { GZIP: decompress },
    parsers: { timestampFromMilliseconds: AS_STORED.timestampFromMilliseconds },
    useOffsetIndex: false,
  });
  const count = Number(metadata.num_rows);
  const columns = new Map<string, Values>();
  for (const column of kinds.keys()) {
    columns.set(column, await scan.readColumn({ column, rowStart: 0, rowEnd: count }));
  }
  for (const [name, values] of columns) {
    if (values.length !== count) throw new Error(`column ${name} has ${values.length} of ${count} rows`);
  }
  checkStatistics(metadata, kinds, columns);
  return new Table(count, columns, kinds);
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

  constructor(count: number, columns: ReadonlyMap<string, Values>, kinds: ReadonlyMap<string, Kind>) {
    this.count = count;
    this.#columns = columns;
    this.#kinds = kinds;
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
    for (const part of parts) text += typeof part === 'string' ? part : part(row);
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

/** The same file without its decimal types: the reader would make binary floating point of them. */
function plain(metadata: FileMetaData): FileMetaData {
  const schema = metadata.schema.map((element) => {
    if (element.converted_type !== 'DECIMAL') return element;
    const { converted_type: _, logical_type: __, ...raw } = element;
    return raw;
  });
  return { ...metadata, schema };
}

function decompress(input: Uint8Array, length: number): Uint8Array {
  // A column without a value has a page without content.
  if (length === 0) return new Uint8Array();
  const output = gunzipSync(input, { maxOutputLength: length });
  if (output.length !== length) throw new Error('a page has not the size that it says');
  return output;
}

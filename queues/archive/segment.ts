/**
 * A segment: a range of each of some aggregates of one type as one Parquet file, a row an event, ordered by aggregate and
 * version. Fields have typed columns, money is DECIMAL(38,8), and the `data` and `metadata` templates say how the exact
 * canonical bytes are put together from them (`template.ts`), so that hashes can be verified from the file alone.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { RowGroup, SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { Paced } from '../../actors/kernel/decider.ts';
import { DECIMAL_PLACES } from '../../schemas/decimal.ts';
import type { PublishedEvent } from '../../schemas/message.ts';
import { type Column, columnsOf, type Kind, METADATA_COLUMNS } from './columns.ts';
import { sha256Text } from './merkle.ts';
import { type Take, templateOf, type Value } from './template.ts';

/** Events of one aggregate, in order and without a hole, whose hashes have been verified. */
export interface ArchivedRange {
  readonly aggregateId: string;
  readonly events: readonly PublishedEvent[];
}

/** Where the bytes of a column are in the file, and 64 bits of their SHA-256, which tell an altered column from others. */
export interface ColumnBytes {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  readonly check: string;
}

/** A segment's file and where its columns are in it. */
export interface SegmentFile {
  readonly bytes: Uint8Array;
  readonly columns: readonly ColumnBytes[];
}

/** Digits of a column's check. It only says where to look: what convicts is the SHA-256 of the whole file. */
const CHECK_DIGITS = 16;

const DECIMAL_PRECISION = 38;
const HASH_BYTES = 32;
const TEXT: Partial<SchemaElement> = { type: 'BYTE_ARRAY', converted_type: 'UTF8' };

/** How each kind is stored. */
const ELEMENTS: Readonly<Record<Kind, Partial<SchemaElement>>> = {
  decimal: {
    type: 'FIXED_LEN_BYTE_ARRAY',
    type_length: 16,
    converted_type: 'DECIMAL',
    precision: DECIMAL_PRECISION,
    scale: DECIMAL_PLACES,
  },
  time: {
    type: 'INT64',
    converted_type: 'TIMESTAMP_MILLIS',
    logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
  },
  text: TEXT,
  json: { type: 'BYTE_ARRAY', logical_type: { type: 'JSON' } },
  integer: { type: 'INT64' },
  boolean: { type: 'BOOLEAN' },
};

/** One column while it is filled. */
interface Filled {
  readonly element: SchemaElement;
  readonly values: (Value | Uint8Array | number | null)[];
  /** Where neighbours differ little. */
  readonly isDelta?: boolean;
  /** Whether its smallest and largest value help to find anything. */
  readonly isSought?: boolean;
}

/** Rows that are put into their columns at a time, some five milliseconds: others wait for no longer. */
const ROWS_AT_A_TIME = 500;

/** The file of some ranges, in the order given. Lets go after some rows and after each column. */
export function* buildSegment(aggregateType: string, ranges: readonly ArchivedRange[]): Paced<SegmentFile> {
  const rows = new Rows(aggregateType);
  let count = 0;
  for (const { aggregateId, events } of ranges) {
    for (const event of events) {
      rows.add(aggregateId, event);
      if (++count % ROWS_AT_A_TIME === 0) yield;
    }
  }
  return yield* rows.file();
}

class Rows {
  readonly #aggregateType: string;
  readonly #columns = new Map<string, Filled>();
  readonly #fields: ReadonlyMap<string, Column>;
  readonly #templates = new Map<string, string>();
  #count = 0;

  constructor(aggregateType: string) {
    this.#aggregateType = aggregateType;
    this.#fields = columnsOf(aggregateType);
    const required = (name: string, element: Partial<SchemaElement>, more: Partial<Filled> = {}) =>
      this.#addColumn({ name, repetition_type: 'REQUIRED', ...element }, more);
    required('aggregate_type', TEXT);
    required('aggregate_id', TEXT);
    required('version', ELEMENTS.integer, { isDelta: true });
    required('event_type', TEXT);
    required('schema_version', { type: 'INT32' });
    required('recorded_at', ELEMENTS.time, { isDelta: true });
    for (const { name, kind } of METADATA_COLUMNS.values()) {
      this.#addColumn({ name, ...ELEMENTS[kind] }, { isSought: false });
    }
    required('hash', { type: 'FIXED_LEN_BYTE_ARRAY', type_length: HASH_BYTES }, { isSought: false });
    this.#addColumn({ name: 'fingerprint', ...ELEMENTS.integer }, { isSought: false });
    required('metadata', TEXT, { isSought: false });
    for (const { name, kind } of this.#fields.values()) {
      this.#addColumn({ name, ...ELEMENTS[kind] }, { isDelta: kind === 'time' });
    }
    required('data', TEXT, { isSought: false });
  }

  add(aggregateId: string, event: PublishedEvent): void {
    for (const { element, values } of this.#columns.values()) {
      if (element.repetition_type === 'OPTIONAL') values.push(null);
    }
    const row = this.#count++;
    const put: Take = (column, value) => {
      const { element, values } = this.#columns.get(column) as Filled;
      values[row] = element.logical_type?.type === 'JSON' ? Buffer.from(value as string) : value;
    };
    put('aggregate_type', this.#aggregateType);
    put('aggregate_id', aggregateId);
    put('version', BigInt(event.version));
    put('event_type', event.eventType);
    (this.#columns.get('schema_version') as Filled).values[row] = event.schemaVersion;
    put('recorded_at', BigInt(event.recordedAt));
    (this.#columns.get('hash') as Filled).values[row] = Buffer.from(event.hash, 'hex');
    if (event.fingerprint !== undefined) put('fingerprint', BigInt(event.fingerprint));
    put('metadata', this.#once(templateOf(event.metadata, METADATA_COLUMNS, put)));
    put('data', this.#once(templateOf(event.data, this.#fields, put)));
  }

  /** The template that an earlier row has as well: thousands share one, and each is put together of dozens of pieces. */
  #once(template: string): string {
    const known = this.#templates.get(template);
    if (known !== undefined) return known;
    this.#templates.set(template, template);
    return template;
  }

  *file(): Paced<SegmentFile> {
    const writer = new ByteWriter();
    const parquet = new ParquetWriter({
      writer,
      schema: [
        { name: 'event', num_children: this.#columns.size },
        ...[...this.#columns.values()].map(({ element }) => element),
      ],
      // Zstandard is smaller, but the runtime's fails on results of more than some 32 kB.
      codec: 'GZIP',
      compressors: { GZIP: compressed },
      createdBy: 'folio',
    });
    for (const { element, values, isDelta, isSought } of this.#columns.values()) {
      const column = {
        name: element.name,
        data: values,
        statistics: isSought !== false,
        offsetIndex: false,
        ...(isDelta ? { encoding: 'DELTA_BINARY_PACKED' as const } : {}),
        // Hashes are as random as bytes can be.
        ...(element.name === 'hash' ? { codec: 'UNCOMPRESSED' as const } : {}),
      };
      // Synchronous with a writer in memory, whatever its type says.
      void parquet.write({ columnData: [column], rowGroupSize: this.#count });
      yield;
    }
    parquet.row_groups = [oneRowGroup(parquet.row_groups)];
    parquet.num_rows = BigInt(this.#count);
    void parquet.finish();
    const bytes = writer.getBytes();
    return { bytes, columns: columnBytes(parquet, bytes) };
  }

  #addColumn(element: SchemaElement, more: Partial<Filled>): void {
    this.#columns.set(element.name, {
      element: { repetition_type: 'OPTIONAL', ...element },
      values: [],
      ...more,
    });
  }
}

/**
 * Read back before it is believed: a segment is locked for years once it is put, and the runtime's Zstandard was once found
 * to give up half-way.
 */
function compressed(bytes: Uint8Array): Uint8Array {
  const result = gzipSync(bytes);
  if (Buffer.compare(gunzipSync(result), bytes) !== 0)
    throw new Error('gzip does not give back what it took');
  return result;
}

/** Columns that were written one after the other, each as a row group of its own, as the one row group that they are. */
function oneRowGroup(columns: readonly RowGroup[]): RowGroup {
  const sum = (sizes: readonly (bigint | undefined)[]) => sizes.reduce<bigint>((a, b) => a + (b ?? 0n), 0n);
  return {
    columns: columns.flatMap((group) => group.columns),
    total_byte_size: sum(columns.map((group) => group.total_byte_size)),
    num_rows: columns[0]?.num_rows ?? 0n,
    total_compressed_size: sum(columns.map((group) => group.total_compressed_size)),
  };
}

/** Where each column's bytes are: one row group, in which columns follow one another. */
function columnBytes({ row_groups }: ParquetWriter, file: Uint8Array): ColumnBytes[] {
  const [group] = row_groups;
  if (group === undefined || row_groups.length > 1) throw new Error('a segment has one row group');
  return group.columns.map(({ meta_data: data }) => {
    if (data === undefined) throw new Error('a column without a description');
    const offset = Number(data.dictionary_page_offset ?? data.data_page_offset);
    const bytes = Number(data.total_compressed_size);
    const check = sha256Text(file.subarray(offset, offset + bytes)).slice(0, CHECK_DIGITS);
    return { name: data.path_in_schema.join('.'), offset, bytes, check };
  });
}

/**
 * The pages of a column, in the one form that a segment's have. What a page says of itself must be what it has, to the byte: two readers
 * that believe different parts of it would see different rows, and one that believes all of it could be made to fill any memory.
 */
import { gunzipSync } from 'node:zlib';
import type { ColumnMetaData, PageHeader, SchemaElement } from 'hyparquet';
import { parquetHeader } from 'hyparquet/src/column.js';
import { ByteReader, readDeltas, readHybrid, readPlain } from './encodings.ts';
import type { Kind } from './kind.ts';
import { checkPageHeader } from './thrift.ts';

/** Bytes of a page's header: some thirty. */
const HEADER_BYTES_MAX = 128;

/** Bytes of memory that all pages of a segment may take here: many times what any needs. */
const PAGES_BYTES_MAX = 256_000_000;

/** Bytes of it that are counted for a row of a column, beside those of its value. */
const CELL_BYTES = 64;

/** What is left of the memory that one segment may take. */
export class Allowance {
  #bytes = PAGES_BYTES_MAX;

  take(bytes: number): void {
    this.#bytes -= bytes;
    if (!(this.#bytes >= 0)) throw new Error('its pages are larger than those of any segment');
  }
}

/** One column as a file describes it. */
export interface DescribedColumn {
  readonly element: SchemaElement;
  readonly kind: Kind;
  readonly data: ColumnMetaData;
}

/** A column's values, null where a row has none. Throws where its pages are not `rows` rows in the form of a segment's. */
export function readPages(
  file: Uint8Array,
  column: DescribedColumn,
  rows: number,
  allowance: Allowance,
): unknown[] {
  const start = Number(column.data.dictionary_page_offset ?? column.data.data_page_offset);
  const end = start + Number(column.data.total_compressed_size);
  const reader = new PageReader(column, allowance);
  for (let offset = start; offset < end; ) {
    const view = new DataView(
      file.buffer,
      file.byteOffset + offset,
      Math.min(HEADER_BYTES_MAX, end - offset),
    );
    checkPageHeader(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
    const place = { view, offset: 0 };
    const header = parquetHeader(place);
    const first = offset + place.offset;
    const size = sizeOf(header.compressed_page_size);
    if (first + size > end) throw new Error('a page does not end with its column');
    reader.take(header, file.subarray(first, first + size), offset);
    offset = first + size;
  }
  if (reader.values.length !== rows) throw new Error(`${reader.values.length} of ${rows} rows`);
  return reader.values;
}

class PageReader {
  readonly values: unknown[] = [];
  readonly #column: DescribedColumn;
  readonly #allowance: Allowance;
  #dictionary: unknown[] | undefined;

  constructor(column: DescribedColumn, allowance: Allowance) {
    this.#column = column;
    this.#allowance = allowance;
  }

  take(header: PageHeader, bytes: Uint8Array, offset: number): void {
    const { data } = this.#column;
    const isDictionary = BigInt(offset) === data.dictionary_page_offset;
    const isFirst = BigInt(offset) === data.data_page_offset;
    const isValues = !isDictionary && isFirst === (this.values.length === 0);
    if (header.type === 'DICTIONARY_PAGE' && isDictionary) this.#takeDictionary(header, bytes);
    else if (header.type === 'DATA_PAGE_V2' && isValues) this.#takeValues(header, bytes);
    else throw new Error('a page is not where it should be, or none of a segment');
  }

  #takeDictionary(header: PageHeader, bytes: Uint8Array): void {
    const { encoding, num_values: count } = header.dictionary_page_header ?? {};
    if (encoding !== 'PLAIN') throw new Error('a dictionary is not plain');
    const reader = new ByteReader(this.#unpacked(bytes, sizeOf(header.uncompressed_page_size)));
    this.#dictionary = this.#plain(reader, sizeOf(count));
    reader.end();
  }

  #takeValues(header: PageHeader, bytes: Uint8Array): void {
    const said = header.data_page_header_v2;
    if (said === undefined) throw new Error('a page does not say what it has');
    const rows = sizeOf(said.num_values);
    const levelBytes = sizeOf(said.definition_levels_byte_length);
    if (rows === 0 || said.num_rows !== rows || said.repetition_levels_byte_length !== 0)
      throw new Error('a page has other rows than values');
    if (said.is_compressed === false || said.statistics !== undefined)
      throw new Error('a page says more of itself than those of a segment');
    const isThere = this.#levels(bytes.subarray(0, levelBytes), rows);
    const count = isThere === undefined ? rows : isThere.reduce((sum, level) => sum + level, 0);
    if (said.num_nulls !== rows - count) throw new Error('a page has other empty rows than it says');
    const size = sizeOf(header.uncompressed_page_size) - levelBytes;
    const reader = new ByteReader(this.#unpacked(bytes.subarray(levelBytes), size));
    const found = this.#decoded(said.encoding, reader, count);
    reader.end();
    let next = 0;
    for (let row = 0; row < rows; row++)
      this.values.push(isThere === undefined || isThere[row] === 1 ? found[next++] : null);
  }

  /** 1 where a row has a value; undefined where every row has to. */
  #levels(bytes: Uint8Array, rows: number): Uint32Array | undefined {
    const reader = new ByteReader(bytes);
    // A few bytes can say that there are as many rows as one likes.
    this.#allowance.take(rows * CELL_BYTES);
    const isOptional = this.#column.element.repetition_type === 'OPTIONAL';
    const levels = isOptional ? readHybrid(reader, 1, rows) : undefined;
    reader.end();
    return levels;
  }

  #decoded(encoding: string, reader: ByteReader, count: number): ArrayLike<unknown> {
    const { type } = this.#column.element;
    if (encoding === 'PLAIN') return this.#plain(reader, count);
    if (encoding === 'DELTA_BINARY_PACKED' && type === 'INT64') return readDeltas(reader, count);
    if (encoding === 'RLE' && type === 'BOOLEAN') {
      const runs = new ByteReader(reader.takeCounted());
      const found = Array.from(readHybrid(runs, 1, count), (bit) => bit === 1);
      runs.end();
      return found;
    }
    const dictionary = this.#dictionary;
    if (encoding !== 'RLE_DICTIONARY' || dictionary === undefined)
      throw new Error(`a page is in ${encoding}, which no segment's is`);
    return Array.from(readHybrid(reader, reader.byte(), count), (index) => {
      if (index >= dictionary.length) throw new Error('a page has an index beyond its dictionary');
      return dictionary[index];
    });
  }

  #plain(reader: ByteReader, count: number): unknown[] {
    const { type, type_length: typeLength } = this.#column.element;
    const found = readPlain(reader, { type, typeLength }, count);
    const isText = this.#column.kind === 'text' || this.#column.kind === 'json';
    return isText ? found.map((bytes) => utf8.decode(bytes as Uint8Array)) : found;
  }

  #unpacked(bytes: Uint8Array, size: number): Uint8Array {
    this.#allowance.take(size);
    const { codec } = this.#column.data;
    if (codec !== 'GZIP' && codec !== 'UNCOMPRESSED') throw new Error(`a page is compressed by ${codec}`);
    // Nothing is compressed as well: a reader that looks at it would stop at anything else.
    const maxOutputLength = Math.max(size, 1);
    const output = codec === 'GZIP' ? gunzipSync(bytes, { maxOutputLength }) : bytes;
    if (output.length !== size) throw new Error('a page has not the size that it says');
    return output;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function sizeOf(value: unknown): number {
  if (!Number.isSafeInteger(value) || (value as number) < 0) throw new Error('a page is of no size');
  return value as number;
}

/**
 * The form of a segment's file. Parquet leaves room for two readers that see different rows in the same bytes: columns whose chunks stand in
 * another order than the schema's, chunks that overlap or lie in another file, indexes, and smallest and largest values that
 * make a reader leave out what is there. A segment has none of that, and what is verified here is what every reader sees.
 */
import type { ColumnChunk, ColumnMetaData, FileMetaData, Statistics } from 'hyparquet';
import { DECIMALS, type Kind, kindOf } from './kind.ts';

/** `PAR1`, at the beginning and at the end. */
const MAGIC_BYTES = 4;

/** Behind the footer: its length, and `PAR1`. */
const END_BYTES = 4 + MAGIC_BYTES;

/** Fields of a chunk that lead somewhere else than to its pages. */
const ELSEWHERE = [
  'file_path',
  'offset_index_offset',
  'column_index_offset',
  'crypto_metadata',
  'encrypted_column_metadata',
] as const;

/** The kinds of a file's columns by their names. Throws where two readers could see different things in it. */
export function kindsIn(metadata: FileMetaData, fileBytes: number): Map<string, Kind> {
  const [root, ...elements] = metadata.schema;
  const kinds = new Map(elements.map((element) => [element.name, kindOf(element)]));
  if (root?.num_children !== elements.length || kinds.size !== elements.length)
    throw new Error('its columns are not a list of different names');
  if (metadata.key_value_metadata !== undefined) throw new Error('it has metadata of its own');
  const [group, ...others] = metadata.row_groups;
  if (group === undefined || others.length > 0) throw new Error('it has not one row group');
  if (group.num_rows !== metadata.num_rows || group.columns.length !== elements.length)
    throw new Error('its row group has not every row and every column');
  let end = MAGIC_BYTES;
  elements.forEach(({ name, type }, index) => {
    const chunk = checkedChunk(group.columns[index] as ColumnChunk, name);
    if (chunk.type !== type || chunk.num_values !== metadata.num_rows)
      throw new Error(`column ${name} has another type or other rows than the file`);
    const start = Number(chunk.dictionary_page_offset ?? chunk.data_page_offset);
    if (start !== end || Number(chunk.data_page_offset) < start)
      throw new Error(`column ${name} does not begin where the one before ends`);
    end = start + Number(chunk.total_compressed_size);
  });
  if (end !== fileBytes - END_BYTES - metadata.metadata_length)
    throw new Error('there is something between its columns and its footer');
  return kinds;
}

function checkedChunk(chunk: ColumnChunk, name: string): ColumnMetaData {
  const { meta_data: data } = chunk;
  if (data === undefined || data.path_in_schema.length !== 1 || data.path_in_schema[0] !== name)
    throw new Error(`in the place of column ${name} there is another`);
  if (ELSEWHERE.some((field) => chunk[field] !== undefined) || data.bloom_filter_offset !== undefined)
    throw new Error(`column ${name} has more than its pages`);
  return data;
}

/** What a column's smallest and largest value say of it: a value beyond them would be left out by whoever goes by them. */
export function checkStatistics(
  metadata: FileMetaData,
  kinds: ReadonlyMap<string, Kind>,
  columns: ReadonlyMap<string, ArrayLike<unknown>>,
): void {
  const [group] = metadata.row_groups;
  for (const { meta_data: data } of group?.columns ?? []) {
    const name = data?.path_in_schema[0] as string;
    if (data?.statistics === undefined) continue;
    if (
      !isTrue(data.statistics, Array.from(columns.get(name) as ArrayLike<unknown>), kinds.get(name) as Kind)
    )
      throw new Error(`the smallest and the largest value of column ${name} are not those that it has`);
  }
}

function isTrue(statistics: Statistics, column: unknown[], kind: Kind): boolean {
  const { min, max, min_value, max_value, null_count } = statistics;
  const values = column.filter((value) => value !== null && value !== undefined);
  if (null_count !== undefined && null_count !== BigInt(column.length - values.length)) return false;
  const isBelow = BELOW[kind];
  const lowest = [min, min_value].filter((bound) => bound !== undefined);
  const highest = [max, max_value].filter((bound) => bound !== undefined);
  return values.every(
    (value) =>
      lowest.every((bound) => !isBelow(value, bound)) && highest.every((bound) => !isBelow(bound, value)),
  );
}

type Below = (one: unknown, other: unknown) => boolean;

const number: Below = (one, other) => (one as number) < (other as number);

/** Texts are sorted by their bytes, and bounds are bytes, since they may be cut off within a letter. */
const bytes: Below = (one, other) => Buffer.compare(bytesOf(one), bytesOf(other)) < 0;

function bytesOf(value: unknown): Uint8Array {
  return typeof value === 'string' ? Buffer.from(value) : (value as Uint8Array);
}

/** A reader makes a binary number of a decimal's bounds, which is exact to some fifteen digits. */
const ROUNDING = 1e-12;

const decimal: Below = (one, other) => {
  const [first, second] = [amountOf(one), amountOf(other)];
  return first < second - Math.abs(second) * ROUNDING;
};

function amountOf(value: unknown): number {
  return typeof value === 'number' ? value : Number(scaledOf(value as Uint8Array)) / 10 ** DECIMALS;
}

const BELOW: Readonly<Record<Kind, Below>> = {
  decimal,
  time: number,
  number,
  boolean: number,
  text: bytes,
  json: bytes,
  bytes,
};

/** Big-endian two's complement of 16 bytes. */
export function scaledOf(stored: Uint8Array): bigint {
  const view = new DataView(stored.buffer, stored.byteOffset, stored.byteLength);
  return (view.getBigInt64(0) << 64n) | view.getBigUint64(8);
}

/** A segment's file taken apart and written anew: whatever its columns, their types or what the footer says of them is another. */
import { gunzipSync, gzipSync } from 'node:zlib';
import { type ColumnChunk, parquetMetadata, parquetScan, type SchemaElement } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { SegmentFile } from '../../queues/archive/segment.ts';
import { sha256 } from '../../verifier/canonical.ts';

/** One column: how it is stored, and a value a row (decimals scaled, times in milliseconds, both as bigint). */
export interface OpenColumn {
  element: SchemaElement;
  values: unknown[];
}

/** What is changed before the file is written, and in its footer after that. */
export interface Rewriting {
  readonly columns?: (columns: Map<string, OpenColumn>) => void;
  readonly footer?: (chunks: Map<string, ColumnChunk>, schema: SchemaElement[]) => void;
}

/** The columns of a segment's file. */
export async function openColumns(bytes: Uint8Array): Promise<Map<string, OpenColumn>> {
  const metadata = parquetMetadata(bytes);
  const schema = metadata.schema.map(({ converted_type, ...rest }) =>
    converted_type === 'DECIMAL' ? rest : { converted_type, ...rest },
  );
  const scan = await parquetScan({
    file: { byteLength: bytes.length, slice: (from, to) => new Uint8Array(bytes.subarray(from, to)).buffer },
    metadata: { ...metadata, schema: schema as SchemaElement[] },
    compressors: { GZIP: (input) => (input.length === 0 ? input : gunzipSync(input)) },
    parsers: { timestampFromMilliseconds: (milliseconds) => milliseconds },
  });
  const rowEnd = Number(metadata.num_rows);
  const columns = new Map<string, OpenColumn>();
  for (const element of metadata.schema.slice(1)) {
    const read = await scan.readColumn({ column: element.name, rowStart: 0, rowEnd });
    columns.set(element.name, { element, values: Array.from(read, (value) => stored(element, value)) });
  }
  return columns;
}

/** The segment with a change in it. */
export async function rewrittenSegment(
  bytes: Uint8Array,
  { columns: change = () => undefined, footer = () => undefined }: Rewriting,
): Promise<SegmentFile> {
  const columns = await openColumns(bytes);
  change(columns);
  const elements = [...columns.values()].map(({ element }) => element);
  const schema = [{ name: 'event', num_children: elements.length } as SchemaElement, ...elements];
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({
    writer,
    schema,
    codec: 'GZIP',
    compressors: { GZIP: (input) => gzipSync(input) },
    createdBy: 'folio',
  });
  const rows = columns.get('hash')?.values.length as number;
  const columnData = [...columns].map(([name, { values }]) => ({ name, data: values, offsetIndex: false }));
  void parquet.write({ columnData, rowGroupSize: rows });
  const chunks = (parquet.row_groups[0]?.columns ?? []) as ColumnChunk[];
  const places = chunks.map(({ meta_data: data }) => {
    const offset = Number(data?.dictionary_page_offset ?? data?.data_page_offset);
    return { name: data?.path_in_schema[0] as string, offset, bytes: Number(data?.total_compressed_size) };
  });
  footer(new Map(chunks.map((chunk) => [chunk.meta_data?.path_in_schema[0] as string, chunk])), schema);
  void parquet.finish();
  const file = writer.getBytes();
  const check = ({ offset, bytes: length }: (typeof places)[number]) =>
    sha256(file.subarray(offset, offset + length)).slice(0, 16);
  return { bytes: file, columns: places.map((place) => ({ ...place, check: check(place) })) };
}

/** A value as the writer takes it. */
function stored(
  { converted_type: converted, logical_type: logical }: SchemaElement,
  value: unknown,
): unknown {
  if (value === null || value === undefined) return null;
  if (logical?.type === 'JSON') return Buffer.from(value as string);
  if (converted !== 'DECIMAL') return value;
  const view = new DataView((value as Uint8Array).slice().buffer);
  return (view.getBigInt64(0) << 64n) | view.getBigUint64(8);
}

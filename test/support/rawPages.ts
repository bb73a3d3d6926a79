/** A column's pages written by hand: whatever a page says of itself and then has. */
import { gzipSync } from 'node:zlib';
import { type ColumnChunk, type PageHeader, parquetMetadata } from 'hyparquet';
import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import type { SegmentFile } from '../../queues/archive/segment.ts';
import { sha256 } from '../../verifier/canonical.ts';

type Writer = Parameters<typeof writePageHeader>[0];

/** One page: its header but for the sizes, its levels (which no page compresses), and its values. */
export interface RawPage {
  readonly header: Omit<PageHeader, 'compressed_page_size' | 'uncompressed_page_size'>;
  readonly levels?: Uint8Array;
  readonly values: Uint8Array;
  /** Instead of its values as they are compressed. */
  readonly compressed?: Uint8Array;
  /** Instead of the size that it has. */
  readonly uncompressedSize?: number;
}

/** A page of the second version. */
export function dataPage(
  { levels, values }: Pick<RawPage, 'levels' | 'values'>,
  said: { rows: number; nulls: number; encoding?: 'PLAIN' | 'RLE_DICTIONARY' | 'DELTA_BINARY_PACKED' },
): RawPage {
  return {
    header: {
      type: 'DATA_PAGE_V2',
      data_page_header_v2: {
        num_values: said.rows,
        num_nulls: said.nulls,
        num_rows: said.rows,
        encoding: said.encoding ?? 'PLAIN',
        definition_levels_byte_length: levels?.length ?? 0,
        repetition_levels_byte_length: 0,
        is_compressed: true,
      },
    },
    ...(levels === undefined ? {} : { levels }),
    values,
  };
}

/** A run of one level, as RLE has it. */
export function run(level: number, times: number): Uint8Array {
  const bytes: number[] = [];
  let header = times * 2;
  for (; header > 0x7f; header = Math.floor(header / 128)) bytes.push((header % 128) | 0x80);
  return Uint8Array.of(...bytes, header, level);
}

/** The segment with other pages in the place of a column's. */
export function withPages(file: Uint8Array, column: string, pages: readonly RawPage[]): SegmentFile {
  const metadata = parquetMetadata(file, { parsers: AS_STORED });
  const writer = new ByteWriter();
  const parquet = new ParquetWriter({ writer, schema: metadata.schema, createdBy: 'folio' });
  const places: SegmentFile['columns'][number][] = [];
  const [group] = metadata.row_groups;
  for (const chunk of group?.columns ?? []) {
    const data = chunk.meta_data as NonNullable<ColumnChunk['meta_data']>;
    const name = data.path_in_schema[0] as string;
    const start = Number(data.dictionary_page_offset ?? data.data_page_offset);
    const moved = writer.offset - start;
    if (name === column) {
      const first = writer.offset;
      const uncompressed = pages.reduce((sum, page) => sum + append(writer as unknown as Writer, page), 0);
      delete data.dictionary_page_offset;
      delete data.statistics;
      data.data_page_offset = BigInt(first);
      data.total_compressed_size = BigInt(writer.offset - first);
      data.total_uncompressed_size = BigInt(uncompressed);
    } else {
      writer.appendBytes(file.subarray(start, start + Number(data.total_compressed_size)));
      data.data_page_offset += BigInt(moved);
      if (data.dictionary_page_offset !== undefined) data.dictionary_page_offset += BigInt(moved);
    }
    const offset = Number(data.dictionary_page_offset ?? data.data_page_offset);
    const bytes = Number(data.total_compressed_size);
    chunk.file_offset = 0n;
    places.push({ name, offset, bytes, check: '' });
  }
  parquet.row_groups = metadata.row_groups;
  parquet.num_rows = metadata.num_rows;
  void parquet.finish();
  const bytes = writer.getBytes();
  const check = ({ offset, bytes: length }: SegmentFile['columns'][number]) =>
    sha256(bytes.subarray(offset, offset + length)).slice(0, 16);
  return { bytes, columns: places.map((place) => ({ ...place, check: check(place) })) };
}

const AS_STORED = {
  timestampFromMilliseconds: (milliseconds: bigint) => milliseconds,
  stringFromBytes: (bytes: Uint8Array) => bytes,
};

/** Appends a page; answers how many bytes it would be without compression. */
function append(
  writer: Writer,
  { header, levels = new Uint8Array(), values, compressed = gzipSync(values), uncompressedSize }: RawPage,
): number {
  const start = writer.offset;
  writePageHeader(writer, {
    ...header,
    uncompressed_page_size: uncompressedSize ?? levels.length + values.length,
    compressed_page_size: levels.length + compressed.length,
  });
  const headerBytes = writer.offset - start;
  writer.appendBytes(levels);
  writer.appendBytes(compressed);
  return headerBytes + levels.length + values.length;
}

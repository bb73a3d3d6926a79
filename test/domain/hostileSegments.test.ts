/**
 * Segments that whoever runs the platform has signed, made so that two readers see different rows in them, or that a reader runs out of
 * memory or of time. Each is a finding that names the segment, and the verification goes on.
 */
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { ByteWriter } from 'hyparquet-writer';
import { serializeTCompactProtocol } from 'hyparquet-writer/src/thrift.js';
import { beforeAll, describe, expect, it } from 'vitest';
import type { SegmentFile } from '../../queues/archive/segment.ts';
import { ArchiveFolder } from '../../verifier/archive.ts';
import { findingText } from '../../verifier/findings.ts';
import { checkFooter } from '../../verifier/thrift.ts';
import { verifyArchive } from '../../verifier/verify.ts';
import { answerOf } from '../support/analyst.ts';
import { ArchiveWorld, act, MemoryArchive } from '../support/archive.ts';
import { rewriteAsOperator } from '../support/forgery.ts';
import { type Struct, withRawFooter } from '../support/rawFooter.ts';
import { dataPage, type RawPage, run, withPages } from '../support/rawPages.ts';
import { openColumns, rewrittenSegment } from '../support/rewrittenSegment.ts';

type Objects = Map<string, Uint8Array>;
type Amounts = readonly (bigint | null)[];

const world = new ArchiveWorld();
let amounts: Amounts;

beforeAll(async () => {
  for (let number = 0; number < 30; number++) act(world, `account-${number % 3}`, number);
  await world.checkpoint();
  act(world, 'account-9', 1);
  await world.checkpoint();
  const key = [...world.bucket.objects.keys()].find((each) => /^segments.*000001-/.test(each)) as string;
  const columns = await openColumns(world.bucket.objects.get(key) as Uint8Array);
  amounts = columns.get('notional')?.values as Amounts;
});

async function signed(file: (bytes: Uint8Array) => SegmentFile | Promise<SegmentFile>): Promise<Objects> {
  const objects = new Map(world.bucket.objects);
  await rewriteAsOperator(world, objects, 1, { file: async (bytes) => file(bytes) });
  return objects;
}

const withNotional = (...pages: RawPage[]) => signed((bytes) => withPages(bytes, 'notional', pages));

async function findingsOf(objects: ReadonlyMap<string, Uint8Array>): Promise<string[]> {
  const { findings } = await verifyArchive(new MemoryArchive(objects), world.now);
  return findings.kept.map(findingText);
}

/** Both segments are looked at, and the first one is the finding. */
async function expectFound(objects: Objects, detail: RegExp): Promise<void> {
  const { findings, events } = await verifyArchive(new MemoryArchive(objects), world.now);
  expect(findings.kept.map(findingText)).toEqual([
    expect.stringMatching(/^unreadable_object: segments\/10y\/account\/.*\/000000000001-/),
  ]);
  expect(findings.kept[0]?.detail).toMatch(detail);
  expect(events).toBe(2);
}

const levels = (values: Amounts) => Buffer.concat(values.map((value) => run(value === null ? 0 : 1, 1)));
const nulls = (values: Amounts) => values.filter((value) => value === null).length;
const present = (values: Amounts) => values.filter((value) => value !== null);

function plain(values: Amounts): Buffer {
  const stored = present(values).map((value) => {
    const bytes = Buffer.alloc(16);
    bytes.writeBigInt64BE(value >> 64n);
    bytes.writeBigUInt64BE(BigInt.asUintN(64, value), 8);
    return bytes;
  });
  return Buffer.concat(stored);
}

const pageOf = (values: Amounts) =>
  dataPage({ levels: levels(values), values: plain(values) }, { rows: values.length, nulls: nulls(values) });

describe('a page that is not what it says', () => {
  it('is none that is written by hand, in one page or in more', async () => {
    expect(await findingsOf(await withNotional(pageOf(amounts)))).toEqual([]);
    const parts = [amounts.slice(0, 7), amounts.slice(7, 30), amounts.slice(30)].map(pageOf);
    expect(await findingsOf(await withNotional(...parts))).toEqual([]);
  });

  it('is found where a run that is too long has one reader see what another does not', async () => {
    // A lenient reader takes all values of the first page. Another one takes thirty of them, and then goes on with the next pages.
    const [first, rest] = [amounts.slice(0, 31), amounts.slice(31)];
    const runs = Buffer.concat([levels(first.slice(0, 29)), run(1, 2)]);
    const objects = await withNotional(
      dataPage({ levels: runs, values: plain(first) }, { rows: 30, nulls: nulls(first) - 1 }),
      pageOf(rest),
      pageOf([10n ** 17n]),
    );
    const sum = (each: ReadonlyMap<string, Uint8Array>) => answerOf(each, 'SELECT sum(notional) FROM events');
    expect(await sum(objects)).not.toEqual(await sum(world.bucket.objects));
    await expectFound(objects, /^not a segment: column notional: a page has more values than it says$/);
  });

  it('is found where it has no value, and something in the place of what is compressed', async () => {
    const nothing = { ...pageOf([null]), compressed: Buffer.from('nobody decompresses this') };
    const objects = await withNotional(pageOf(amounts.slice(0, -1)), nothing);
    await expect(answerOf(objects, 'SELECT sum(notional) FROM events')).rejects.toThrow('GZIP');
    await expectFound(objects, /column notional: incorrect header check/);
  });

  it.each<[string, () => RawPage[], RegExp]>([
    ['fewer rows', () => [pageOf(amounts.slice(1))], /32 of 33 rows/],
    ['more rows', () => [pageOf(amounts), pageOf([1n])], /34 of 33 rows/],
    [
      'other empty rows than it says',
      () => [dataPage({ levels: levels(amounts), values: plain(amounts) }, { rows: 33, nulls: 1 })],
      /other empty rows/,
    ],
    [
      'bytes behind its values',
      () => [
        dataPage(
          { levels: levels(amounts), values: Buffer.concat([plain(amounts), Buffer.of(0)]) },
          { rows: 33, nulls: nulls(amounts) },
        ),
      ],
      /more than its values/,
    ],
    [
      'levels behind its levels',
      () => [
        dataPage(
          { levels: Buffer.concat([levels(amounts), run(1, 1)]), values: plain(amounts) },
          { rows: 33, nulls: nulls(amounts) },
        ),
      ],
      /more than its values/,
    ],
    [
      'no values',
      () => [dataPage({ levels: levels(amounts), values: Buffer.of() }, { rows: 33, nulls: 11 })],
      /ends within/,
    ],
    [
      'indexes, and no dictionary',
      () => [
        dataPage(
          { levels: levels(amounts), values: Buffer.of(0) },
          { rows: 33, nulls: 11, encoding: 'RLE_DICTIONARY' },
        ),
      ],
      /is in RLE_DICTIONARY, which no/,
    ],
  ])('is found where it has %s', async (_, pages, detail) => {
    await expectFound(await withNotional(...pages()), detail);
  });
});

describe('a footer that says something twice, or in another type', () => {
  /** What is said of the column of symbols: its chunk, and its place in the schema. */
  const symbols = (footer: Struct) => {
    const schema = footer.field_2 as Struct[];
    const at = schema.findIndex(
      ({ field_4: name }) => Buffer.from(name as Uint8Array).toString() === 'symbol',
    );
    const [group] = footer.field_4 as [{ field_1: Struct[] }];
    return { element: schema[at] as Struct, chunks: group.field_1, at: at - 1 };
  };

  /** Bounds that all of the column's texts are beyond. */
  const LIE = { field_12: { field_3: 0n, field_5: Buffer.from('Z'), field_6: Buffer.from('X') } };

  const count = (each: ReadonlyMap<string, Uint8Array>) =>
    answerOf(each, "SELECT count(*) FROM events WHERE symbol = 'IBM'");

  const withFooterOf = (change: (footer: Struct) => void) =>
    signed((bytes) => {
      const { columns } = withPages(bytes, '', []);
      return { bytes: withRawFooter(bytes, change), columns };
    });

  it('is none that is only written anew', async () => {
    expect(await findingsOf(await withFooterOf(() => undefined))).toEqual([]);
  });

  it('is found where bounds stand in a description that another one follows, which has none', async () => {
    const objects = await withFooterOf((footer) => {
      const { chunks, at } = symbols(footer);
      const { field_3: described, ...chunk } = chunks[at] as Struct;
      const { field_12: _, ...bare } = described as Struct;
      chunks[at] = { ...chunk, first_field_3: { ...bare, ...LIE }, field_3: bare };
    });
    // Some readers mix both, and skip what the first one says is not there.
    expect(await count(objects)).not.toEqual(await count(world.bucket.objects));
    await expectFound(objects, /a description in it has a field twice/);
  });

  it('is found where a field that there is not is that one to readers who keep 16 bits of its number', async () => {
    const objects = await withFooterOf((footer) => {
      const { chunks, at } = symbols(footer);
      const { field_3: described, ...chunk } = chunks[at] as Struct;
      const { field_12: _, ...bare } = described as Struct;
      chunks[at] = { ...chunk, field_3: bare, field_65539: { ...bare, ...LIE } };
    });
    expect(await count(objects)).not.toEqual(await count(world.bucket.objects));
    await expectFound(objects, /a description in it has a field that there is not/);
  });

  it.each<[string, readonly number[], RegExp]>([
    ['a number below zero for a field', [0x05, 0x05, 0x00], /a field that there is not/],
    ['a number of 32 bits in six bytes', [0x15, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], /more than 32 bits/],
    ['a number of 33 bits', [0x15, 0x80, 0x80, 0x80, 0x80, 0x10], /more than 32 bits/],
    ['a length in six bytes', [0x18, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], /more than 32 bits/],
    ['a number of 65 bits', [0x16, ...Array<number>(9).fill(0x80), 0x02], /more than 64 bits/],
  ])('is found where it has %s', (_, bytes, detail) => {
    expect(() => checkFooter(Uint8Array.of(...bytes, 0))).toThrow(detail);
  });

  it('may have the largest numbers that there are', () => {
    const most = [0xff, 0xff, 0xff, 0xff];
    expect(() => checkFooter(Uint8Array.of(0x15, ...most, 0x0f, 0))).not.toThrow();
    expect(() => checkFooter(Uint8Array.of(0x16, ...most, ...most, 0xff, 0x01, 0))).not.toThrow();
  });

  it('is found where a column says that it has less than no parts', async () => {
    const objects = await withFooterOf((footer) => {
      const { element } = symbols(footer);
      const { field_6: kind } = element;
      delete element.field_6;
      Object.assign(element, { field_5: -1, field_6: kind });
    });
    await expectFound(objects, /is of no kind that a segment has/);
  });

  it('is found where a kind of column is a number of 64 bits, which some readers leave out', async () => {
    const objects = await withFooterOf((footer) => {
      const { element } = symbols(footer);
      element.field_6 = BigInt(element.field_6 as number);
    });
    await expectFound(objects, /of another type than readers take it for/);
  });
});

describe('a segment that would fill the memory', () => {
  it.each<[string, () => Promise<Objects>, RegExp]>([
    [
      'a page of two billion rows in a few bytes',
      () =>
        withNotional(
          dataPage(
            { levels: run(0, 2 ** 31 - 1), values: Buffer.of() },
            { rows: 2 ** 31 - 1, nulls: 2 ** 31 - 1 },
          ),
        ),
      /larger than those of any segment/,
    ],
    [
      'a page that says it is two gigabytes',
      () => withNotional({ ...pageOf(amounts), uncompressedSize: 2 ** 31 - 1 }),
      /larger than those of any segment/,
    ],
    [
      'pages that a thousandth of their size gives',
      () => {
        const large = 16 * 4_000_000;
        const page = dataPage(
          { levels: run(1, 4_000_000), values: Buffer.alloc(large) },
          { rows: 4_000_000, nulls: 0 },
        );
        return withNotional(page, page);
      },
      /larger than those of any segment/,
    ],
    [
      'as many row groups as a megabyte has',
      () =>
        withFooter({
          field_1: 2,
          field_2: [],
          field_3: 0n,
          field_4: Array.from({ length: 900_000 }, () => ({})),
        }),
      /not a segment/,
    ],
    [
      'a footer of many megabytes',
      () =>
        withFooter({
          field_1: 2,
          field_2: [],
          field_3: 0n,
          field_4: Array.from({ length: 9_000_000 }, () => ({})),
        }),
      /its footer has 9\d{6} bytes/,
    ],
    ['a million rows, and columns without a value', () => withRows(2 ** 40), /other rows than the file|rows/],
  ])('is found: %s', async (_, make, detail) => {
    await expectFound(await make(), detail);
  });

  it('is found by templates that are nested without an end, or name a long value again and again', async () => {
    const nested = await signed((bytes) =>
      rewrittenSegment(bytes, {
        columns: (columns) => {
          const data = columns.get('data')?.values as unknown[];
          data[0] = '['.repeat(1_000_000);
          data[1] = `{"a":${'{"a":'.repeat(100_000)}1${'}'.repeat(100_001)}`;
          data[2] = '"'.repeat(3_000_001);
        },
      }),
    );
    const found = await findingsOf(nested);
    expect(found.length).toBeGreaterThan(0);
    for (const line of found) expect(line).toMatch(/^(altered_event|unreadable_object): segments\/.*000001-/);
    const repeated = await signed((bytes) =>
      rewrittenSegment(bytes, {
        columns: (columns) => {
          const [data, customer] = ['data', 'customer_id'].map(
            (name) => columns.get(name)?.values as unknown[],
          );
          data?.forEach((_, row) => {
            data[row] = `[${'$customer_id,'.repeat(100_000)}0]`;
            if (customer !== undefined) customer[row] = 'x'.repeat(1_000_000);
          });
        },
      }),
    );
    const lines = await findingsOf(repeated);
    expect(lines.join('\n')).toContain('the texts of the events are longer than any are');
  });

  it('and an object that is larger than any are found, and not read', async () => {
    const folder = mkdtempSync(path.join(tmpdir(), 'folio-large-'));
    try {
      world.bucket.export(folder);
      const file = path.join(folder, 'manifests/000000000002.json');
      writeFileSync(file, '');
      // A hole: no byte of it is on the disk.
      truncateSync(file, 5_000_000_000);
      const { findings } = await verifyArchive(new ArchiveFolder(folder), world.now);
      expect(findings.kept.map(findingText)).toContain(
        'unreadable_object: manifests/000000000002.json: it has more than 64000000 bytes, and no object of an archive has',
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** A file that is nothing but a footer. */
function withFooter(footer: Parameters<typeof serializeTCompactProtocol>[1]): Promise<Objects> {
  const writer = new ByteWriter();
  writer.appendUint32(PAR1);
  const start = writer.offset;
  serializeTCompactProtocol(writer, footer);
  writer.appendUint32(writer.offset - start);
  writer.appendUint32(PAR1);
  return signed(() => ({ bytes: writer.getBytes(), columns: [] }));
}

const PAR1 = 0x31524150;

/** A file whose footer speaks of other rows, in all places. */
function withRows(rows: number): Promise<Objects> {
  return signed((bytes) =>
    rewrittenSegment(bytes, {
      footer: (chunks) => {
        for (const { meta_data: data } of chunks.values())
          if (data !== undefined) data.num_values = BigInt(rows);
      },
    }),
  );
}

/**
 * An archive that whoever runs the platform has written anew, with the platform's own keys: every hash, link, root and signature
 * holds. What the segments show to those who query them must be what the hashed events say all the same, and nothing may be missing.
 */
import type { ColumnChunk, SchemaElement, Statistics } from 'hyparquet';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { seededRandom } from '../../demo/random.ts';
import type { ArchiveClient } from '../../local/archive/client.ts';
import { sign } from '../../local/archive/sign.ts';
import { newNotaryKey } from '../../local/notaryKey.ts';
import { type KeyRecord, keyRecord, type SigningKey, signingKeys } from '../../queues/archive/checkpoint.ts';
import { buildSegment } from '../../queues/archive/segment.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import type { Retention } from '../../schemas/retention.ts';
import { findingText } from '../../verifier/findings.ts';
import { publicKeyOf } from '../../verifier/keys.ts';
import { verifyArchive } from '../../verifier/verify.ts';
import { answerOf } from '../support/analyst.ts';
import { ArchiveWorld, act, MemoryArchive } from '../support/archive.ts';
import { type OperatorChange, rewriteAsOperator } from '../support/forgery.ts';
import { finished } from '../support/paced.ts';
import { type OpenColumn, type Rewriting, rewrittenSegment } from '../support/rewrittenSegment.ts';

/** Of the four. */
const FORGED = 2;
const DAY_MS = 86_400_000;

const world = new ArchiveWorld();

beforeAll(async () => {
  const random = seededRandom(1);
  for (let round = 0; round < 4; round++) {
    for (let number = 0; number < 30; number++)
      act(world, `account-${random.integer(4)}`, round * 100 + number);
    if (round === 2) world.keys = [...signingKeys(newNotaryKey()), ...world.keys];
    world.now += DAY_MS;
    await world.checkpoint();
  }
});

async function forged(change: OperatorChange, sequence = FORGED): Promise<Map<string, Uint8Array>> {
  const objects = new Map(world.bucket.objects);
  await rewriteAsOperator(world, objects, sequence, change);
  return objects;
}

const withSegment = (rewriting: Rewriting) => forged({ file: (bytes) => rewrittenSegment(bytes, rewriting) });

async function findingsOf(objects: ReadonlyMap<string, Uint8Array>): Promise<string[]> {
  const keys = world.keys.map(({ publicKey }) => publicKeyOf(publicKey));
  const { findings } = await verifyArchive(new MemoryArchive(objects), world.now, { keys });
  return findings.kept.map(findingText);
}

const TURNOVER = 'SELECT sum(notional) FROM events';
const IBM = "SELECT count(*) FROM events WHERE symbol = 'IBM'";

const valuesOf = (columns: Map<string, OpenColumn>, name: string) => (columns.get(name) as OpenColumn).values;

/** Goes through the rows of trades: their templates, and two of their columns. */
function trades(change: (template: string, row: number, notional: unknown[], price: unknown[]) => string) {
  return (columns: Map<string, OpenColumn>) => {
    const [data, notional, price] = ['data', 'notional', 'price'].map((name) => valuesOf(columns, name));
    data?.forEach((template, row) => {
      if (notional?.[row] === null) return;
      data[row] = change(template as string, row, notional as unknown[], price as unknown[]);
    });
  };
}

/** A scaled decimal as the event has it. */
function plain(scaled: unknown): string {
  const digits = String(scaled).padStart(9, '0');
  return `"${`${digits.slice(0, -8)}.${digits.slice(-8)}`.replace(/\.?0+$/, '')}"`;
}

/** What the columns say beside what the events say, and what of that an analyst notices. */
const DECEITS: Readonly<Record<string, { rewriting: Rewriting; sql: string; finding: RegExp }>> = {
  'a value that the event does not have': {
    rewriting: {
      columns: trades((template, row, notional) => {
        const text = plain(notional[row]);
        notional[row] = 1n;
        return template.replace('$notional', text);
      }),
    },
    sql: TURNOVER,
    finding: /^altered_event: .* account\/account-\d version \d+: column notional has a value that the event/,
  },
  'a value that was left out of its column': {
    rewriting: {
      columns: trades((template, row, notional) => {
        const text = plain(notional[row]);
        notional[row] = null;
        return template.replace('$notional', text);
      }),
    },
    sql: TURNOVER,
    finding: /^altered_event: .*: data\.notional does not stand in column notional$/,
  },
  'a value in the column of another field': {
    rewriting: {
      columns: trades((template, row, notional, price) => {
        [notional[row], price[row]] = [price[row], notional[row]];
        return template.replace(/\$(notional|price)/g, (name) =>
          name === '$price' ? '$notional' : '$price',
        );
      }),
    },
    sql: TURNOVER,
    finding: /^altered_event: .*: data\.notional stands in column price$/,
  },
  'a user that the event does not have': {
    rewriting: {
      columns: (columns) => {
        const [metadata, user] = ['metadata', 'user_id'].map((name) => valuesOf(columns, name));
        metadata?.forEach((template, row) => {
          metadata[row] = (template as string).replace('$user_id', JSON.stringify(user?.[row]));
          if (user !== undefined) user[row] = 'somebody-else';
        });
      },
    },
    sql: "SELECT count(*) FROM events WHERE user_id = 'somebody-else'",
    finding: /^altered_event: .*: column user_id has a value that the event does not have$/,
  },
  'bounds that have a reader leave rows out': {
    rewriting: {
      footer: (chunks) => {
        const statistics = chunks.get('symbol')?.meta_data?.statistics as Statistics;
        chunks.set(
          'symbol',
          bounded(chunks.get('symbol'), { ...statistics, min_value: 'X', max_value: 'Z' }),
        );
      },
    },
    sql: IBM,
    finding: /^unreadable_object: .* the smallest and the largest value of column symbol are not those/,
  },
};

function bounded(chunk: ColumnChunk | undefined, statistics: Statistics): ColumnChunk {
  const data = (chunk as ColumnChunk).meta_data as { statistics?: Statistics };
  data.statistics = statistics;
  return chunk as ColumnChunk;
}

describe('a segment that is signed and deceives whoever queries it', () => {
  it('is not one that is only written anew', async () => {
    const same = await withSegment({});
    expect(await findingsOf(same)).toEqual([]);
    for (const sql of [TURNOVER, IBM])
      expect(await answerOf(same, sql)).toEqual(await answerOf(world.bucket.objects, sql));
  });

  for (const [name, { rewriting, sql, finding }] of Object.entries(DECEITS)) {
    it(`is found by ${name}`, async () => {
      const objects = await withSegment(rewriting);
      expect(await answerOf(objects, sql)).not.toEqual(await answerOf(world.bucket.objects, sql));
      const findings = await findingsOf(objects);
      expect(findings.length).toBeGreaterThan(0);
      for (const line of findings) expect(line).toMatch(finding);
    });
  }

  it.each([
    ['takes away', null, 'it is the first event of its command, and has no fingerprint'],
    ['makes no number of', 2n ** 60n, 'fingerprint is no whole number in row 5'],
  ] as const)(
    'is found where it %s what a repeat of a command is recognised by',
    async (_, value, detail) => {
      const objects = await withSegment({
        columns: (columns) => {
          valuesOf(columns, 'fingerprint')[5] = value;
        },
      });
      expect(await findingsOf(objects)).toEqual([expect.stringContaining(detail)]);
    },
  );

  it('is not found for having no such column at all, as those of the first releases', async () => {
    expect(
      await findingsOf(await withSegment({ columns: (columns) => void columns.delete('fingerprint') })),
    ).toEqual([]);
  });

  it('is found where a second event of a command has a fingerprint of its own', async () => {
    // One event is said to come from the command of the one before: its text says so, and its hash is another.
    const findings = await findingsOf(
      await withSegment({
        columns: (columns) => {
          const commands = valuesOf(columns, 'command_id');
          commands[6] = commands[5];
        },
      }),
    );
    expect(findings).toContainEqual(
      expect.stringContaining('it has a fingerprint, and is not the first event of its command'),
    );
  });

  it('is not found for the fingerprint of an event that comes after one that cannot be read', async () => {
    const findings = await findingsOf(
      await withSegment({
        columns: (columns) => {
          const commands = valuesOf(columns, 'command_id');
          commands[6] = commands[5];
          valuesOf(columns, 'fingerprint')[6] = null;
          valuesOf(columns, 'recorded_at')[5] = 2n ** 60n;
        },
      }),
    );
    expect(findings).toContainEqual(expect.stringContaining('recorded_at is no whole number in row 5'));
    expect(findings.join()).not.toContain('first event of its command');
  });

  it.each([
    ['another scale in a second place', { logical_type: { type: 'DECIMAL', scale: 4, precision: 38 } }],
    ['another width', { type_length: 17 }],
  ] as const)('is found by a column with %s', async (_, change) => {
    const objects = await withSegment({
      footer: (_chunks, schema) => {
        const element = schema.find(({ name }) => name === 'fee') as SchemaElement;
        schema[schema.indexOf(element)] = { ...element, ...change } as SchemaElement;
      },
    });
    expect(await findingsOf(objects)).toEqual([
      expect.stringMatching(/^unreadable_object: .* column "\w+" is of no kind that a segment has$/),
    ]);
  });

  it('is found by a column with a name that some readers take for another', async () => {
    const objects = await withSegment({
      columns: (columns) => {
        const { element, values } = columns.get('fee') as OpenColumn;
        columns.set('Fee', { element: { ...element, name: 'Fee' }, values });
      },
    });
    expect(await findingsOf(objects)).toEqual([
      expect.stringMatching(/^unreadable_object: .* column "Fee" is of no kind that a segment has$/),
    ]);
  });

  it('is found by chunks that stand in the place of others', async () => {
    const objects = await withSegment({
      footer: (chunks) => {
        const [one, other] = ['notional', 'price'].map((name) => chunks.get(name)?.meta_data);
        if (one === undefined || other === undefined) throw new Error('there are no such columns');
        [one.path_in_schema, other.path_in_schema] = [other.path_in_schema, one.path_in_schema];
      },
    });
    expect(await findingsOf(objects)).toEqual([
      expect.stringMatching(/^unreadable_object: .* in the place of column notional there is another$/),
    ]);
  });
});

describe('a manifest that is signed', () => {
  const moved = (from: string | RegExp, to: string): NonNullable<OperatorChange['header']> => {
    return ({ segment, ...header }) => ({
      ...header,
      segment: { ...segment, key: segment.key.replace(from, to) },
    });
  };

  it.each([
    ['where queries of its type do not look', '/account/', '/accounts/'],
    ['where a reader takes a part of the key for a column', '/account/', '/account/fee=0/'],
    ['under another day', /\d{4}-\d\d-\d\d/, '2026-01-01'],
  ] as const)('is found where it puts the segment %s', async (_, from, to) => {
    const findings = await findingsOf(
      await forged({ file: (bytes) => rewrittenSegment(bytes, {}), header: moved(from, to) }),
    );
    expect(findings).toEqual([expect.stringMatching(/^broken_link: .* who reads by keys does not find it$/)]);
  });

  it('is found where its segment is gone and it says that it was closed when it would be past its term by now', async () => {
    const findings = await findingsOf(
      await forged({
        file: () => undefined,
        header: (header) => {
          const { segment, ...rest } = moved(/\d{4}-\d\d-\d\d/, '2010-01-01')(header);
          return { ...rest, segment, closedAt: '2010-01-01T00:00:00.000Z' };
        },
      }),
    );
    expect(findings).toEqual([expect.stringMatching(/^missing_object: segments\/10y\/account\/2010-01-01/)]);
  });

  it('is found where it has its segment kept for no time at all', async () => {
    const findings = await findingsOf(
      await forged({
        file: () => undefined,
        header: (header) => ({
          ...moved('/10y/', '/0y/')(header),
          retention: { class: 'trade', years: 0 as Retention['years'] },
        }),
      }),
    );
    expect(findings).toEqual([
      expect.stringMatching(/^broken_link: .* kept for 0 years, and books are for 7/),
    ]);
  });
});

describe('a key that was replaced', () => {
  /** Everything from the third manifest on, the first that the new key signed, as the holder of a key writes it. */
  const rewritten = (signer: OperatorChange['signer'] & object) =>
    forged({ file: (bytes) => rewrittenSegment(bytes, {}), signer }, 3);

  it('signs nothing any more, whoever has found it', async () => {
    const [newest, oldest] = world.keys;
    const by = `key ${oldest?.keyId} signs after ${newest?.keyId} took over from it, or from another`;
    expect(
      await findingsOf(
        await rewritten((keyId, sequence) => (sequence === 4 ? (oldest?.keyId ?? '') : keyId)),
      ),
    ).toEqual([`untrusted_key: checkpoints/000000000004.json: ${by}`]);
    expect(await findingsOf(await rewritten((keyId) => keyId))).toEqual([]);
  });

  it('is not in office again by a record of its own that says it took over from the new one', async () => {
    const [newest, oldest] = world.keys as [SigningKey, SigningKey];
    const objects = await rewritten((keyId, sequence) => (sequence === 4 ? oldest.keyId : keyId));
    const object = `keys/${oldest.keyId}.json`;
    const { key } = JSON.parse(Buffer.from(objects.get(object) as Uint8Array).toString()) as KeyRecord;
    const record = keyRecord(oldest, { keyId: newest.keyId, key: undefined }, key.publishedAt);
    objects.set(object, Buffer.from(canonicalJson(record)));
    const detail = `key ${newest.keyId}, which was used before, was published after it, or was not`;
    expect(await findingsOf(objects)).toContain(`untrusted_key: ${object}: ${detail}`);
  });

  it('cannot leave out all that the new one has signed before whoever knows the new one', async () => {
    const [newest, oldest] = world.keys;
    const objects = await rewritten(() => oldest?.keyId ?? '');
    expect(await findingsOf(objects)).toEqual([
      `unknown_object: keys/${newest?.keyId}.json: nothing in the archive speaks of it`,
    ]);
    objects.delete(`keys/${newest?.keyId}.json`);
    expect(await findingsOf(objects)).toEqual([
      expect.stringContaining(`incomplete: keys/${newest?.keyId}.json: the archive has no record of a key`),
    ]);
  });

  it('is not asked by the notary, which says so and goes on once the secret begins with the new one', async () => {
    const other = new ArchiveWorld();
    let deposits = 0;
    const signed = async () => {
      act(other, 'account-1', 3 + 7 * deposits++);
      await other.checkpoint();
      return other.notary.sign();
    };
    const [old] = other.keys;
    await signed();
    other.keys = [...signingKeys(newNotaryKey()), ...other.keys];
    const replaced = (await signed()).checkpoint;
    expect(replaced?.checkpoint.keyId).toBe(other.keys[0]?.keyId);
    other.keys = [...other.keys].reverse();
    expect(await signed()).toEqual({ checkpoint: replaced, unsigned: 'replaced_notary_key' });
    expect(other.lines.join('')).toContain(`another key has taken over from this one`);
    expect(other.lines.join('')).toContain(old?.keyId);
    other.keys = [...other.keys].reverse();
    expect((await signed()).checkpoint?.checkpoint).toMatchObject({ sequence: 3, manifests: 4 });
    const keys = other.keys.map(({ publicKey }) => publicKeyOf(publicKey));
    const { findings } = await verifyArchive(new MemoryArchive(other.bucket.objects), other.now, { keys });
    expect(findings.kept).toEqual([]);
  });
});

it('a key that takes over while the clock is set back, or at the very time of the first, is believed as any other', async () => {
  for (const back of [0, DAY_MS]) {
    const other = new ArchiveWorld();
    act(other, 'account-1', 1);
    await other.checkpoint();
    const [old] = other.keys;
    other.keys = [...signingKeys(newNotaryKey()), ...other.keys];
    const at = other.now + 1_000;
    act(other, 'account-1', 2);
    other.now = at - 1_000 - back;
    await other.checkpoint();
    other.now = at;
    const { findings, checkpoints } = await verifyArchive(
      new MemoryArchive(other.bucket.objects),
      other.now,
      {
        keys: [publicKeyOf(old?.publicKey as string)],
      },
    );
    expect([findings.kept, checkpoints]).toEqual([[], 2]);
  }
});

describe('npm run archive -- sign', () => {
  it.each([
    [0, { unsigned: null, signed: { checkpoint: { sequence: 2, manifests: 3, events: 9 } } }, 'checkpoint 2'],
    [
      1,
      { unsigned: 'replaced_notary_key', signed: { checkpoint: {} } },
      'not signed: another key has taken over',
    ],
    [1, { unsigned: 'broken_archive', signed: null }, 'not signed: the archive is broken'],
    [1, { unsigned: 'reason_of_a_newer_release', signed: null }, 'not signed: reason_of_a_newer_release'],
    [0, { signed: { checkpoint: { sequence: 2, manifests: 3, events: 9 } } }, 'checkpoint 2'],
  ])('ends with %d and says so: %o', async (code, reply, text) => {
    const print = vi.spyOn(console, 'log').mockImplementation(() => undefined);
    const client = { json: async () => ({ segments: 1, events: 4, ...reply }) } as unknown as ArchiveClient;
    expect(await sign(client)).toBe(code);
    expect(print).toHaveBeenCalledWith(expect.stringContaining(`4 events archived in 1 segment; ${text}`));
    print.mockRestore();
  });
});

describe('an event that is signed', () => {
  it('is found where it says that it was recorded before the one that it follows on, in a segment or across two', async () => {
    const early = await backdated((events) => events.length - 1);
    expect(early).toContainEqual(
      expect.stringMatching(/^misplaced_event: .* recorded before the event that it/),
    );
    const first = await backdated(() => 0);
    expect(first).toContainEqual(
      expect.stringMatching(/^misplaced_event: .* recorded before the event that it/),
    );
  });

  /** Findings after one event of an account, and no hash, was set back by a year. */
  async function backdated(pick: (events: readonly unknown[]) => number): Promise<string[]> {
    const change: OperatorChange = {
      file: (_, ranges) => finished(buildSegment('account', ranges)),
      ranges: ([range]) => {
        if (range === undefined) throw new Error('there is no account in the segment');
        const at = pick(range.events);
        const event = range.events[at] as (typeof range.events)[number];
        range.events[at] = { ...event, recordedAt: event.recordedAt - 365 * DAY_MS };
      },
    };
    return findingsOf(await forged(change));
  }
});

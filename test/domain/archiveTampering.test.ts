/**
 * Whoever changes anything in an archive is found out, and what was changed is named: flipped, dropped, swapped, doubled and
 * cut off at random, in bytes and in whole objects, and by forgers who know everything but the key.
 *
 * ARCHIVE_TAMPERING_RUNS=10000 npx vitest run test/domain/archiveTampering.test.ts
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../demo/random.ts';
import { newNotaryKey } from '../../local/notaryKey.ts';
import { signingKeys } from '../../queues/archive/checkpoint.ts';
import { findingText } from '../../verifier/findings.ts';
import { publicKeyOf } from '../../verifier/keys.ts';
import { verifyArchive } from '../../verifier/verify.ts';
import { ArchiveWorld, act, MemoryArchive } from '../support/archive.ts';

const seed = Number(process.env.ARCHIVE_TAMPERING_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.ARCHIVE_TAMPERING_RUNS ?? 400);
/** A run verifies a small archive, some 20 ms on an idle machine. */
const TIMEOUT_MS = 60_000 + runs * 300;

/** Altered rows that take longer are given up: sound ones of this size take some milliseconds. */
const PATIENCE_MS = 1_000;

const world = new ArchiveWorld();
let trusted: ReturnType<typeof publicKeyOf>[];

beforeAll(async () => {
  const random = seededRandom(1);
  trusted = world.keys.map(({ publicKey }) => publicKeyOf(publicKey));
  for (let round = 0; round < 5; round++) {
    for (let number = 0; number < 30; number++)
      act(world, `account-${random.integer(4)}`, round * 100 + number);
    // The key is replaced half-way, and the old one signs for the new one.
    if (round === 3) world.keys = [...signingKeys(newNotaryKey()), ...world.keys];
    await world.checkpoint();
  }
});

/** Objects that a change concerns: one of them has to be named. */
type Touched = readonly string[];

/** Changes something; undefined where nothing is changed by it. */
type Change = (objects: Map<string, Uint8Array>, random: Random) => Touched | undefined;

function inBytes(change: (bytes: Uint8Array, random: Random) => Uint8Array): Change {
  return (objects, random) => {
    const key = random.pick([...objects.keys()].sort());
    const bytes = objects.get(key) as Uint8Array;
    const changed = change(bytes, random);
    if (Buffer.compare(changed, bytes) === 0) return undefined;
    objects.set(key, changed);
    return [key];
  };
}

const CHANGES: Readonly<Record<string, Change>> = {
  'a flipped bit': inBytes((bytes, random) => {
    const changed = bytes.slice();
    const at = random.integer(bytes.length);
    changed[at] = (changed[at] as number) ^ (1 << random.integer(8));
    return changed;
  }),
  'a dropped range of bytes': inBytes((bytes, random) => {
    const at = random.integer(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.integer(40))]);
  }),
  'a doubled range of bytes': inBytes((bytes, random) => {
    const at = random.integer(bytes.length);
    const end = Math.min(bytes.length, at + 1 + random.integer(40));
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
  }),
  'two swapped ranges of bytes': inBytes((bytes, random) => {
    const size = 1 + random.integer(Math.min(32, Math.floor(bytes.length / 2)));
    const first = random.integer(bytes.length - 2 * size + 1);
    const second = first + size + random.integer(bytes.length - 2 * size - first + 1);
    const changed = bytes.slice();
    changed.set(bytes.subarray(second, second + size), first);
    changed.set(bytes.subarray(first, first + size), second);
    return changed;
  }),
  'a truncated object': inBytes((bytes, random) => bytes.slice(0, random.integer(bytes.length))),
  'a dropped object': (objects, random) => {
    const key = random.pick([...objects.keys()].sort());
    objects.delete(key);
    return [key];
  },
  'a doubled object': (objects, random) => {
    const key = random.pick([...objects.keys()].sort());
    const copy = key.replace(/\d(?=\.)|(?<=-)[0-9a-f]|[0-9a-f](?=\.json)/, (digit) =>
      digit === '7' ? '8' : '7',
    );
    if (objects.has(copy)) return undefined;
    objects.set(copy, objects.get(key) as Uint8Array);
    return [copy];
  },
  'two swapped objects': (objects, random) => {
    const keys = [...objects.keys()].sort();
    const first = random.pick(keys);
    const second = random.pick(keys.filter((key) => key.split('/')[0] === first.split('/')[0]));
    if (first === second) return undefined;
    const bytes = objects.get(first) as Uint8Array;
    objects.set(first, objects.get(second) as Uint8Array);
    objects.set(second, bytes);
    return [first, second];
  },
};

describe(`an archive that somebody has been at (seed ${seed})`, () => {
  it('is clean before', async () => {
    const { findings, checkpoints, manifests } = await verifyArchive(
      new MemoryArchive(world.bucket.objects),
      world.now,
      {
        keys: trusted,
      },
    );
    expect(findings.kept).toEqual([]);
    expect({ checkpoints, manifests }).toEqual({ checkpoints: 5, manifests: 5 });
  });

  it(`is found out in each of ${runs} cases`, { timeout: TIMEOUT_MS }, async () => {
    const random = seededRandom(seed);
    const kinds = Object.keys(CHANGES);
    for (let run = 0; run < runs; run++) {
      const kind = kinds[run % kinds.length] as string;
      const archive = new MemoryArchive(world.bucket.objects);
      const touched = (CHANGES[kind] as Change)(archive.objects, random);
      if (touched === undefined) continue;
      const { findings } = await verifyArchive(archive, world.now, {
        keys: trusted,
        patienceMs: PATIENCE_MS,
      });
      const lines = findings.kept.map(findingText);
      const isNamed = lines.some((line) => touched.some((key) => line.includes(key)));
      if (!isNamed)
        expect.fail(`run ${run}: ${kind} in ${touched.join(', ')}: ${lines.join('\n') || 'nothing found'}`);
    }
  });
});

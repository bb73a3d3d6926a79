/**
 * Whoever changes anything in an archive is found out, and what was changed is named: flipped, dropped, swapped, doubled and
 * cut off at random, in bytes, in events, in documents, in signatures and in whole objects, and by forgers who know everything but the
 * key.
 *
 * ARCHIVE_TAMPERING_RUNS=10000 npx vitest run test/domain/archiveTampering.test.ts
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../demo/random.ts';
import { newNotaryKey } from '../../local/notaryKey.ts';
import { signingKeys } from '../../queues/archive/checkpoint.ts';
import { findingText } from '../../verifier/findings.ts';
import { publicKeyOf } from '../../verifier/keys.ts';
import { verifyArchive } from '../../verifier/verify.ts';
import { ArchiveWorld, act, MemoryArchive } from '../support/archive.ts';
import { forgeries } from '../support/forgery.ts';
import {
  CHANGES_OF_BYTES,
  CHANGES_OF_DOCUMENTS,
  CHANGES_OF_OBJECTS,
  CHANGES_OF_SIGNATURES,
  type Change,
} from '../support/tampering.ts';

const seed = Number(process.env.ARCHIVE_TAMPERING_SEED ?? Date.now() % 2 ** 31);
const runs = Number(process.env.ARCHIVE_TAMPERING_RUNS ?? 300);
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

const CHANGES: Readonly<Record<string, Change>> = {
  ...CHANGES_OF_BYTES,
  ...CHANGES_OF_OBJECTS,
  ...CHANGES_OF_DOCUMENTS,
  ...CHANGES_OF_SIGNATURES,
  ...forgeries(world),
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
    // What changes nothing, as two equal elements that are swapped, does not count.
    for (let run = 0, tries = 0; run < runs; tries++) {
      const kind = kinds[tries % kinds.length] as string;
      const archive = new MemoryArchive(world.bucket.objects);
      const touched = (CHANGES[kind] as Change)(archive.objects, random);
      if (touched === undefined) continue;
      run++;
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

/** Proofs as the platform answers them, checked by the verifier, which shares no code with whoever made them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { newNotaryKey } from '../../local/notaryKey.ts';
import { signingKeys } from '../../queues/archive/checkpoint.ts';
import { eventProof } from '../../queues/archive/proof.ts';
import { eventIdText } from '../../schemas/eventId.ts';
import { type PublicKey, publicKeyOf } from '../../verifier/keys.ts';
import { checkProof } from '../../verifier/proof.ts';
import { ArchiveWorld, act } from '../support/archive.ts';

/** Trees of one leaf up to this many: with every shape of a right edge up to four levels. */
const CHECKPOINTS = 17;

type Json = Record<string, unknown>;

const world = new ArchiveWorld();
let key: ReturnType<typeof publicKeyOf>;

beforeAll(async () => {
  key = publicKeyOf(world.keys[0]?.publicKey as string);
  for (let round = 0; round < CHECKPOINTS; round++) {
    for (let number = 0; number <= round % 4; number++)
      act(world, `account-${number % 3}`, 7 * (round * 10 + number));
    await world.checkpoint();
  }
});

/** What `GET /v1/audit/account/{id}/events/{version}/proof` answers, as JSON. */
async function proofOf(aggregateId: string, version: number): Promise<Json> {
  const of = { aggregateType: 'account', aggregateId };
  const sequence = (await world.archivist.manifestOf(of, version)) as number;
  const { checkpoint: signed, ...log } = world.notary.inclusion(sequence) ?? {};
  const proof = await eventProof(world.bucket, sequence, of, version, 0);
  if ('expired' in proof) throw new Error(`${proof.expired} is gone`);
  const { eventHash, manifest, ...segment } = proof;
  return JSON.parse(JSON.stringify({ ...of, version, eventHash, segment, manifest, log, signed }));
}

/** The event as a log answers it. */
function eventOf(aggregateId: string, version: number): Json {
  const { aggregate, source } = world.account(aggregateId);
  const [before, event] =
    version === 1 ? [undefined, ...aggregate.log.read(1, 1)] : aggregate.log.read(version - 1, 2);
  const { data, metadata, recordedAt, eventType, schemaVersion, hash } = event as NonNullable<typeof event>;
  return {
    eventId: eventIdText(hash),
    ...source,
    version,
    eventType,
    schemaVersion,
    recordedAt: new Date(recordedAt).toISOString(),
    data: JSON.parse(data),
    metadata: JSON.parse(metadata),
    previousHash: before?.hash ?? '0'.repeat(64),
    hash,
  };
}

/** Every text and number of a proof, each replaced by another one. */
function* altered(value: Json, at: readonly string[] = []): Generator<{ where: string; proof: Json }> {
  for (const [name, part] of Object.entries(value)) {
    const where = [...at, name];
    if (typeof part === 'object' && part !== null) {
      for (const { where: inner, proof } of altered(part as Json, where))
        yield {
          where: inner,
          proof: (Array.isArray(value)
            ? Object.assign([...value], { [name]: proof })
            : { ...value, [name]: proof }) as Json,
        };
      continue;
    }
    const other =
      typeof part === 'number' ? part + 1 : `${part}`.replace(/^./, (first) => (first === '1' ? '2' : '1'));
    yield {
      where: where.join('.'),
      proof: (Array.isArray(value)
        ? Object.assign([...value], { [name]: other })
        : { ...value, [name]: other }) as Json,
    };
  }
}

/** Whether a proof convinces the verifier; one that it cannot make sense of does not. */
function convinces(proof: unknown, event?: unknown): boolean {
  try {
    return checkProof(proof, [key], event).fault === undefined;
  } catch {
    return false;
  }
}

describe('a proof of an event', () => {
  it('holds for every event, and for the event itself says whose it is', async () => {
    let events = 0;
    for (const [id, { aggregate }] of world.accounts) {
      for (let version = 1; version <= aggregate.log.head().version; version++, events++) {
        const proof = await proofOf(id, version);
        expect(checkProof(proof, [key])).toEqual({ subject: expect.stringMatching(/^an event with hash/) });
        const named = { subject: expect.stringContaining(`account/${id} version ${version} with hash`) };
        expect(checkProof(proof, [key], eventOf(id, version))).toEqual(named);
        expect(checkProof(proof, [key], { events: [eventOf(id, version)], next: null })).toEqual(named);
      }
    }
    expect(events).toBeGreaterThan(CHECKPOINTS);
  });

  it('holds no more once anything in it is another', async () => {
    const proof = await proofOf('account-0', 5);
    const event = eventOf('account-0', 5);
    expect(convinces(proof, event)).toBe(true);
    const believed = [...altered(proof)].filter((change) => convinces(change.proof, event));
    expect(believed.map(({ where }) => where)).toEqual([]);
  });

  it('is of no other event, account or version, whatever it says itself', async () => {
    const proof = await proofOf('account-0', 5);
    expect(convinces(proof, eventOf('account-0', 4))).toBe(false);
    expect(convinces(proof, { ...eventOf('account-0', 5), recordedAt: '2026-01-01T00:00:00.000Z' })).toBe(
      false,
    );
    const renamed = { ...proof, aggregateId: 'account-1' };
    expect(checkProof(renamed, [key], eventOf('account-0', 5)).fault).toContain('another aggregateId');
    // Without the event nothing is claimed of whose it is.
    expect(checkProof(renamed, [key]).subject).not.toContain('account-1');
  });

  it('is not believed by who trusts another key', async () => {
    const other = publicKeyOf(Buffer.alloc(32, 7).toString('base64'));
    const proof = await proofOf('account-0', 1);
    expect(checkProof(proof, [other]).fault).toContain(`is of key ${key.keyId}, which was not given`);
  });
});

describe('a proof between two checkpoints', () => {
  const between = (from: number, to: number): Json =>
    JSON.parse(JSON.stringify(world.notary.consistency(from, to)));

  it('holds for every two of them, in their order', () => {
    for (let to = 1; to <= CHECKPOINTS; to++) {
      for (let from = 1; from <= to; from++) {
        expect(checkProof(between(from, to), [key])).toEqual({
          subject: `the archive of checkpoint ${from} is the beginning of that of checkpoint ${to}`,
        });
      }
    }
  });

  it('holds no more once anything in it is another', () => {
    for (const [from, to] of [
      [3, 7],
      [6, 11],
      [8, 16],
      [13, 17],
    ] as const) {
      const believed = [...altered(between(from, to))].filter((change) => convinces(change.proof));
      expect(believed.map(({ where }) => where)).toEqual([]);
      const { path, ...ends } = between(from, to) as { path: string[] };
      expect(convinces({ ...ends, path: path.slice(1) })).toBe(false);
      expect(convinces({ ...ends, path: [...path, path[0]] })).toBe(false);
      expect(convinces({ path, from: (ends as Json).to, to: (ends as Json).from })).toBe(false);
    }
  });
});

it('between checkpoints of before and after a rotation of keys needs both keys, and each has to have signed its own', async () => {
  const rotated = new ArchiveWorld();
  act(rotated, 'account-0', 1);
  await rotated.checkpoint();
  rotated.keys = [...signingKeys(newNotaryKey()), ...rotated.keys];
  act(rotated, 'account-0', 2);
  await rotated.checkpoint();
  const [later, earlier] = rotated.keys.map(({ publicKey }) => publicKeyOf(publicKey)) as [
    PublicKey,
    PublicKey,
  ];
  const proof = JSON.parse(JSON.stringify(rotated.notary.consistency(1, 2)));
  for (const keys of [
    [later, earlier],
    [earlier, later],
  ])
    expect(checkProof(proof, keys).fault).toBeUndefined();
  expect(checkProof(proof, [later]).fault).toContain('checkpoint 1 is of key');
  expect(checkProof(proof, [earlier]).fault).toContain('checkpoint 2 is of key');
  const swapped = {
    ...proof,
    from: { ...proof.from, signature: proof.to.signature },
  };
  expect(checkProof(swapped, [later, earlier]).fault).toContain('checkpoint 1 is not signed by key');
});

it('says which segment is gone at the end of its term and since when, and takes one that is missing before for a fault', async () => {
  const of = { aggregateType: 'account', aggregateId: 'account-0' };
  const sequence = (await world.archivist.manifestOf(of, 1)) as number;
  const emptied = {
    read: async (key: string) => (key.startsWith('segments/') ? undefined : world.bucket.read(key)),
  };
  const far = Date.UTC(9999, 0);
  const gone = await eventProof(emptied, sequence, of, 1, far);
  if (!('expired' in gone)) throw new Error('the segment is there');
  expect(gone.expired).toMatch(/^segments\//);
  expect(await eventProof(emptied, sequence, of, 1, gone.since)).toEqual(gone);
  await expect(eventProof(emptied, sequence, of, 1, gone.since - 1)).rejects.toThrow(gone.expired);
});

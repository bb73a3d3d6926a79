/** Proofs as the platform answers them, checked by the verifier, which shares no code with whoever made them. */
import { beforeAll, describe, expect, it } from 'vitest';
import { newNotaryKey } from '../../local/notaryKey.ts';
import {
  type CheckpointBody,
  type KeyRecord,
  type SigningKey,
  signCheckpoint,
  signingKeys,
} from '../../queues/archive/checkpoint.ts';
import { BrokenArchive } from '../../queues/archive/manifestChain.ts';
import type { LogProof } from '../../queues/archive/notary.ts';
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

const proofOf = (aggregateId: string, version: number) => proofIn(world, aggregateId, version);

/** What `GET /v1/audit/account/{id}/events/{version}/proof` answers, as JSON. */
async function proofIn(archive: ArchiveWorld, aggregateId: string, version: number): Promise<Json> {
  const of = { aggregateType: 'account', aggregateId };
  const sequence = (await archive.archivist.manifestOf(of, version)) as number;
  const { checkpoint: signed, keys, leaf, ...log } = inclusionOf(sequence, archive);
  const proof = await eventProof(archive.bucket, { sequence, leaf }, of, version, 0);
  if ('expired' in proof) throw new Error(`${proof.expired} is gone`);
  const { eventHash, manifest, ...segment } = proof;
  return JSON.parse(JSON.stringify({ ...of, version, eventHash, segment, manifest, log, signed, keys }));
}

function inclusionOf(sequence: number, { notary } = world): LogProof {
  const log = notary.inclusion(sequence);
  if (log === null) throw new Error(`manifest ${sequence} is not signed`);
  return log;
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

  it('is not what the platform answers where it has none, which says why itself', () => {
    const refusal = { status: 409, code: 'not_archived_yet', detail: 'No checkpoint covers the event yet.' };
    const message = 'a refusal to give one, not_archived_yet: No checkpoint covers the event yet.';
    expect(() => checkProof(refusal, [key], eventOf('account-0', 5))).toThrow(message);
    expect(() => checkProof(refusal, [key])).toThrow(message);
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

describe('after a rotation of keys', () => {
  const rotated = new ArchiveWorld();
  let [earlier, later]: PublicKey[] = [];
  let proof: Json & { from: Json; to: Json; keys: KeyRecord[] };
  let ofEvent: Json & { keys: KeyRecord[] };

  beforeAll(async () => {
    act(rotated, 'account-0', 1);
    await rotated.checkpoint();
    rotated.keys = [...signingKeys(newNotaryKey()), ...rotated.keys];
    act(rotated, 'account-0', 2);
    await rotated.checkpoint();
    [later, earlier] = rotated.keys.map(({ publicKey }) => publicKeyOf(publicKey));
    proof = JSON.parse(JSON.stringify(rotated.notary.consistency(1, 2)));
    ofEvent = JSON.parse(JSON.stringify(await proofIn(rotated, 'account-0', 1)));
  });

  const faultOf = (given: unknown, ...keys: (PublicKey | undefined)[]) =>
    checkProof(given, keys as [PublicKey, ...PublicKey[]]).fault;

  it('whoever trusts the first key believes what the second one signs, and not the other way round', () => {
    expect(faultOf(ofEvent, earlier)).toBeUndefined();
    expect(faultOf(ofEvent, later)).toBeUndefined();
    expect(faultOf(proof, earlier)).toBeUndefined();
    expect(faultOf(proof, later)).toContain('checkpoint 1 is of key');
    expect(faultOf(proof, later, earlier)).toBeUndefined();
    expect(faultOf(proof, earlier, later)).toBeUndefined();
  });

  it('each key has to have signed its own checkpoint', () => {
    const swapped = { ...proof, from: { ...proof.from, signature: proof.to.signature } };
    expect(faultOf(swapped, earlier)).toContain('checkpoint 1 is not signed by key');
  });

  it('a proof without records, as older releases made them, needs the key that has signed', () => {
    const { keys: _, ...bare } = ofEvent;
    expect(faultOf(bare, later)).toBeUndefined();
    expect(faultOf(bare, earlier)).toContain('no key that was given leads to it');
  });

  it('a key that the first one has not signed for is nobody', () => {
    const [first, second] = ofEvent.keys as [KeyRecord, KeyRecord];
    const unsigned = { ...second, signatures: second.signatures.slice(0, 1) };
    expect(faultOf({ ...ofEvent, keys: [first, unsigned] }, earlier)).toContain('leads to it');
    const misattributed = { ...second, key: { ...second.key, previousKey: null } };
    expect(faultOf({ ...ofEvent, keys: [first, misattributed] }, earlier)).toContain('leads to it');
  });

  it('a key before the one that is trusted need not have been signed for', async () => {
    const lost = new ArchiveWorld();
    const [first] = lost.keys.map(({ publicKey }) => publicKeyOf(publicKey));
    for (const isSignedFor of [false, true]) {
      act(lost, 'account-0', isSignedFor ? 2 : 1);
      await lost.checkpoint();
      lost.keys = [...signingKeys(newNotaryKey()), ...(isSignedFor ? lost.keys : [])];
    }
    act(lost, 'account-0', 3);
    await lost.checkpoint();
    const proofs = [await proofIn(lost, 'account-0', 1), lost.notary.consistency(3, 3)];
    const [newest, second] = lost.keys.map(({ publicKey }) => publicKeyOf(publicKey));
    for (const one of JSON.parse(JSON.stringify(proofs))) {
      expect(one.keys).toHaveLength(3);
      expect(faultOf(one, newest)).toBeUndefined();
      expect(faultOf(one, second)).toBeUndefined();
      const unsigned = one.keys.with(2, { ...one.keys[2], signatures: one.keys[2].signatures.slice(0, 1) });
      expect(faultOf({ ...one, keys: unsigned }, newest, first)).toBeUndefined();
      // Whoever has found the first one could leave out that it was replaced.
      expect(faultOf({ ...one, keys: unsigned.toSpliced(1, 1) }, newest, first)).toContain('or was not');
    }
  });

  it('a key that is published and has signed nothing yet takes nothing from the one before', async () => {
    const begun = new ArchiveWorld();
    act(begun, 'account-0', 1);
    await begun.checkpoint();
    const [first] = begun.keys.map(({ publicKey }) => publicKeyOf(publicKey));
    begun.keys = [...signingKeys(newNotaryKey()), ...begun.keys];
    act(begun, 'account-0', 2);
    begun.onStep = (step) => {
      if (step.startsWith('before put checkpoints/')) throw new Error('the bucket is away');
    };
    await expect(begun.checkpoint()).rejects.toThrow('the bucket is away');
    expect(begun.notary.keys()).toHaveLength(2);
    const believed = async () => [
      faultOf(JSON.parse(JSON.stringify(await proofIn(begun, 'account-0', 1))), first),
      faultOf(JSON.parse(JSON.stringify(begun.notary.consistency(1, 1))), first),
    ];
    expect(await believed()).toEqual([undefined, undefined]);
    begun.onStep = () => undefined;
    await begun.notary.sign();
    expect(begun.notary.latest()?.checkpoint.sequence).toBe(2);
    expect(await believed()).toEqual([undefined, undefined]);
  });

  it('whoever has found the first key deceives nobody who knows of the second one', () => {
    const [key] = rotated.keys.slice(1) as [SigningKey];
    const forge = (body: Json) => signed({ ...body, keyId: key.keyId }, key);
    const forged = { ...proof, to: forge(proof.to.checkpoint as Json) };
    expect(faultOf({ ...forged, keys: proof.keys.slice(0, 1) }, earlier, later)).toContain(
      'no record of a key that you trust',
    );
    const replaced = { ...ofEvent, signed: forge((ofEvent.signed as Json).checkpoint as Json) };
    expect(faultOf(replaced, earlier, later)).toContain('has taken over');
    expect(faultOf(replaced, earlier)).toContain('has taken over');
    const back = {
      ...proof,
      from: proof.to,
      to: forge({ ...(proof.to.checkpoint as Json), sequence: 3 }),
      path: [],
    };
    expect(faultOf(back, earlier, later)).toContain('had taken over');
  });
});

function signed(checkpoint: Json, key: SigningKey): Json {
  return JSON.parse(JSON.stringify(signCheckpoint(checkpoint as unknown as CheckpointBody, key)));
}

describe('a proof that the bucket does not allow', () => {
  const of = { aggregateType: 'account', aggregateId: 'account-0' };

  /** The proof of its first event from a bucket in which an object is another, or gone. */
  async function proofWith(prefix: string, change: (bytes: Uint8Array) => Uint8Array | undefined, now = 0) {
    const sequence = (await world.archivist.manifestOf(of, 1)) as number;
    const read = async (key: string) => {
      const bytes = await world.bucket.read(key);
      return key.startsWith(prefix) && bytes !== undefined ? change(bytes) : bytes;
    };
    return eventProof({ read }, { sequence, leaf: inclusionOf(sequence).leaf }, of, 1, now);
  }

  it('says which segment is gone at the end of its term and since when, and takes one that is missing before for damage', async () => {
    const gone = await proofWith('segments/', () => undefined, Date.UTC(9999, 0));
    if (!('expired' in gone)) throw new Error('the segment is there');
    expect(gone.expired).toMatch(/^segments\//);
    expect(await proofWith('segments/', () => undefined, gone.since)).toEqual(gone);
    const early = proofWith('segments/', () => undefined, gone.since - 1);
    await expect(early).rejects.toThrow(BrokenArchive);
    await expect(early).rejects.toThrow(`${gone.expired}, which has the event, is missing within its term`);
  });

  it.each([
    [
      'a segment with another byte',
      'segments/',
      (bytes: Uint8Array) => bytes.with(100, 1 + (bytes[100] ?? 0)),
    ],
    ['a segment that ends too early', 'segments/', (bytes: Uint8Array) => bytes.subarray(0, 50)],
    ['no manifest', 'manifests/', () => undefined],
    ['a manifest that is no JSON', 'manifests/', (bytes: Uint8Array) => bytes.subarray(1)],
    ['a manifest that is null', 'manifests/', () => Buffer.from('null')],
    [
      'a manifest without heads',
      'manifests/',
      (bytes: Uint8Array) => edited(bytes, ({ heads: _, ...rest }) => rest),
    ],
    [
      'a manifest with other heads',
      'manifests/',
      (bytes: Uint8Array) => edited(bytes, (file) => ({ ...file, heads: [] })),
    ],
    [
      'another header',
      'manifests/',
      (bytes: Uint8Array) =>
        edited(bytes, (file) => ({ ...file, header: { ...(file.header as Json), events: 1 } })),
    ],
  ])('takes %s for damage', async (_, prefix, change) => {
    await expect(proofWith(prefix, change)).rejects.toThrow(BrokenArchive);
  });
});

function edited(bytes: Uint8Array, change: (file: Json) => Json): Uint8Array {
  return Buffer.from(JSON.stringify(change(JSON.parse(Buffer.from(bytes).toString()))));
}

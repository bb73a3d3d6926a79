/**
 * The archivist and the notary over a bucket and logs that fail in every way: nothing is ever archived twice or missing, and
 * what was put once is never put otherwise.
 *
 * ARCHIVIST_SEED=1 npx vitest run --project node test/domain/archivist.test.ts
 */
import { describe, expect, it } from 'vitest';
import { eventHash } from '../../actors/kernel/hashChain.ts';
import { seededRandom } from '../../demo/random.ts';
import { newNotaryKey } from '../../local/notaryKey.ts';
import { WAITING_BYTES_MAX } from '../../queues/archive/archivist.ts';
import { signingKeys } from '../../queues/archive/checkpoint.ts';
import {
  announcementText,
  RUN_GATHERINGS_MAX,
  RUN_READS_MAX,
  SEGMENT_AGE_MS,
  SEGMENT_BYTES_MAX,
  SEGMENT_EVENTS_MAX,
} from '../../queues/archive/gathering.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { type EventsMessage, type PublishedEvent, parseEventsMessage } from '../../schemas/message.ts';
import { publicKeyOf } from '../../verifier/keys.ts';
import { verifyArchive } from '../../verifier/verify.ts';
import { type AskArchivist, sealAll } from '../../workers/archive.ts';
import { ArchiveWorld, act, MemoryArchive } from '../support/archive.ts';

const seed = Number(process.env.ARCHIVIST_SEED ?? Date.now() % 2 ** 31);

/** What the verifier says of the bucket, and how many events it has. */
async function verified(world: ArchiveWorld) {
  const keys = world.keys.map(({ publicKey }) => publicKeyOf(publicKey));
  const archive = new MemoryArchive(world.bucket.objects);
  const { findings, events, checkpoints } = await verifyArchive(archive, world.now, { keys });
  return { findings: findings.kept, events, checkpoints };
}

/** Every event of every account is in the manifests, once. */
function expectComplete(world: ArchiveWorld): void {
  const versions = world.archivedVersions();
  for (const [id, { aggregate }] of world.accounts) {
    const head = aggregate.log.head().version;
    expect(versions.get(id)).toEqual(Array.from({ length: head }, (_, index) => index + 1));
  }
}

function acting(world: ArchiveWorld, count: number, from = 0): void {
  for (let number = from; number < from + count; number++) act(world, `account-${number % 3}`, number);
}

function deliverAll(world: ArchiveWorld): void {
  for (const account of world.accounts.values()) world.deliver(account.announce());
}

/** A message of one event, as long as asked for: JSON may have white space behind it. */
function padded(world: ArchiveWorld, bytes: number): string {
  const [text] = world.account('account-0').announce();
  return (text as string).padEnd(bytes);
}

describe('when a segment is made', () => {
  it('waits for more until the first event has waited long enough', async () => {
    const world = new ArchiveWorld();
    acting(world, 3);
    const arrivedAt = world.now;
    deliverAll(world);
    expect(world.alarmAt).toBe(arrivedAt + SEGMENT_AGE_MS);
    world.now = arrivedAt + SEGMENT_AGE_MS - 1;
    await world.archivist.alarm();
    expect(world.bucket.objects.size).toBe(0);
    expect(world.alarmAt).toBe(arrivedAt + SEGMENT_AGE_MS);
    world.now = arrivedAt + SEGMENT_AGE_MS;
    await world.archivist.alarm();
    expectComplete(world);
  });

  it('does not wait once there are enough events, or enough bytes', () => {
    const world = new ArchiveWorld();
    acting(world, 1);
    const [text] = world.account('account-0').announce();
    world.archivist.accept([{ text: text as string, events: SEGMENT_EVENTS_MAX }]);
    expect(world.alarmAt).toBe(world.now);
    const other = new ArchiveWorld();
    const parts = 10;
    for (let part = 0; part < parts; part++) {
      expect(other.alarmAt ?? Number.POSITIVE_INFINITY).toBeGreaterThan(other.now);
      acting(other, 1, part * 3);
      other.deliver([padded(other, SEGMENT_BYTES_MAX / parts)]);
    }
    expect(other.alarmAt).toBe(other.now);
  });

  it('takes no more than its storage should hold, and what it refuses is delivered again', async () => {
    const world = new ArchiveWorld();
    acting(world, 1);
    const text = padded(world, 1_800_000);
    let accepted = 0;
    while (world.deliver([text])) accepted++;
    expect(accepted * 1_800_000).toBeGreaterThan(WAITING_BYTES_MAX);
    await world.archivist.seal();
    expect(world.deliver([text])).toBe(true);
    await world.archivist.seal();
    expectComplete(world);
  });
});

describe('what is archived', () => {
  it(`is every event once, whatever is lost, doubled, late and out of order (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    const world = new ArchiveWorld();
    const late: string[] = [];
    for (let round = 0; round < 30; round++) {
      acting(world, 5, round * 5);
      for (const account of world.accounts.values()) {
        for (const text of account.announce()) {
          const fate = random.integer(5);
          if (fate === 0) continue;
          if (fate === 1) late.unshift(text);
          else world.deliver(fate === 2 ? [text, text] : [text]);
        }
      }
      if (random.integer(3) === 0) world.deliver(late.splice(random.integer(late.length + 1)));
      if (random.integer(4) === 0) await world.archivist.seal();
      if (random.integer(8) === 0) world.evict();
    }
    world.deliver(late);
    sweep(world);
    world.now += 2 * SEGMENT_AGE_MS;
    sweep(world);
    await world.checkpoint();
    expectComplete(world);
    expect((await verified(world)).findings).toEqual([]);
  });

  it('is read from the log where a message has no events, and where it has others than the log', async () => {
    const world = new ArchiveWorld();
    acting(world, 9);
    const [bare] = world.account('account-0').announce();
    const [forged] = world.account('account-1').announce();
    world.deliver([JSON.stringify({ ...JSON.parse(bare as string), events: [] })]);
    world.deliver([(forged as string).replace('"cash":"1000000"', '"cash":"9000000"')]);
    world.deliver(world.account('account-2').announce());
    await world.archivist.seal();
    expectComplete(world);
  });

  it('is never what does not hash: a broken log is left out, is said, and holds up no other', async () => {
    const world = new ArchiveWorld();
    acting(world, 9);
    const account = world.account('account-1');
    const { messages } = account;
    account.messages = (from, limit) =>
      messages.call(account, from, limit).map((text) => text.replace('"cash":"1000000"', '"cash":"9"'));
    deliverAll(world);
    await world.archivist.seal();
    expect([...world.archivedVersions().keys()].sort()).toEqual(['account-0', 'account-2']);
    expect(world.lines.join('\n')).toContain('not archived: the chain does not hold');
    const [{ version } = { version: -1 }] = await world.archivist.positions([account.source]);
    expect(version).toBe(0);
  });

  it('comes later where an owner does not answer', async () => {
    const world = new ArchiveWorld();
    acting(world, 9);
    world.onReadLog = (id) => {
      if (id === 'account-1') throw new Error('no answer');
    };
    for (const account of world.accounts.values()) {
      const { aggregateId } = account.aggregate;
      const { version } = account.aggregate.log.head();
      const key = { aggregateType: 'account', aggregateId, fromVersion: 1, toVersion: version };
      world.deliver([JSON.stringify({ ...key, previousHash: '', events: [] })]);
    }
    await world.archivist.seal();
    expect([...world.archivedVersions().keys()].sort()).toEqual(['account-0', 'account-2']);
    world.onReadLog = () => undefined;
    await world.archivist.seal();
    expectComplete(world);
  });
});

describe('what is too much for one segment', () => {
  it('goes into the next: by count, and by bytes', async () => {
    const world = new ArchiveWorld();
    act(world, 'account-0', 0);
    deposits(world, SEGMENT_EVENTS_MAX, 'x');
    await world.checkpoint();
    expect(segmentEvents(world)).toEqual([SEGMENT_EVENTS_MAX, 2]);
    deposits(world, 2_100, LONG);
    await world.checkpoint();
    expect(segmentEvents(world)).toEqual([SEGMENT_EVENTS_MAX, 2, 1_000, 1_000, 100]);
    expectComplete(world);
    expect((await verified(world)).findings).toEqual([]);
  });

  it('is archived by the same call, also where others wait before what is left of it', async () => {
    const world = new ArchiveWorld();
    for (const id of ['account-0', 'account-1']) act(world, id, 0);
    deposits(world, 1_100, LONG);
    for (const { source, aggregate } of world.accounts.values()) {
      const { version: toVersion } = aggregate.log.head();
      const { text } = announcementText({ ...source, fromVersion: 1, toVersion });
      // As many as make a segment: each is taken alone.
      world.archivist.accept([{ text, events: SEGMENT_EVENTS_MAX }]);
    }
    await world.archivist.seal();
    expectComplete(world);
  });
});

describe('more than one run may make segments of', () => {
  it('is left to the next, which comes at once', async () => {
    const world = new ArchiveWorld();
    const ids = Array.from({ length: RUN_GATHERINGS_MAX + 2 }, (_, place) => `waiting-${place}`);
    for (const id of ids) {
      act(world, id, 0);
      const [text] = world.account(id).announce();
      // As many as make a segment: each is taken alone.
      world.archivist.accept([{ text: text as string, events: SEGMENT_EVENTS_MAX }]);
    }
    const { segments, isComplete } = await world.archivist.seal();
    expect({ segments, isComplete }).toEqual({ segments: RUN_GATHERINGS_MAX, isComplete: false });
    await world.archivist.alarm();
    expectComplete(world);
    expect(await world.archivist.seal()).toEqual({ segments: 0, events: 0, isComplete: true });
  });
});

describe('logs of more aggregates than one run may read', () => {
  /** As many logs of one event each, told to the archivist in their order; `onRead` may throw. */
  function manyLogs(count: number, onRead: (place: number) => void) {
    const world = new ArchiveWorld();
    act(world, 'account-0', 0);
    const [opened] = world.account('account-0').messages(1, 1).map(parseEventsMessage) as [EventsMessage];
    const [event] = opened.events as [PublishedEvent];
    const [data, metadata] = [canonicalJson(event.data), canonicalJson(event.metadata)];
    const ids = Array.from({ length: count }, (_, index) => `many-${index}`);
    world.readLog = async ({ aggregateId }) => {
      onRead(ids.indexOf(aggregateId));
      const hash = eventHash(opened.previousHash, { ...opened, ...event, aggregateId, data, metadata });
      return [{ ...opened, aggregateId, events: [{ ...event, hash }] }];
    };
    world.deliver(ids.map((aggregateId) => JSON.stringify({ ...opened, aggregateId, events: [] })));
    return { world, ids };
  }

  it('are left to the next, which comes at once, and nothing is archived twice or left out', async () => {
    let reads = 0;
    const { world, ids } = manyLogs(RUN_READS_MAX + 10, () => void reads++);
    expect(await world.archivist.seal()).toEqual({ segments: 1, events: RUN_READS_MAX, isComplete: false });
    expect(reads).toBe(RUN_READS_MAX);
    await world.archivist.alarm();
    expect(reads).toBe(RUN_READS_MAX + 10);
    expect(await world.archivist.seal()).toEqual({ segments: 0, events: 0, isComplete: true });
    expect([...world.archivedVersions()].sort()).toEqual(ids.map((id) => [id, [1]]).sort());
  });

  it('are not kept waiting by logs that do not answer, and nobody asks for ever', async () => {
    const { world, ids } = manyLogs(RUN_READS_MAX + 10, (place) => {
      if (place < RUN_READS_MAX) throw new Error('does not answer');
    });
    const ask = (async (call: (stub: unknown) => unknown) => call(world.archivist)) as AskArchivist;
    expect(await sealAll(ask)).toEqual({ segments: 0, events: 0 });
    expect(await sealAll(ask)).toEqual({ segments: 1, events: 10 });
    expect([...world.archivedVersions().keys()].sort()).toEqual(ids.slice(RUN_READS_MAX).sort());
  });
});

describe('what comes while a checkpoint is signed', () => {
  it('is under the one that whoever brought it asks for', async () => {
    const world = new ArchiveWorld();
    for (const id of ['account-0', 'account-1']) act(world, id, 0);
    world.deliver(world.account('account-0').announce());
    await world.archivist.seal();
    const { create } = world.bucket;
    const [reached, bucket] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    world.bucket.create = async (key, bytes) => {
      if (!key.startsWith('checkpoints/')) return create.call(world.bucket, key, bytes);
      reached.resolve();
      await bucket.promise;
      return create.call(world.bucket, key, bytes);
    };
    const first = world.notary.sign();
    await reached.promise;
    world.deliver(world.account('account-1').announce());
    await world.archivist.seal();
    const later = [world.notary.sign(), world.notary.sign()];
    bucket.resolve();
    const signed = await Promise.all([first, ...later]);
    expect(signed.map(({ checkpoint }) => checkpoint?.checkpoint.manifests)).toEqual([1, 2, 2]);
    expect(world.notary.checkpoints(0, 10)).toHaveLength(2);
  });
});

describe('what comes while a segment is made', () => {
  it('is archived when whoever brought it asks for that, though a run was going on', async () => {
    const world = new ArchiveWorld();
    for (const id of ['account-0', 'account-1']) act(world, id, 0);
    world.deliver(world.account('account-0').announce());
    let later: Promise<unknown> | undefined;
    world.onReadLog = () => {
      if (later !== undefined) return;
      world.deliver(world.account('account-1').announce());
      later = world.archivist.seal();
    };
    await world.archivist.seal();
    expect([...world.archivedVersions().keys()]).toEqual(['account-0']);
    await later;
    expectComplete(world);
  });

  it('is archived by one run more, however many ask for it', async () => {
    const world = new ArchiveWorld();
    for (const id of ['account-0', 'account-1', 'account-2']) act(world, id, 0);
    const later: Promise<unknown>[] = [];
    world.onReadLog = (id) => {
      // Under load something comes with every run.
      if (id === 'account-1') world.deliver(world.account('account-2').announce());
      if (id !== 'account-0' || later.length > 0) return;
      world.deliver(world.account('account-1').announce());
      later.push(world.archivist.seal(), world.archivist.seal());
    };
    world.deliver(world.account('account-0').announce());
    await world.archivist.seal();
    const [one, another] = await Promise.all(later);
    expect(another).toBe(one);
    expect([...world.archivedVersions().keys()]).toEqual(['account-0', 'account-1']);
  });

  it('is archived then also where that run fails', async () => {
    const world = new ArchiveWorld();
    for (const id of ['account-0', 'account-1']) act(world, id, 0);
    world.deliver(world.account('account-0').announce());
    let later: Promise<unknown> | undefined;
    world.onStep = (step) => {
      if (later !== undefined || !step.startsWith('before put')) return;
      world.deliver(world.account('account-1').announce());
      later = world.archivist.seal();
      throw new Error('the bucket is away');
    };
    await expect(world.archivist.seal()).rejects.toThrow('the bucket is away');
    await later;
    expectComplete(world);
  });
});

/** A thousand deposits with it, which are read at a time, are more than a segment's bytes. */
const LONG = 'y'.repeat(Math.ceil(SEGMENT_BYTES_MAX / 1_000));

function deposits(world: ArchiveWorld, count: number, reference: string): void {
  const { aggregate } = world.account('account-0');
  const context = { userId: 'tester', correlationId: 'many', causationId: null };
  const entries = Array.from({ length: count }, (_, index) => {
    const commandId = `${reference.length}-${aggregate.log.head().version}-${index}`;
    return { command: { commandId, type: 'DepositFunds', data: { amount: '1', reference } }, context };
  });
  aggregate.execute(entries, world.now);
}

/** Events of each segment, in the order of the manifests. */
function segmentEvents(world: ArchiveWorld): number[] {
  return [...world.bucket.objects]
    .filter(([key]) => key.startsWith('manifests/'))
    .map(([, bytes]) => JSON.parse(Buffer.from(bytes).toString()).header.events);
}

/** The sweeper tells how far every log goes. */
function sweep(world: ArchiveWorld): void {
  world.archivist.follow(
    [...world.accounts.values()].map(({ aggregate, source }) => {
      const { version } = aggregate.log.head();
      return { ...source, fromVersion: version, toVersion: version };
    }),
  );
}

describe('the bucket', () => {
  it('is never written over: an object of somebody else stops the archive until it is gone', async () => {
    const world = new ArchiveWorld();
    acting(world, 6);
    world.bucket.objects.set('manifests/000000000001.json', Buffer.from('{"header":{},"heads":[]}'));
    deliverAll(world);
    await expect(world.archivist.seal()).rejects.toThrow('does not follow on manifest 0');
    world.evict();
    await expect(world.archivist.seal()).rejects.toThrow('does not follow on manifest 0');
    expect(world.bucket.objects.size).toBe(1);
    world.bucket.objects.clear();
    await world.archivist.seal();
    expectComplete(world);
  });

  it('that does not answer is asked again, after ever longer pauses', async () => {
    const world = new ArchiveWorld();
    acting(world, 3);
    deliverAll(world);
    world.onStep = (step) => {
      if (step.startsWith('before put')) throw new Error('the bucket is away');
    };
    world.now += SEGMENT_AGE_MS;
    const pauses: number[] = [];
    for (let round = 0; round < 9; round++) {
      await world.archivist.alarm();
      pauses.push((world.alarmAt as number) - world.now);
      world.now = world.alarmAt as number;
    }
    expect(pauses).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000]);
    world.onStep = () => undefined;
    await world.archivist.alarm();
    expectComplete(world);
  });
});

/** Two rounds of events, archived and signed, with a new key for the second; whoever crashes is woken and asked again. */
async function twoRounds(world: ArchiveWorld): Promise<void> {
  const again = async (work: () => Promise<unknown>) => {
    for (let attempt = 0; attempt < 5; attempt++) {
      try {
        return await work();
      } catch {
        world.evict();
      }
    }
    throw new Error('it does not come to an end');
  };
  for (let round = 0; round < 2; round++) {
    acting(world, 6, round * 6);
    const texts = [...world.accounts.values()].flatMap((account) => account.announce());
    await again(async () => world.deliver(texts));
    if (round === 1) world.keys = [...signingKeys(newNotaryKey()), ...world.keys];
    await again(async () => {
      await world.archivist.seal();
      await world.notary.sign();
    });
  }
}

describe('a crash', () => {
  it('between any two steps leaves nothing out and nothing twice', { timeout: 120_000 }, async () => {
    let steps = 0;
    const untouched = new ArchiveWorld();
    untouched.onStep = () => {
      steps++;
    };
    await twoRounds(untouched);
    const sizes = [...untouched.bucket.objects.keys()].map((key) => key.split('/')[0]).sort();
    expect(steps).toBeGreaterThan(30);
    for (let crashAt = 1; crashAt <= steps; crashAt++) {
      const world = new ArchiveWorld();
      let step = 0;
      let where = '';
      world.onStep = (name) => {
        if (++step !== crashAt) return;
        where = name;
        throw new Error(`crash ${name}`);
      };
      await twoRounds(world);
      expectComplete(world);
      const { findings, checkpoints } = await verified(world);
      expect({ where, findings, checkpoints }).toEqual({ where, findings: [], checkpoints: 2 });
      expect([...world.bucket.objects.keys()].map((key) => key.split('/')[0]).sort()).toEqual(sizes);
    }
  });

  it('that takes the storage of both objects with it loses nothing: the bucket is taken over', async () => {
    const world = new ArchiveWorld();
    await twoRounds(world);
    const before = new Map(world.bucket.objects);
    world.loseStorage();
    expect(await world.archivist.status()).toMatchObject({ manifests: 2, events: 15 });
    const [position] = await world.archivist.positions([world.account('account-1').source]);
    const { version, hash } = world.account('account-1').aggregate.log.head();
    expect(position).toEqual({ version, hash });
    expect((await world.notary.sign()).checkpoint?.checkpoint.sequence).toBe(2);
    expect(world.notary.keys().map(({ key }) => key.previousKey === null)).toEqual([true, false]);
    expect(world.bucket.objects).toEqual(before);
    // What the queue delivers once more is known, and what is new goes on where the bucket ends.
    for (const account of world.accounts.values()) world.deliver(account.messages(1, -1));
    acting(world, 6, 12);
    await world.checkpoint();
    expectComplete(world);
    expect(await verified(world)).toEqual({ findings: [], events: 21, checkpoints: 3 });
  });
});

describe('a segment that was removed at the end of its term', () => {
  const removed = async () => {
    const world = new ArchiveWorld();
    acting(world, 6);
    await world.checkpoint();
    const [key] = [...world.bucket.objects.keys()].filter((one) => one.startsWith('segments/'));
    world.bucket.objects.delete(key as string);
    const years = Number(/^segments\/(\d+)y/.exec(key as string)?.[1]);
    return { world, over: world.now + (years * 366 + 30) * 86_400_000 };
  };

  it('is missed before, and afterwards by nobody, who would put it back for as many years again', async () => {
    const { world, over } = await removed();
    expect(await world.inspection().inspect([1])).toEqual([{ sequence: 1, fault: 'the segment is gone' }]);
    world.now = over;
    expect(await world.inspection().inspect([1])).toEqual([{ sequence: 1, fault: null }]);
    await expect(world.inspection().restore(1)).rejects.toThrow('is past its term');
  });

  it('keeps a notary that has lost its storage from signing before, and not afterwards', async () => {
    const { world, over } = await removed();
    world.loseStorage();
    expect((await world.notary.sign()).unsigned).toBe('broken_archive');
    world.now = over;
    acting(world, 3, 6);
    await world.checkpoint();
    expect(world.notary.latest()?.checkpoint).toMatchObject({ sequence: 2, manifests: 2 });
    expect(await verified(world)).toEqual({ findings: [], events: 3, checkpoints: 2 });
  });
});

describe('the notary', () => {
  it('signs nothing over a bucket that somebody has been at', async () => {
    const changes: readonly [string, (text: string) => string][] = [
      ['segments/', (text) => text.replace('PAR1', 'PAR2')],
      ['manifests/', (text) => text.replace('"events":9', '"events":8')],
      ['manifests/', (text) => text.replace('["account-1",1,', '["account-1",2,')],
      ['manifests/', (text) => text.replace('["cash",', '["hash",')],
      ['manifests/', (text) => text.replace('{"columns"', '{ "columns"')],
      ['manifests/', (text) => text.slice(0, -1)],
    ];
    for (const [prefix, change] of changes) {
      const world = new ArchiveWorld();
      acting(world, 6);
      deliverAll(world);
      await world.archivist.seal();
      const key = [...world.bucket.objects.keys()].find((name) => name.startsWith(prefix)) as string;
      const text = Buffer.from(world.bucket.objects.get(key) as Uint8Array).toString('latin1');
      const bytes = Buffer.from(change(text), 'latin1');
      expect(bytes.toString('latin1')).not.toBe(text);
      world.bucket.objects.set(key, bytes);
      expect(await world.notary.sign()).toEqual({ checkpoint: null, unsigned: 'broken_archive' });
    }
  });

  it('takes over no checkpoint whose signature does not hold, or that covers other manifests', async () => {
    const world = new ArchiveWorld();
    await twoRounds(world);
    world.loseStorage();
    const key = 'checkpoints/000000000002.json';
    const checkpoint = JSON.parse(Buffer.from(world.bucket.objects.get(key) as Uint8Array).toString());
    checkpoint.checkpoint.events = 3;
    world.bucket.objects.set(key, Buffer.from(JSON.stringify(checkpoint)));
    const { unsigned } = await world.notary.sign();
    expect(unsigned).toBe('broken_archive');
    expect(world.notary.latest()?.checkpoint.sequence).toBe(1);
  });

  it('keeps every key published, each signed for by the one before it, and says so where that is gone', async () => {
    const world = new ArchiveWorld();
    const published: string[] = [];
    for (let round = 0; round < 3; round++) {
      const [newest] = signingKeys(newNotaryKey());
      // The last time the old key is no longer at hand.
      world.keys =
        round === 2 ? [newest as (typeof world.keys)[0]] : [newest as (typeof world.keys)[0], ...world.keys];
      published.push((newest as (typeof world.keys)[0]).keyId);
      acting(world, 3, round * 3);
      await world.checkpoint();
    }
    const records = world.notary.keys();
    expect(records.map(({ key }) => key.keyId)).toEqual(published);
    expect(records.map(({ key }) => key.previousKey)).toEqual([null, published[0], published[1]]);
    expect(records.map(({ signatures }) => signatures.length)).toEqual([1, 2, 1]);
    for (const id of published) expect(world.bucket.objects.has(`keys/${id}.json`)).toBe(true);
    expect(world.lines.join('\n')).toContain('the old one does not sign for it');
  });

  it('signs nothing without a key, and goes on once there is one', async () => {
    const world = new ArchiveWorld();
    const { keys } = world;
    world.keys = [];
    acting(world, 3);
    deliverAll(world);
    await world.archivist.seal();
    expect(await world.notary.sign()).toEqual({ checkpoint: null, unsigned: 'no_notary_key' });
    world.keys = keys;
    expect((await world.notary.sign()).checkpoint?.checkpoint.manifests).toBe(1);
  });
});

/** Subscriptions through everything that goes wrong between a commit and a socket: nothing is left out, nothing comes twice. */
import { describe, expect, it, vi } from 'vitest';
import { NOTICE_EVENTS_MAX } from '../../actors/kernel/watchers.ts';
import { type Attachment, SUBSCRIPTIONS_MAX } from '../../workers/streams/connection.ts';
import { Feed, FeedEnded } from '../../workers/streams/feed.ts';
import { RECEIPT_MS_MAX, UNCONFIRMED_BYTES_MAX, windowOf } from '../../workers/streams/flow.ts';
import type { ServerFrame } from '../../workers/streams/frames.ts';
import { ClientCounts, HUB_SUBSCRIPTIONS_MAX, SOCKETS_MAX } from '../../workers/streams/sockets.ts';
import { StreamWorld, WorldActor, WorldHub, type WorldSocket } from '../support/streamWorld.ts';

/** A client that subscribes to one aggregate and goes on after every break from the last version it has. */
class Reader {
  readonly versions: number[] = [];
  givesReceipts = true;
  readonly #world: StreamWorld;
  readonly #aggregateId: string;
  #hub: WorldHub | undefined;
  #socket: WorldSocket | undefined;

  constructor(world: StreamWorld, aggregateId: string) {
    this.#world = world;
    this.#aggregateId = aggregateId;
  }

  get last(): number {
    return this.versions.at(-1) ?? 0;
  }

  /** What its hub would remember through hibernation. */
  get attachment(): string | undefined {
    return this.#socket?.attachment;
  }

  /** How the server ended its socket. */
  get closed(): WorldSocket['closed'] {
    return this.#socket?.closed;
  }

  connect(): void {
    const hub = this.#world.hubs[this.#world.integer(this.#world.hubs.length)] as WorldHub;
    const socket = hub.connect();
    [this.#hub, this.#socket] = [hub, socket];
    socket.onFrame = (frame) => this.#take(frame);
    this.#subscribe();
  }

  disconnect(): void {
    if (this.#socket === undefined) return;
    this.#hub?.disconnect(this.#socket);
    this.#socket = undefined;
  }

  #subscribe(): void {
    const afterVersion = this.last;
    const frame = { type: 'subscribe', id: 's', topic: 'events', aggregateType: 'account' };
    this.#send({ ...frame, aggregateId: this.#aggregateId, afterVersion });
  }

  #send(frame: object): void {
    const [hub, socket] = [this.#hub, this.#socket];
    if (hub === undefined || socket === undefined) return;
    this.#world.after(
      () => socket === this.#socket && hub.hub.message(socket, JSON.stringify(frame)),
      this.#world.integer(5),
    );
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'events') this.versions.push(...frame.events.map(({ version }) => version));
    if (frame.type === 'receiptRequested' && this.givesReceipts)
      this.#send({ type: 'receipt', receipt: frame.receipt });
    // The server could not read the aggregate, or not ask it: subscribing again goes on where it was.
    const isOver = frame.type === 'ended' || (frame.type === 'error' && frame.code === 'unavailable');
    const socket = this.#socket;
    const again = () => void (socket === this.#socket && this.#subscribe());
    if (isOver) this.#world.after(again, this.#world.integer(50));
  }
}

const SEEDS = Number(process.env.FOLIO_STREAM_SEEDS ?? 20);
const FIRST_SEED = Number(process.env.FOLIO_STREAM_SEED ?? 1);

async function runStorm(seed: number): Promise<void> {
  const world = new StreamWorld(seed);
  const padding = world.random() < 0.3 ? 20_000 : 0;
  const actors = ['a', 'b'].map((id) => new WorldActor(world, id, padding));
  const hubs = ['hub-0', 'hub-1'].map((name) => new WorldHub(world, name));
  for (const actor of actors) {
    if (world.random() < 0.3) world.toCome.add(actor.id);
    else actor.commit(1 + world.integer(300));
  }
  const readers = Array.from({ length: 6 }, (_, index) => new Reader(world, index % 2 === 0 ? 'a' : 'b'));
  for (const reader of readers) reader.connect();
  world.faults = { lost: 0.1, unanswered: 0.1 };
  for (let round = 0; round < 150; round++) {
    const actor = actors[world.integer(actors.length)] as WorldActor;
    const chance = world.random();
    if (chance < 0.5) actor.commit(1 + world.integer(world.random() < 0.05 ? 700 : 5));
    else if (chance < 0.58) actor.crashAfterCommit(1 + world.integer(3));
    else if (chance < 0.64) actor.restart();
    else if (chance < 0.74) (hubs[world.integer(hubs.length)] as WorldHub).evict();
    else if (chance < 0.9) {
      const reader = readers[world.integer(readers.length)] as Reader;
      reader.disconnect();
      reader.connect();
    }
    for (let steps = world.integer(30); steps > 0; steps--) await world.step();
  }
  world.faults = { lost: 0, unanswered: 0 };
  await world.settle(RECEIPT_MS_MAX * 2);
  for (const [index, reader] of readers.entries()) {
    const { head } = actors[index % 2] as WorldActor;
    const expected = Array.from({ length: head }, (_, version) => version + 1);
    expect(reader.versions, `seed ${seed}, reader ${index}`).toEqual(expected);
  }
}

describe('subscriptions in a storm', () => {
  it(`miss nothing and get nothing twice (seeds ${FIRST_SEED} to ${FIRST_SEED + SEEDS - 1})`, async () => {
    for (let seed = FIRST_SEED; seed < FIRST_SEED + SEEDS; seed++) await runStorm(seed);
  });
});

describe('a hub that is evicted in the middle of a replay', () => {
  it('goes on with it, though nothing more is committed', async () => {
    const world = new StreamWorld(7);
    const actor = new WorldActor(world, 'a', 0);
    const hub = new WorldHub(world, 'hub-0');
    actor.commit(1_000);
    const reader = new Reader(world, 'a');
    reader.connect();
    while (reader.last < 300) await world.step();
    expect(reader.last).toBeLessThan(1_000);
    hub.evict();
    await world.settle(10_000);
    expect(reader.versions).toEqual(Array.from({ length: 1_000 }, (_, index) => index + 1));
  });

  it('goes on with what it was told of and has to read, whenever that is', async () => {
    const all = Array.from({ length: NOTICE_EVENTS_MAX + 2 }, (_, index) => index + 1);
    for (let steps = 0; steps < 30; steps++) {
      const world = new StreamWorld(9);
      const actor = new WorldActor(world, 'a', 0);
      const hub = new WorldHub(world, 'hub-0');
      actor.commit(1);
      const reader = new Reader(world, 'a');
      reader.connect();
      await world.settle(10_000);
      // More than a notice carries. Nobody tells the hub of it again.
      actor.commit(NOTICE_EVENTS_MAX + 1);
      for (let step = 0; step < steps; step++) await world.step();
      hub.evict();
      await world.settle(10_000);
      expect(reader.versions, `evicted after ${steps} steps`).toEqual(all);
    }
  });

  it('begins a subscription anew that was being set up', async () => {
    const world = new StreamWorld(8);
    const actor = new WorldActor(world, 'a', 0);
    const hub = new WorldHub(world, 'hub-0');
    actor.commit(3);
    const reader = new Reader(world, 'a');
    reader.connect();
    while (JSON.parse(reader.attachment ?? '{}').opening?.length !== 1) await world.step();
    hub.evict();
    await world.settle(10_000);
    expect(reader.versions).toEqual([1, 2, 3]);
  });
});

describe('a subscription whose aggregate cannot be read', () => {
  it('is told of, and its aggregate tells the hub no more', async () => {
    const world = new StreamWorld(9);
    new WorldActor(world, 'a', 0).commit(3);
    const hub = new WorldHub(world, 'hub-0');
    const socket = hub.connect();
    const types: string[] = [];
    socket.onFrame = ({ type }) => {
      types.push(type);
      world.faults = { lost: 1, unanswered: 0 };
    };
    const target = { aggregateType: 'account', aggregateId: 'a' } as const;
    const frame = { type: 'subscribe', id: 's', topic: 'events', ...target, afterVersion: 0 };
    hub.hub.message(socket, JSON.stringify(frame));
    await world.settle(10_000);
    expect(types).toEqual(['subscribed', 'ended']);
    expect(hub.hub.notify({ ...target, fromVersion: 4, toVersion: 4, events: null })).toBe(false);
  });
});

describe('a hub that cannot ask an aggregate when it wakes', () => {
  it('ends what it has still something to send of, which can be begun again, rather than wait for the next commit', async () => {
    const world = new StreamWorld(17);
    const actor = new WorldActor(world, 'a', 0);
    const hub = new WorldHub(world, 'hub-0');
    actor.commit(1);
    const reader = new Reader(world, 'a');
    reader.connect();
    await world.settle(1_000);
    // It is told of more than a notice carries, has to read it, and is gone before it has.
    actor.commit(NOTICE_EVENTS_MAX + 1);
    while (reader.attachment?.includes('"a",1,1') !== true) await world.step();
    world.faults = { lost: 1, unanswered: 0 };
    hub.evict();
    await world.settle(10);
    world.faults = { lost: 0, unanswered: 0 };
    await world.settle(1_000);
    expect(reader.versions).toEqual(Array.from({ length: NOTICE_EVENTS_MAX + 2 }, (_, index) => index + 1));
  });
});

describe('an aggregate that has not begun', () => {
  it('is followed from its first event on where it is to come, though nobody remembers but storage', async () => {
    const world = new StreamWorld(11);
    const actor = new WorldActor(world, 'a', 0);
    world.toCome.add('a');
    const hub = new WorldHub(world, 'hub-0');
    const reader = new Reader(world, 'a');
    reader.connect();
    await world.settle(10_000);
    hub.evict();
    actor.restart();
    await world.settle(10_000);
    expect(reader.versions).toEqual([]);
    world.toCome.clear();
    actor.commit(3);
    await world.settle(10_000);
    expect(reader.versions).toEqual([1, 2, 3]);
  });

  it('cannot be followed else', async () => {
    const world = new StreamWorld(13);
    new WorldActor(world, 'a', 0);
    const hub = new WorldHub(world, 'hub-0');
    const socket = hub.connect();
    const frames: ServerFrame[] = [];
    socket.onFrame = (frame) => void frames.push(frame);
    const frame = { type: 'subscribe', id: 's', topic: 'events', aggregateType: 'account', aggregateId: 'a' };
    hub.hub.message(socket, JSON.stringify(frame));
    await world.settle(10_000);
    expect(frames).toMatchObject([{ type: 'error', id: 's', code: 'aggregate_not_found' }]);
  });
});

describe('what a socket remembers', () => {
  it('is its session, its flow and how far each of its subscriptions has come', async () => {
    const world = new StreamWorld(12);
    world.faults = { lost: 0, unanswered: 0 };
    const actors = ['a', 'b'].map((id) => new WorldActor(world, id, 0));
    for (const [index, actor] of actors.entries()) actor.commit(3 + index);
    const hub = new WorldHub(world, 'hub-0');
    const socket = hub.connect();
    const before = JSON.parse(socket.attachment ?? '') as Attachment;
    const common = { aggregateType: 'account', topic: 'events', afterVersion: 0 };
    for (const [id, aggregateId] of [
      ['x-1', 'a'],
      ['y', 'b'],
    ]) {
      hub.hub.message(socket, JSON.stringify({ type: 'subscribe', id, aggregateId, ...common }));
    }
    await world.settle(10_000);
    const { subscriptions, ...others } = JSON.parse(socket.attachment ?? '') as Attachment;
    expect(others).toEqual({ ...before, flow: [expect.any(Number), 0, 0], subscriptions: undefined });
    expect(subscriptions.toSorted()).toEqual([
      ['x-1', 'events', 'account', 'a', 3, 0],
      ['y', 'events', 'account', 'b', 4, 0],
    ]);
  });
});

describe('a receiver that gives no receipts', () => {
  it('is told why its connection ends, and goes on in the next one where it was', async () => {
    const world = new StreamWorld(9);
    const actor = new WorldActor(world, 'a', 20_000);
    new WorldHub(world, 'hub-0');
    actor.commit(500);
    const reader = new Reader(world, 'a');
    reader.givesReceipts = false;
    reader.connect();
    await world.settle(RECEIPT_MS_MAX - 1_000);
    expect(reader.closed).toBeUndefined();
    const sent = reader.last;
    // Room for two megabytes, and the one frame that went over it.
    expect(sent * 20_000).toBeLessThan(UNCONFIRMED_BYTES_MAX + 201 * 20_100);
    await world.settle(2_000);
    expect(reader.closed).toMatchObject({ code: 4008 });
    expect(reader.closed?.reason).toMatch(/^slow_consumer: /);
    expect(reader.last).toBe(sent);
    reader.disconnect();
    reader.givesReceipts = true;
    reader.connect();
    await world.settle(10_000);
    expect(reader.versions).toEqual(Array.from({ length: 500 }, (_, index) => index + 1));
  });

  it('keeps its connection as long as they come, however late', async () => {
    const world = new StreamWorld(10);
    const actor = new WorldActor(world, 'a', 20_000);
    const hub = new WorldHub(world, 'hub-0');
    actor.commit(1);
    const socket = hub.connect();
    const receipts: number[] = [];
    socket.onFrame = (frame) => void (frame.type === 'receiptRequested' && receipts.push(frame.receipt));
    const frame = { type: 'subscribe', id: 's', topic: 'events', aggregateType: 'account', aggregateId: 'a' };
    hub.hub.message(socket, JSON.stringify(frame));
    for (let round = 0; round < 10; round++) {
      for (let event = 0; event < 15; event++) {
        actor.commit(1);
        await world.settle(100);
      }
      await world.settle(RECEIPT_MS_MAX - 5_000);
      hub.hub.message(socket, JSON.stringify({ type: 'receipt', receipt: receipts.at(-1) }));
    }
    expect(receipts.length).toBeGreaterThan(5);
    expect(socket.closed).toBeUndefined();
  });
});

describe('sockets that nobody reads', () => {
  /** Bytes of a page of the log that is followed: 200 events. */
  const PAGE = 200 * 530;

  /** Bytes that a hub sends to a socket which follows a long log many times over and gives no receipts. */
  async function unread(others: number, subscriptions: number): Promise<number> {
    const world = new StreamWorld(12);
    const actor = new WorldActor(world, 'a', 500);
    const hub = new WorldHub(world, 'hub-0');
    actor.commit(5_000);
    for (let other = 0; other < others; other++) hub.connect();
    const socket = hub.connect();
    let bytes = 0;
    socket.onFrame = (frame) => {
      if (frame.type === 'events') bytes += JSON.stringify(frame).length;
    };
    const frame = { type: 'subscribe', topic: 'events', aggregateType: 'account', aggregateId: 'a' };
    for (let place = 0; place < subscriptions; place++)
      hub.hub.message(socket, JSON.stringify({ ...frame, id: `s${place}`, afterVersion: 0 }));
    await world.settle(RECEIPT_MS_MAX - 1_000);
    return bytes;
  }

  it('are sent no more than a line that nothing is known of may have and a page, however many subscriptions they have', async () => {
    const bytes = await unread(0, 50);
    expect(bytes).toBeGreaterThan(64 * 1024);
    expect(bytes).toBeLessThan(128 * 1024 + PAGE);
  });

  it('have smaller windows the more of them there are', async () => {
    expect(await unread(999, 50)).toBeLessThan(windowOf(1_000) + 2 * PAGE);
    expect([1, 32, 33, 100_000].map(windowOf)).toEqual([2_097_152, 2_097_152, 2_033_601, 32_768]);
  });

  it('share what may be unread with those of the other hubs of their isolate, also once these were evicted', () => {
    const world = new StreamWorld(15);
    const [hub, other] = [new WorldHub(world, 'hub-0'), new WorldHub(world, 'hub-1')];
    const window = () => {
      const socket = hub.connect();
      hub.disconnect(socket);
      return socket.welcome?.type === 'welcome' ? socket.welcome.limits.unconfirmedBytes : undefined;
    };
    expect(window()).toBe(UNCONFIRMED_BYTES_MAX);
    for (let place = 0; place < 999; place++) other.connect();
    expect(window()).toBe(windowOf(1_000));
    other.evict();
    expect(window()).toBe(windowOf(1_000));
  });

  it('are told of as many commands as have room for their results in the window', () => {
    const hub = new WorldHub(new StreamWorld(14), 'hub-0');
    const limits = () => {
      const { welcome } = hub.connect();
      return welcome?.type === 'welcome' ? welcome.limits : undefined;
    };
    expect(limits()).toMatchObject({ commandsInFlight: 20_000, unconfirmedBytes: UNCONFIRMED_BYTES_MAX });
    for (let other = 0; other < 2_998; other++) hub.connect();
    expect(limits()).toMatchObject({ commandsInFlight: 312, unconfirmedBytes: windowOf(3_000) });
  });

  it('are waited for also where the window was larger when they were sent what they have', async () => {
    const world = new StreamWorld(13);
    const actor = new WorldActor(world, 'a', 500);
    const hub = new WorldHub(world, 'hub-0');
    actor.commit(400);
    const reader = new Reader(world, 'a');
    reader.connect();
    // Less than a receipt is asked for after, and more than there is room for later.
    await world.settle(1_000);
    for (let other = 0; other < 2_000; other++) hub.connect();
    actor.commit(1_000);
    await world.settle(10_000);
    expect(reader.last).toBe(1_400);
  });
});

describe('sockets of one client', () => {
  it('are as many as it likes up to half of all, and leave room for others', () => {
    const counts = new ClientCounts(100);
    const fill = (client: string) => {
      let taken = 0;
      for (; counts.hasRoom(client); taken++) counts.add(client, 1);
      return taken;
    };
    expect(['greedy', 'second', 'greedy', 'third'].map(fill)).toEqual([50, 34, 0, 16]);
    expect([counts.total, counts.hasRoom('fourth')]).toEqual([100, false]);
    counts.add('greedy', -50);
    expect(counts.hasRoom('fourth')).toBe(true);
  });

  it('have their share of what a hub follows, also once it was evicted, and give back what they end', async () => {
    const world = new StreamWorld(16);
    new WorldActor(world, 'a', 0).commit(1);
    const hub = new WorldHub(world, 'hub-0');
    const frame = { type: 'subscribe', topic: 'events', aggregateType: 'account', aggregateId: 'a' };
    const subscribed = async () => {
      const socket = hub.connect();
      const frames: ServerFrame[] = [];
      socket.onFrame = (each) => void frames.push(each);
      for (let place = 0; place < SUBSCRIPTIONS_MAX; place++)
        hub.hub.message(socket, JSON.stringify({ ...frame, id: `s${place}` }));
      await world.settle(10);
      const refused = frames.flatMap((each) => (each.type === 'error' ? each.code : []));
      expect(new Set(refused).size).toBeLessThan(2);
      return { socket, refused: refused.length, code: refused[0] };
    };
    const full = HUB_SUBSCRIPTIONS_MAX / 2 / SUBSCRIPTIONS_MAX;
    for (let sockets = 1; sockets < full; sockets++) expect((await subscribed()).refused).toBe(0);
    const last = await subscribed();
    expect(last.refused).toBe(0);
    expect(await subscribed()).toMatchObject({ refused: SUBSCRIPTIONS_MAX, code: 'too_many_subscriptions' });
    hub.evict();
    expect((await subscribed()).refused).toBe(SUBSCRIPTIONS_MAX);
    hub.hub.message(last.socket, JSON.stringify({ type: 'unsubscribe', id: 's7' }));
    expect((await subscribed()).refused).toBe(SUBSCRIPTIONS_MAX - 1);
    hub.disconnect(last.socket);
    expect((await subscribed()).refused).toBe(1);
  });

  it('that sleep on though their sessions are over make room for others', () => {
    const world = new StreamWorld(14);
    const hub = new WorldHub(world, 'hub-0');
    const sockets: WorldSocket[] = [];
    const endsAt = world.now + 60_000;
    while (hub.hub.hasRoom('tester')) sockets.push(hub.connect(endsAt));
    expect(sockets.length).toBe(SOCKETS_MAX / 2);
    world.now = endsAt - 1;
    expect(hub.hub.hasRoom('tester')).toBe(false);
    world.now = endsAt + 1_000;
    expect(hub.hub.hasRoom('tester')).toBe(true);
    expect(hub.hub.connections).toBe(0);
    expect(new Set(sockets.map(({ closed }) => closed?.code))).toEqual(new Set([4001]));
  });
});

describe('a client that has sent all that it may', () => {
  it('is told when it may go on, and may still give receipts and end subscriptions', async () => {
    const world = new StreamWorld(11);
    new WorldActor(world, 'a', 20_000).commit(1);
    const hub = new WorldHub(world, 'hub-0');
    const socket = hub.connect();
    const frames: ServerFrame[] = [];
    socket.onFrame = (frame) => void frames.push(frame);
    const say = (frame: object) => hub.hub.message(socket, JSON.stringify(frame));
    const target = { topic: 'events', aggregateType: 'account', aggregateId: 'a' };
    say({ type: 'subscribe', id: 's', ...target });
    await world.settle(100);
    say({ type: 'subscribe', id: 'opening', ...target });
    world.waitSeconds = 4;
    say({ type: 'unsubscribe', id: 'opening' });
    say({ type: 'unsubscribe', id: 's' });
    say({ type: 'unsubscribe', id: 's' });
    say({ type: 'receipt', receipt: 1 });
    await world.settle(100);
    expect(frames.slice(-4)).toMatchObject([
      { type: 'unsubscribed', id: 'opening' },
      { type: 'unsubscribed', id: 's' },
      { type: 'error', id: 's', code: 'rate_limited', retryAfterSeconds: 4 },
      { type: 'error', code: 'invalid_request', detail: 'receipt: was not asked for' },
    ]);
  });
});

describe('a frame of commands that comes after one that was turned away', () => {
  it('is turned away as long as its sender does not know of that, also by another instance; and run where it never says', async () => {
    const world = new StreamWorld(12);
    const hub = new WorldHub(world, 'hub-0');
    const socket = hub.connect();
    const frames: ServerFrame[] = [];
    socket.onFrame = (frame) => void frames.push(frame);
    // None of them can be run, which is told in their results.
    const say = (id: string, afterRefusal?: number) =>
      hub.hub.message(socket, JSON.stringify({ type: 'commands', id, afterRefusal, commands: [{}] }));
    world.waitSeconds = 4;
    say('first', 0);
    world.waitSeconds = 0;
    say('second', 0);
    hub.evict();
    say('third', 1);
    say('first', 3);
    say('fourth');
    await vi.waitFor(() => expect(frames).toHaveLength(5));
    expect(frames).toMatchObject([
      { type: 'error', id: 'first', code: 'rate_limited', refusal: 1 },
      { type: 'error', id: 'second', code: 'out_of_turn', refusal: 2 },
      { type: 'error', id: 'third', code: 'out_of_turn', refusal: 3 },
      { type: 'results', id: 'first' },
      { type: 'results', id: 'fourth' },
    ]);
  });
});

describe('a feed whose connection ends', () => {
  it('says why once, shows nothing that was not taken, and is over', async () => {
    const taken: number[] = [];
    const feed = new Feed({ taken: (numbers) => void taken.push(...numbers), ended: () => undefined });
    const arrival = (version: number) => {
      const frame = { type: 'events', id: 's', version, events: [] } as const;
      return { frame: { ...frame, events: [] }, text: JSON.stringify(frame) };
    };
    for (const version of [1, 2, 3]) feed.push(version, arrival(version));
    expect((await feed.next()).value?.frame.version).toBe(1);
    feed.cut({ code: 'unauthenticated', detail: 'session_ended: the key counts no more' });
    expect(taken).toEqual([1, 2, 3]);
    expect(await feed.next().catch((error: unknown) => error)).toBeInstanceOf(FeedEnded);
    // Whoever takes what fails for what comes would else be told the same for ever.
    expect(await feed.next()).toEqual({ done: true, value: undefined });
  });
});

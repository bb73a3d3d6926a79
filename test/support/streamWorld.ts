/**
 * Streams without the Workers runtime: real hubs, real watchers on real storage, and between them a network that loses,
 * repeats and delays, objects that vanish with their memory, and clients that come and go. Everything is drawn from one seed.
 */
import type { EventPage, WantedPage } from '../../actors/kernel/eventPage.ts';
import { Watchers } from '../../actors/kernel/watchers.ts';
import { createLogger } from '../../telemetry/logger.ts';
import type { Attachment, Socket } from '../../workers/streams/connection.ts';
import type { ServerFrame } from '../../workers/streams/frames.ts';
import { Hub, type HubDeps } from '../../workers/streams/hub.ts';
import { IsolateHubs } from '../../workers/streams/isolateHubs.ts';
import { type PrincipalStorage, Principals } from '../../workers/streams/principals.ts';
import type { WatchedActor } from '../../workers/streams/watches.ts';
import { numbersOf } from './random.ts';
import { sqliteStorage } from './sqliteStorage.ts';

const silent = createLogger('test', 'error', () => undefined);

/** How often what goes wrong. */
export interface Faults {
  /** A call does not arrive. */
  readonly lost: number;
  /** A call arrives and its answer does not. */
  readonly unanswered: number;
}

interface Task {
  readonly at: number;
  readonly run: () => void;
}

/** Time and chance. */
export class StreamWorld {
  now = 1_000_000;
  faults: Faults = { lost: 0, unanswered: 0 };
  /** Seconds that clients have to wait for the next window of their quota. */
  waitSeconds = 0;
  readonly random: () => number;
  readonly actors = new Map<string, WorldActor>();
  readonly hubs: WorldHub[] = [];
  /** Of which all hubs are. */
  readonly isolate = new IsolateHubs();
  /** Aggregates that have not begun and will. */
  readonly toCome = new Set<string>();
  readonly #tasks: Task[] = [];

  constructor(seed: number) {
    this.random = numbersOf(seed);
  }

  integer(below: number): number {
    return Math.floor(this.random() * below);
  }

  after(task: () => void, milliseconds: number): void {
    this.#tasks.push({ at: this.now + milliseconds, run: task });
  }

  /** A call over the network: late, and lost where the faults say so. Whoever is dead by then hears of nothing. */
  call<Answer>(isAlive: () => boolean, answer: () => Answer | Promise<Answer>): Promise<Answer> {
    return new Promise((resolveCall, rejectCall) => {
      const reject = (error: unknown) => void (isAlive() && rejectCall(error));
      const resolve = (value: Answer) => void (isAlive() && resolveCall(value));
      const lost = () => reject(new Error('the network lost it'));
      this.after(() => {
        if (this.random() < this.faults.lost) return lost();
        const answered = Promise.resolve().then(answer);
        const settle = this.random() < this.faults.unanswered ? lost : () => answered.then(resolve, reject);
        this.after(settle, this.integer(5));
      }, this.integer(5));
    });
  }

  /** Runs what is due, or moves on to what is next; false where nothing is left until `end`. */
  async step(end = Number.POSITIVE_INFINITY): Promise<boolean> {
    const due = this.#tasks.filter(({ at }) => at <= this.now);
    if (due.length === 0) {
      const next = Math.min(...this.#tasks.map(({ at }) => at));
      if (next > end || this.#tasks.length === 0) return false;
      this.now = next;
      return true;
    }
    const task = due[this.integer(due.length)] as Task;
    this.#tasks.splice(this.#tasks.indexOf(task), 1);
    task.run();
    await new Promise((resolve) => setImmediate(resolve));
    return true;
  }

  /** Runs until nothing is left to do, or for a while of its own time. */
  async settle(withinMs = Number.POSITIVE_INFINITY): Promise<void> {
    const end = this.now + withinMs;
    while (await this.step(end));
    if (end < Number.POSITIVE_INFINITY) this.now = end;
  }
}

/** An aggregate: a log of numbers and those who watch it. Its instance may vanish, its storage stays. */
export class WorldActor {
  head = 0;
  readonly id: string;
  readonly #world: StreamWorld;
  readonly #storage = sqliteStorage();
  readonly #padding: string;
  #watchers: Watchers;
  #instance = 0;

  constructor(world: StreamWorld, id: string, paddingLength: number) {
    this.#world = world;
    this.id = id;
    this.#padding = 'x'.repeat(paddingLength);
    this.#watchers = this.#wake();
    world.actors.set(id, this);
  }

  /** Commits events, and tells. */
  commit(count: number): void {
    this.head += count;
    this.#watchers.tell();
  }

  /** Commits and vanishes before anybody was told; wakes later. */
  crashAfterCommit(count: number): void {
    this.head += count;
    this.restart();
  }

  /** The instance vanishes with its memory; another wakes. */
  restart(): void {
    this.#watchers = this.#wake();
    this.#watchers.tell();
  }

  watch(hub: string, isToCome?: boolean): number {
    return this.#watchers.watch(hub, isToCome);
  }

  events(fromVersion: number, limit: number): string {
    const count = Math.max(0, Math.min(limit, this.head - fromVersion + 1));
    const events = Array.from({ length: count }, (_, index) => ({
      version: fromVersion + index,
      padding: this.#padding,
    }));
    return JSON.stringify(events);
  }

  eventPage({ fromVersion, eventsMax, charactersMax }: WantedPage): EventPage {
    const fitting = Math.max(1, Math.floor(charactersMax / this.events(fromVersion, 1).length));
    const count = Math.min(eventsMax, fitting, this.head - fromVersion + 1);
    return { toVersion: fromVersion + count - 1, events: this.events(fromVersion, count) };
  }

  #wake(): Watchers {
    const instance = ++this.#instance;
    const isAlive = () => instance === this.#instance;
    return new Watchers({
      source: { aggregateType: 'account', aggregateId: this.id },
      storage: this.#storage,
      logger: silent,
      head: () => this.head,
      events: (fromVersion, limit) => this.events(fromVersion, limit),
      notify: (name, notice) =>
        this.#world.call(isAlive, () => {
          const hub = this.#world.hubs.find((candidate) => candidate.name === name);
          return hub?.hub.notify(notice) ?? false;
        }),
      after: (task, milliseconds) => {
        this.#world.after(() => void (isAlive() && task()), milliseconds);
      },
    });
  }
}

/** A socket as a hub sees it; the other end is a test's. */
export class WorldSocket implements Socket {
  attachment: string | undefined;
  closed: { readonly code: number; readonly reason: string } | undefined;
  /** Cleared when the connection breaks: what is sent from then on is lost. */
  onFrame: ((frame: ServerFrame) => void) | undefined;
  /** What came first, before anybody could listen. */
  welcome: ServerFrame | undefined;

  send(text: string): void {
    const frame = JSON.parse(text) as ServerFrame;
    this.welcome ??= frame;
    this.onFrame?.(frame);
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  serializeAttachment(value: string): void {
    this.attachment = value;
  }
}

/** A hub that can be evicted: its sockets stay, its memory does not. */
export class WorldHub {
  readonly name: string;
  hub: Hub;
  readonly sockets = new Set<WorldSocket>();
  readonly #world: StreamWorld;
  readonly #principals = new Map<string, string>();
  #instance = 0;

  constructor(world: StreamWorld, name: string) {
    this.#world = world;
    this.name = name;
    this.hub = this.#wake();
    world.hubs.push(this);
  }

  /** Opens a socket for somebody who may do all. */
  connect(endsAt = Number.MAX_SAFE_INTEGER): WorldSocket {
    const socket = new WorldSocket();
    this.sockets.add(socket);
    const principalKey = new Principals(storeOf(this.#principals)).keep(
      '{"userId":"tester","roles":["admin"]}',
    );
    this.hub.connect(socket, {
      connectionId: `connection-${this.sockets.size}`,
      correlationId: 'correlation',
      principalKey,
      endsAt: Math.min(endsAt, 8.64e15),
    });
    return socket;
  }

  /** The instance vanishes with its memory, and another goes on with the sockets. */
  evict(): void {
    this.hub = this.#wake();
  }

  disconnect(socket: WorldSocket): void {
    socket.onFrame = undefined;
    this.sockets.delete(socket);
    this.hub.disconnect(socket);
  }

  #wake(): Hub {
    const instance = ++this.#instance;
    const isAlive = () => instance === this.#instance;
    const world = this.#world;
    const deps = hubDeps({
      name: this.name,
      clock: {
        now: () => world.now,
        after: (task, milliseconds) => world.after(() => void (isAlive() && task()), milliseconds),
      },
      principals: new Principals(storeOf(this.#principals)),
      hubs: world.isolate,
      actorOf: ({ aggregateId }) => remoteActor(world, aggregateId, isAlive),
      isToCome: ({ aggregateId }) => world.call(isAlive, () => world.toCome.has(aggregateId)),
    });
    const hub = new Hub({ ...deps, limits: { ...deps.limits, takeRequest: () => world.waitSeconds } });
    hub.restore(
      [...this.sockets].map((socket) => [socket, JSON.parse(socket.attachment ?? '') as Attachment]),
    );
    return hub;
  }
}

/** A world for a hub in which nothing happens, and nobody is asked for, but what a test says. */
export function hubDeps(own: Partial<HubDeps>): HubDeps {
  return {
    name: 'hub-0',
    clock: { now: () => 0, after: () => undefined },
    logger: silent,
    principals: new Principals(storeOf(new Map())),
    hubs: new IsolateHubs(),
    limits: {
      takeRequest: () => 0,
      accountUnits: (_, wanted) => wanted,
      enter: () => ({ leave: () => undefined }),
    },
    denied: async () => undefined,
    actorOf: () => {
      throw new Error('nobody is asked for');
    },
    isToCome: async () => false,
    ...own,
  };
}

/** The storage of a hub's callers. */
export function storeOf(values: Map<string, string>): PrincipalStorage {
  return {
    get: (key: string) => values.get(key),
    put: (key: string, value: string) => void values.set(key, value),
    delete: (key: string) => void values.delete(key),
    keys: () => values.keys(),
  };
}

function remoteActor(world: StreamWorld, id: string, isAlive: () => boolean): WatchedActor {
  const actor = () => {
    const found = world.actors.get(id);
    if (found === undefined) throw new Error(`there is no actor ${id}`);
    return found;
  };
  const remote: Pick<WatchedActor, 'watch' | 'eventPage'> = {
    watch: (hub, isToCome) => world.call(isAlive, () => actor().watch(hub, isToCome)),
    eventPage: (wanted) => world.call(isAlive, () => actor().eventPage(wanted)),
  };
  return remote as WatchedActor;
}

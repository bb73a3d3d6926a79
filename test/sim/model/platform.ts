/** The simulated platform: actors, directory, queue, view databases, and the Worker code that runs between them. */
import { Directory } from '../../../actors/directory/directory.ts';
import { ActorCore } from '../../../actors/kernel/actorCore.ts';
import type { AnyDecider } from '../../../actors/kernel/aggregate.ts';
import { commandSender } from '../../../actors/kernel/commandSender.ts';
import type { Perform } from '../../../actors/kernel/effects.ts';
import type { Source } from '../../../actors/kernel/messages.ts';
import type { ConsumerDeps } from '../../../queues/kernel/consumer.ts';
import { keyOf } from '../../../queues/kernel/positions.ts';
import type { OwnerState, RebuildableProjector } from '../../../queues/kernel/projector.ts';
import type { RunnerDeps } from '../../../queues/kernel/runner.ts';
import { sweepPage } from '../../../queues/kernel/sweep.ts';
import type { RebuildDeps } from '../../../queues/rebuild/deps.ts';
import { isKnownEvent } from '../../../schemas/eventTypes.ts';
import { parseEventsMessage } from '../../../schemas/message.ts';
import { DIRECTORY_PARTS, directoryName, partOf } from '../../../schemas/partition.ts';
import type { Logger } from '../../../telemetry/logger.ts';
import { NetworkFault, type ObjectContext, type TurnReport } from './application.ts';
import { SimDatabase } from './database.ts';
import { SimObject } from './durableObject.ts';
import { consume, consumeDead, Invocation, KeptLetters } from './invocation.ts';
import { SimQueue } from './queue.ts';
import type { Caller, World } from './world.ts';

/** Consumers that the queue's deliveries may keep busy at a time: two, so that they race. */
const CONSUMERS_MAX = 2;
/** Sweeps that may overlap. */
const SWEEPS_MAX = 2;

/** An actor's instance as the platform starts it. */
export interface ActorApp {
  readonly core: ActorCore<unknown>;
  alarm(): Promise<void>;
}

export type ActorObject = SimObject<ActorApp>;

/** An actor by its name. */
export interface PlatformActor {
  readonly source: Source;
  readonly object: ActorObject;
}

/** A part of the directory as the platform starts it: it sets no alarm. */
interface DirectoryApp {
  readonly directory: Directory;
  readonly alarm?: undefined;
}

/** Who is told of events: the views soon and with the data, the archive by the alarm and without. */
export const GROUPS = ['views', 'archive'] as const;
export type Group = (typeof GROUPS)[number];

/** Whoever watches: called after every commit. */
export interface Observer {
  turnCommitted(source: Source, object: ActorObject, report: TurnReport): void;
  messageStored(group: Group, body: string): void;
  viewsChanged(part: number): void;
}

export class Platform {
  /** To the views. */
  readonly queue: SimQueue;
  /** To the archive, which is left out here: what it is told stays in the queue. */
  readonly archiveQueue: SimQueue;
  readonly databases: readonly SimDatabase[];
  /** Every actor that anybody has addressed, by key. */
  readonly actors = new Map<string, PlatformActor>();
  readonly directories: readonly SimObject<DirectoryApp>[];
  /** An aggregate that answers neither consumers nor the sweeper; its clients still reach it. */
  unreadable: string | undefined;
  readonly #world: World;
  readonly #logger: Logger;
  readonly #projectors: readonly RebuildableProjector[];
  readonly #deadLetters = new KeptLetters();
  readonly #observer: Observer;
  readonly #deciderOf: (aggregateType: string) => AnyDecider;
  #consumers = 0;
  #sweeps = 0;

  constructor(
    world: World,
    observer: Observer,
    projectors: readonly RebuildableProjector[],
    deciderOf: (aggregateType: string) => AnyDecider,
  ) {
    this.#world = world;
    this.#observer = observer;
    this.#projectors = projectors;
    this.#deciderOf = deciderOf;
    this.#logger = {
      enabled: (level) => level !== 'debug',
      log: (level, message, fields) => {
        if (level === 'warn' || level === 'error')
          world.trace.note(world.clock, 'log', level, message, fields ?? '');
      },
    };
    const queueTo = (group: Group) =>
      new SimQueue(world, (body) => world.check(() => observer.messageStored(group, body)));
    this.queue = queueTo('views');
    this.archiveQueue = queueTo('archive');
    this.databases = Array.from({ length: world.profile.parts }, (_, part) => {
      return new SimDatabase(world, part, () => world.check(() => observer.viewsChanged(part)));
    });
    this.directories = Array.from({ length: DIRECTORY_PARTS }, (_, part) => {
      const start = ({ storage }: ObjectContext): DirectoryApp => ({ directory: new Directory(storage) });
      return new SimObject(world, `directory ${directoryName(part)}`, start, ignore);
    });
  }

  /** An aggregate's actor: it is there as soon as anybody addresses it. */
  actor(source: Source): PlatformActor {
    const known = this.actors.get(keyOf(source));
    if (known !== undefined) return known;
    const object: ActorObject = new SimObject<ActorApp>(
      this.#world,
      keyOf(source),
      (context) => this.#startActor(context, source, this.#deciderOf(source.aggregateType)),
      (report) => this.#world.check(() => this.#observer.turnCommitted(source, object, report)),
    );
    const actor = { source, object };
    this.actors.set(keyOf(source), actor);
    return actor;
  }

  /** Whether a consumer could begin now. */
  get canConsume(): boolean {
    return this.#consumers < CONSUMERS_MAX;
  }

  get canSweep(): boolean {
    return this.#sweeps < SWEEPS_MAX;
  }

  /** Every object that may crash or be evicted. */
  objects(): { isIdle: boolean; isAwake: boolean; drop(why: string): void }[] {
    return [...this.directories, ...[...this.actors.values()].map(({ object }) => object)];
  }

  /** Delivers what the queue has to a consumer. */
  async deliver(): Promise<void> {
    await consumeDead(this.#consumerDeps(DEAF), this.#deadLetters, this.queue.takeDead());
    const messages = this.queue.take();
    if (messages.length === 0) return;
    this.#consumers++;
    await consume(
      this.#world,
      this.queue,
      messages,
      (caller) => this.#consumerDeps(caller),
      () => this.#consumers--,
    );
  }

  /** One page of the sweep in one part of the directory. */
  async sweep(part: number): Promise<void> {
    const object = this.directories[part] as SimObject<DirectoryApp>;
    this.#sweeps++;
    const sweeper = new Invocation(this.#world, this.#world.uniqueId('sweeper'), () => this.#sweeps--);
    await sweeper.run(() =>
      sweepPage({
        ...this.#consumerDeps(sweeper),
        directory: {
          sweepCursor: () => object.call(sweeper, 'sweepCursor', ({ directory }) => directory.sweepCursor()),
          list: (after, limit) =>
            object.call(sweeper, 'list', ({ directory }) => directory.list(after, limit)),
          saveSweepCursor: (cursor) =>
            object.call(sweeper, 'saveSweepCursor', ({ directory }) => directory.saveSweepCursor(cursor)),
        },
        head: (key) => this.#readActor(sweeper, 'head', key, ({ core }) => core.head()),
      }),
    );
  }

  /** What works on the views of each database. */
  rebuildDeps(caller: Caller): RebuildDeps[] {
    return this.databases.map((database, part) => ({
      ...this.#runnerDeps(caller, part),
      projectors: this.#projectors,
      directoryParts: this.directories.length,
      directory: (index, after, limit) =>
        (this.directories[index] as SimObject<DirectoryApp>).call(caller, 'list', ({ directory }) =>
          directory.list(after, limit),
        ),
      owns: ({ aggregateId }) => database.holds(aggregateId),
      head: (key) => this.#readActor(caller, 'head', key, ({ core }) => core.head()),
      owner: (key, version) => this.#ownerState(caller, key, version),
    }));
  }

  close(): void {
    for (const { object } of this.actors.values()) object.storage.close();
    for (const { storage } of this.directories) storage.close();
    for (const database of this.databases) database.close();
  }

  async #ownerState(caller: Caller, key: Source, version: number): Promise<OwnerState | undefined> {
    return this.#readActor(caller, 'read', key, ({ core }) => {
      const read = core.read({ version });
      const hash = parseEventsMessage(core.messages(version, 1)[0] ?? '{}').events[0]?.hash;
      // What goes over RPC is a copy.
      return read === null || hash === undefined ? undefined : { state: structuredClone(read.state), hash };
    });
  }

  async #readActor<Result>(
    caller: Caller,
    label: string,
    key: Source,
    invoke: (app: ActorApp) => Result,
  ): Promise<Result> {
    if (this.unreadable === keyOf(key)) throw new NetworkFault(`${keyOf(key)} does not answer`);
    return this.actor(key).object.call(caller, label, invoke);
  }

  #startActor(context: ObjectContext, source: Source, decider: AnyDecider): ActorApp {
    const world = this.#world;
    const { aggregateType, aggregateId } = source;
    const directory = this.directories[partOf(aggregateId, DIRECTORY_PARTS)] as SimObject<DirectoryApp>;
    const core: ActorCore<unknown> = new ActorCore<unknown>({
      source,
      decider,
      storage: context.storage,
      logger: this.#logger,
      now: context.now,
      nextTurn: (task) => context.later('decides', task, 0),
      after: (task, milliseconds) => context.later('drains', task, milliseconds),
      setAlarm: (at) => context.storage.setAlarm(at),
      groups: [
        { name: 'views', send: (texts) => this.queue.send(context.caller, texts) },
        {
          name: 'archive',
          isPatient: true,
          send: (texts) => this.archiveQueue.send(context.caller, texts),
        },
      ],
      register: () =>
        directory
          .call(context.caller, 'register', (app) => app.directory.register(aggregateType, aggregateId))
          // Whatever it was: to the caller of the actor the outcome of the command is unknown.
          .catch((error: unknown) => Promise.reject(new NetworkFault(`no directory: ${String(error)}`))),
      uniqueId: () => world.uniqueId('unique'),
      perform: decider.effects === undefined ? undefined : this.#sender(context.caller, () => core),
    });
    return { core, alarm: () => core.alarm() };
  }

  /** Effects are commands to other actors, as a saga's are. */
  #sender(caller: Caller, core: () => ActorCore<unknown>): Perform {
    return commandSender({
      execute: (target, commands, context) =>
        this.actor(target).object.call(caller, 'execute', (app) => app.core.execute(commands, context)),
      correlationId: () => correlationOf(core().events(1, 1)),
    });
  }

  #consumerDeps(caller: Caller): ConsumerDeps {
    return {
      parts: this.databases.length,
      logger: this.#logger,
      runnerDeps: (part) => this.#runnerDeps(caller, part),
      chance: () => this.#world.random.integer(1_000) / 1_000,
    };
  }

  #runnerDeps(caller: Caller, part: number): RunnerDeps {
    return {
      database: (this.databases[part] as SimDatabase).client(caller),
      projectors: this.#projectors,
      logger: this.#logger,
      knowsEvent: isKnownEvent,
      readLog: async (key, fromVersion, limit) => {
        const texts = await this.#readActor(caller, 'messages', key, ({ core }) =>
          core.messages(fromVersion, limit),
        );
        return texts.map(parseEventsMessage);
      },
      newClaim: () => this.#world.uniqueId('claim'),
      now: () => this.#world.clock,
    };
  }
}

/** What the first of some envelopes belongs to. */
function correlationOf(envelopes: string): string {
  const [first] = JSON.parse(envelopes) as [{ metadata: { correlationId: string } }];
  return first.metadata.correlationId;
}

/** For code that calls nobody. */
const DEAF: Caller = { alive: false, emit: ignore, deliver: () => Promise.resolve() };

function ignore(): void {
  // Nobody watches the directory's turns, and nobody hears a caller that calls nobody.
}

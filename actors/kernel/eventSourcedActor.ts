/**
 * The shell that makes an aggregate a Durable Object: it gives the actor's core its storage, queue, directory and alarm,
 * and holds no rule of its own. An aggregate's actor extends it and names its decider.
 */
import { DurableObject } from 'cloudflare:workers';
import type { CommandContext, CommandEnvelope, Outcome } from '../../schemas/envelope.ts';
import { placeOf } from '../../schemas/location.ts';
import { DIRECTORY_PARTS, directoryName, partOf } from '../../schemas/partition.ts';
import { createLogger } from '../../telemetry/logger.ts';
import type { ActorEnv } from '../env.ts';
import { ActorCore, type ActorDeps, type BriefOutcome } from './actorCore.ts';
import type { Perform } from './actorDeps.ts';
import type { AnyDecider, Paced } from './decider.ts';
import type { LogPoint } from './eventLog.ts';
import type { EventPage, WantedPage } from './eventPage.ts';
import { groupQueues } from './groupQueues.ts';
import { inTime } from './inTime.ts';
import { KeptStubs } from './keptStubs.ts';
import type { Told } from './outbox.ts';
import { runPaced } from './paced.ts';
import { Protection, type ProtectionDeps } from './protection.ts';
import {
  BeingRestored,
  type LogStanding,
  Restoration,
  type RestoreAnswer,
  type RestoredRange,
} from './restoration.ts';
import type { ChainReport, VerifyRange } from './verify.ts';
import { Watchers } from './watchers.ts';

/** Milliseconds in which the directory has to answer: whoever sent the first command waits for it, and so does the drain. */
const REGISTER_MS_MAX = 10_000;

/** Milliseconds in which a subject has to encrypt: its backup may be asked first, which has eight seconds itself. */
const SEAL_MS_MAX = 10_000;

/** Milliseconds in which a hub has to take a notice; by then its stub is taken for broken. */
const NOTICE_MS_MAX = 10_000;

/** What some actors have beyond their rules. */
export interface ActorExtras {
  /** See {@link ActorDeps}. */
  readonly appended?: (fromVersion: number) => void;
  /** For an aggregate whose commands have personal data. */
  readonly personal?: ProtectionDeps;
}

/** What an actor answers over RPC; each method is the core's method of that name. */
export abstract class EventSourcedActor<State, Env extends ActorEnv = ActorEnv> extends DurableObject<Env> {
  readonly #deps: ActorDeps;
  readonly #restoration: Restoration;
  /** Undefined while the log is being restored. */
  #awake: { readonly core: ActorCore<State>; readonly watchers: Watchers } | undefined;
  /** Undefined for an aggregate whose commands have no personal data: it pays nothing for it. */
  readonly #protection: Protection | undefined;

  /** `perform` carries the decider's effects out, where it has any. */
  constructor(
    ctx: DurableObjectState,
    env: Env,
    decider: AnyDecider,
    perform?: Perform,
    { personal, ...extras }: ActorExtras = {},
  ) {
    super(ctx, env);
    const deps = actorDeps(ctx, env, decider);
    this.#deps = {
      ...deps,
      ...extras,
      perform,
      committed: () => this.#awake?.watchers.tell(),
      requireFree: () => this.#restoration.requireFree(),
    };
    this.#protection =
      personal &&
      new Protection(personal, {
        rehearse: (command, context) => this.core.aggregate.rehearse({ command, context }, deps.now()),
        version: () => this.core.aggregate.log.head().version,
        inTime: (who, answer) => inTime(startTimer, who, answer, SEAL_MS_MAX),
      });
    this.#restoration = new Restoration(deps);
    if (!this.#restoration.isOpen) this.#wake();
  }

  /** Throws {@link BeingRestored} while the log is held. */
  protected get core(): ActorCore<State> {
    return this.#parts.core;
  }

  get #parts() {
    if (this.#awake === undefined) throw new BeingRestored(this.#deps.source);
    return this.#awake;
  }

  #wake(): void {
    const core = new ActorCore<State>(this.#deps);
    const hubs = new KeptStubs(
      (hub) => this.env.STREAMS.getByName(hub, placeOf(this.env)),
      (hub, answer) => inTime(startTimer, `streams/${hub}`, answer, NOTICE_MS_MAX),
    );
    const watchers = new Watchers({
      ...this.#deps,
      head: () => core.aggregate.log.head().version,
      events: (fromVersion, limit) => core.events(fromVersion, limit),
      notify: (hub, notice) => hubs.call(hub, (stub) => stub.notify(notice)),
    });
    this.#awake = { core, watchers };
    watchers.tell();
  }

  /** How the log stands, also while it is held: with the hash of a version's event, or of the newest. */
  standing(version?: number): LogStanding {
    return this.#restoration.standing(version);
  }

  /** Holds a log that has lost what came after this event, until it is released. `holder`: a number of whoever holds it. */
  hold(version: number, hash: string, holder?: number): RestoreAnswer {
    return this.#whileHeld(this.#restoration.hold(version, hash, holder));
  }

  /** Appends events of a copy of this log, and holds the log until it is released. */
  restore(range: RestoredRange): RestoreAnswer {
    return this.#whileHeld(this.#restoration.append(range));
  }

  #whileHeld(answer: RestoreAnswer): RestoreAnswer {
    if (this.#restoration.isOpen) this.#awake = undefined;
    return answer;
  }

  /**
   * Lets a log go that was restored up to this event: from then on it is an aggregate like any other, unless it was a holder's alone and
   * another holds it.
   */
  async release(version: number, hash: string, holder?: number): Promise<RestoreAnswer> {
    const answer = this.#restoration.release(version, hash, holder);
    if (!answer.ok || answer.restoring || this.#awake !== undefined) return answer;
    await this.#deps.register();
    // It may have been held again meanwhile.
    if (this.#awake === undefined && !this.#restoration.isOpen) this.#wake();
    return answer;
  }

  execute(commands: readonly CommandEnvelope[], context: CommandContext): Promise<Outcome[]> {
    return this.#run(commands, context, (ready) => this.core.execute(ready, context));
  }

  /**
   * The same with brief answers, for batches: `CommandEnvelope[]` and `BriefOutcome[]` as JSON texts, which cost RPC a
   * copy of their bytes, where thousands of small objects cost more than deciding them.
   */
  executeBrief(commands: string, context: CommandContext): Promise<string> {
    const run = (ready: readonly CommandEnvelope[]) => this.core.executeBrief(ready, context);
    // An async function would keep their text until they are decided.
    return this.#run<BriefOutcome>(JSON.parse(commands), context, run).then((answer) =>
      JSON.stringify(answer),
    );
  }

  read(
    asOf: { version?: number; at?: number } = {},
  ): { state: State; version: number; hash: string; recordedAt: number } | null {
    return this.core.read(asOf);
  }

  /** The sweeper asks for it: hubs that have not heard of the last commits are told again. */
  head(): number {
    const { core, watchers } = this.#parts;
    watchers.tell();
    return core.head();
  }

  point(version: number): LogPoint {
    return this.core.aggregate.log.point(version);
  }

  events(fromVersion: number, limit: number): string {
    return this.core.events(fromVersion, limit);
  }

  eventPage(wanted: WantedPage): EventPage {
    return this.core.eventPage(wanted);
  }

  messages(fromVersion: number, limit: number, isWhole?: boolean): string[] {
    return this.core.messages(fromVersion, limit, isWhole);
  }

  /**
   * Has a hub of streams told of every commit after the version that this answers; 0 where there is no aggregate, which is watched
   * all the same where it `isToCome`.
   */
  watch(hub: string, isToCome?: boolean): number {
    return this.#parts.watchers.watch(hub, isToCome);
  }

  /** How far each consumer group was told of the log. */
  told(): Told[] {
    return this.core.outbox.told();
  }

  /** Tells every group now what it has not been told, as the alarm would. */
  announce(): Promise<void> {
    return this.core.alarm();
  }

  /** Version of the first event of a type that has a text in a field of its data; null where there is none. */
  find(type: string, field: string, value: string): Promise<number | null> {
    const history = this.core.aggregate.history();
    return this.inPieces(firstOf(history.having({ type, field, values: [value] }, 0)));
  }

  verify(range?: VerifyRange): ChainReport {
    return this.core.verify(range);
  }

  rowsWritten(): number {
    return this.core.rowsWritten();
  }

  /** Long reads let others be answered wherever they pause. */
  protected inPieces<Result>(work: Paced<Result>): Promise<Result> {
    return runPaced(work, () => new Promise((resolve) => void setImmediate(resolve)));
  }

  /** One that was set before the log was held has nothing to do. */
  override async alarm(): Promise<void> {
    await this.#awake?.core.alarm();
  }

  #run<Result extends Outcome | BriefOutcome>(
    commands: readonly CommandEnvelope[],
    context: CommandContext,
    run: (commands: readonly CommandEnvelope[]) => Promise<Result[]>,
  ): Promise<Result[]> {
    if (this.#protection === undefined) return run(commands);
    // What is refused before it is decided looks as what is refused then.
    return this.#protection.execute(commands, context, run) as Promise<Result[]>;
  }
}

function* firstOf(pages: Iterable<readonly { readonly version: number }[]>): Paced<number | null> {
  for (const [first] of pages) {
    if (first !== undefined) return first.version;
    yield;
  }
  return null;
}

function actorDeps(ctx: DurableObjectState, env: ActorEnv, decider: AnyDecider): ActorDeps {
  const aggregateId = ctx.id.name;
  if (aggregateId === undefined)
    throw new Error('an aggregate is addressed by its id, never by a generated one');
  const { aggregateType } = decider;
  return {
    source: { aggregateType, aggregateId },
    decider,
    storage: ctx.storage,
    logger: createLogger('actor', env.LOG_LEVEL),
    now: () => Date.now(),
    nextTurn: (task) => void setImmediate(task),
    after: (task, milliseconds) => void setTimeout(task, milliseconds),
    setAlarm: (at) => void ctx.storage.setAlarm(at),
    groups: groupQueues(env, aggregateType, startTimer),
    register: async () => {
      const name = directoryName(partOf(aggregateId, DIRECTORY_PARTS));
      const entered = env.DIRECTORY.getByName(name, placeOf(env)).register(aggregateType, aggregateId);
      await inTime(startTimer, `directory ${name}`, entered, REGISTER_MS_MAX);
    },
    uniqueId: () => crypto.randomUUID(),
  };
}

/** The runtime's timers, for every object's shell. */
export function startTimer(task: () => void, milliseconds: number): () => void {
  const timer = setTimeout(task, milliseconds);
  return () => clearTimeout(timer);
}

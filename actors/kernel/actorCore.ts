/**
 * What every event-sourced actor does around its aggregate: group commit, when the outbox is drained, when its cursor is
 * saved, the one alarm, timers, and picking everything up again on wake. No Cloudflare import: the Durable Object
 * (`eventSourcedActor.ts`) and the simulation run this very class on different worlds.
 */
import type { CommandContext, CommandEnvelope, Outcome } from '../../schemas/envelope.ts';
import { GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import { Aggregate, type AnyDecider, type CommandEntry } from './aggregate.ts';
import { AlarmClock, DRAIN_SAFETY_MS } from './alarmClock.ts';
import { envelopesText, eventReference } from './envelopes.ts';
import { decodeEvent } from './eventLog.ts';
import { GroupCommit } from './groupCommit.ts';
import { packMessages, type Source } from './messages.ts';
import { Outbox } from './outbox.ts';
import { OutboxCursor } from './outboxCursor.ts';
import type { ActorStorage } from './storage.ts';
import { TIMER_RETRY_MS, Timers, timerCommandId } from './timers.ts';
import type { Verdict } from './turn.ts';
import { type ChainReport, verifyChain } from './verify.ts';

/** Wait before the first announcement after a pause: long enough for a burst's first commits to share a message. */
const DRAIN_DELAY_MS = 10;

/** Between announcements while commands keep coming: each costs a queue operation a consumer group. */
const DRAIN_INTERVAL_MS = 500;

/** Events that one read returns. */
export const READ_EVENTS_MAX = 1_000;

/** A command's verdict without its events: what a batch answers, cheap to carry across RPC. */
export type BriefOutcome =
  | { readonly status: 'accepted' | 'replayed'; readonly version: number }
  | Extract<Outcome, { status: 'refused' }>;

/** The world of an actor: everything that it does outside its own memory. */
export interface ActorDeps {
  readonly source: Source;
  readonly decider: AnyDecider;
  readonly storage: ActorStorage;
  readonly logger: Logger;
  /** Milliseconds since 1970. */
  now(): number;
  /** Runs a task in the next macrotask, for group commit. */
  nextTurn(task: () => void): void;
  /** Runs a task after a while, unless the actor is evicted before. */
  after(task: () => void, milliseconds: number): void;
  /** Sets the object's one alarm; part of the running turn's transaction. */
  setAlarm(at: number): void;
  /** Sends to every consumer group's queue; resolves when each has stored the messages. */
  send(texts: readonly string[]): Promise<void>;
  /** Makes the aggregate known to the sweeper. */
  register(): Promise<void>;
  /** A text that no other call has given. */
  uniqueId(): string;
}

export class ActorCore<State> {
  readonly aggregate: Aggregate<State>;
  readonly #deps: ActorDeps;
  readonly #group: GroupCommit<CommandEntry, Verdict>;
  readonly #cursor: OutboxCursor;
  readonly #outbox: Outbox;
  readonly #alarm: AlarmClock;
  readonly #timers: Timers;
  #drainAt: number | undefined;
  #drainedAt = 0;

  /** Wakes the actor: after eviction, crash or deploy whatever was left to do is picked up again. */
  constructor(deps: ActorDeps) {
    this.#deps = deps;
    this.aggregate = new Aggregate<State>(deps.storage, deps.decider, deps.source.aggregateId);
    this.#group = new GroupCommit(
      (entries) => this.#turn(entries),
      (task) => deps.nextTurn(task),
    );
    this.#cursor = new OutboxCursor(deps.storage, this.aggregate.log.isStored);
    this.#outbox = new Outbox(
      {
        source: deps.source,
        head: () => this.head(),
        read: (fromVersion, limit) => this.aggregate.log.read(fromVersion, limit),
        release: (upToVersion) => this.aggregate.log.releaseTail(upToVersion),
        send: (texts) => deps.send(texts),
        register: () => deps.register(),
      },
      this.#cursor.saved,
    );
    this.#alarm = new AlarmClock((at) => deps.setAlarm(at));
    this.#timers = new Timers(this.aggregate);
    if (this.aggregate.log.isStored) this.#wake();
  }

  /** Decides commands in order and answers each in full. The answer leaves only once the events are durable. */
  async execute(commands: readonly CommandEnvelope[], context: CommandContext): Promise<Outcome[]> {
    const verdicts = await this.#submit(commands, context);
    return verdicts.map((verdict) => this.#describe(verdict));
  }

  /** The same with brief answers, for batches. */
  async executeBrief(commands: readonly CommandEnvelope[], context: CommandContext): Promise<BriefOutcome[]> {
    const verdicts = await this.#submit(commands, context);
    return verdicts.map((verdict) =>
      verdict.status === 'refused' ? verdict : { status: verdict.status, version: verdict.version },
    );
  }

  /** State and version, now or as of a version or a time (milliseconds since 1970); null where there is none yet. */
  read(
    asOf: { version?: number; at?: number } = {},
  ): { state: State; version: number; recordedAt: number } | null {
    const head = this.aggregate.log.head().version;
    const version = asOf.at !== undefined ? this.aggregate.log.versionAt(asOf.at) : (asOf.version ?? head);
    if (version === 0 || version > head) return null;
    const fold = version === head ? this.aggregate.current() : this.aggregate.stateAt(version);
    return { state: fold.state as State, version: fold.version, recordedAt: fold.recordedAt };
  }

  /** Version of the newest event. */
  head(): number {
    return this.aggregate.log.head().version;
  }

  /** Envelopes from a version on as the text of a JSON array: stored bytes pass through unparsed. */
  events(fromVersion: number, limit: number): string {
    const { previousHash, events } = this.#page(fromVersion, Math.min(limit, READ_EVENTS_MAX));
    return `[${envelopesText(this.#deps.source, previousHash, events)}]`;
  }

  /** The same range as queue messages: what a projector reads to fill a hole or to rebuild. */
  messages(fromVersion: number, limit: number): string[] {
    const { previousHash, events } = this.#page(fromVersion, limit);
    return packMessages(this.#deps.source, previousHash, events).map((message) => message.text);
  }

  /** Recomputes the hash chain. */
  verify(): ChainReport {
    return verifyChain(this.#deps.source, this.aggregate.log);
  }

  /** Rows written by this instance since it woke, for the row budget of the benchmarks. */
  rowsWritten(): number {
    return this.aggregate.rowsWritten + this.#cursor.rowsWritten + this.#alarm.rowsWritten;
  }

  /** The alarm went off. Never throws: six failed alarms in a row would be the last. */
  async alarm(): Promise<void> {
    this.#alarm.fired();
    try {
      await this.#runTimers();
    } catch (error) {
      this.#logError('timers failed', error);
    }
    try {
      await this.#drain();
      this.#cursor.save(this.#outbox.published);
    } catch (error) {
      this.#logError('alarm failed', error);
    } finally {
      this.#rearm(this.#deps.now());
    }
  }

  #submit(commands: readonly CommandEnvelope[], context: CommandContext): Promise<Verdict[]> {
    return this.#group.submit(commands.map((command) => ({ command, context })));
  }

  /** One synchronous turn; what it writes is committed as one transaction when it ends. */
  #turn(entries: readonly CommandEntry[]): Verdict[] {
    const now = this.#deps.now();
    const before = this.aggregate.log.isStored ? this.aggregate.current().version : 0;
    const verdicts = this.aggregate.execute(entries, now);
    const { version } = this.aggregate.current();
    if (version > before) {
      this.#cursor.save(this.#outbox.published);
      this.#rearm(now);
      this.#scheduleDrain(now);
    }
    if (this.#deps.logger.enabled('debug')) this.#logTurn(entries, verdicts);
    return verdicts;
  }

  #describe(verdict: Verdict): Outcome {
    if (verdict.status === 'refused') return verdict;
    const { firstVersion, version, status } = verdict;
    const events = this.aggregate.log.read(firstVersion, version - firstVersion + 1);
    const reply = this.aggregate.decider.reply?.(events.map(decodeEvent)) ?? {};
    return { status, version, events: events.map(eventReference), reply };
  }

  #page(fromVersion: number, limit: number) {
    if (fromVersion <= 1)
      return { previousHash: GENESIS_HASH_TEXT, events: this.aggregate.log.read(1, limit) };
    const [before, ...events] = this.aggregate.log.read(fromVersion - 1, limit + 1);
    return { previousHash: before?.hash ?? GENESIS_HASH_TEXT, events };
  }

  #wake(): void {
    const now = this.#deps.now();
    if (this.#outbox.isBehind) this.#scheduleDrain(now);
    this.#rearm(now);
  }

  /** Sets the alarm for whatever is left to do. */
  #rearm(now: number): void {
    const timerAt = this.#nextTimerAt(now);
    if (timerAt !== undefined) this.#alarm.setBefore(timerAt);
    if (this.#outbox.isBehind) this.#alarm.setBefore(now + DRAIN_SAFETY_MS);
  }

  /**
   * When the next timer is due. A state that cannot be worked out, from an event of newer code, must not keep the object from
   * waking: its log can still be read, and the alarm looks again.
   */
  #nextTimerAt(now: number): number | undefined {
    try {
      return this.#timers.nextAt();
    } catch (error) {
      this.#logError('timers are unknown', error);
      return now + TIMER_RETRY_MS;
    }
  }

  #scheduleDrain(now: number): void {
    if (this.#drainAt !== undefined) return;
    this.#drainAt = Math.max(now + DRAIN_DELAY_MS, this.#drainedAt + DRAIN_INTERVAL_MS);
    this.#deps.after(() => {
      this.#drainAt = undefined;
      this.#drainedAt = this.#deps.now();
      void this.#drain();
    }, this.#drainAt - now);
  }

  async #drain(): Promise<void> {
    const error = await this.#outbox.drain();
    if (error === undefined) return;
    this.#deps.logger.log('warn', 'outbox drain failed', { ...this.#deps.source, ...errorFields(error) });
    this.#alarm.setBefore(this.#deps.now() + this.#outbox.retryDelay);
  }

  async #runTimers(): Promise<void> {
    const due = this.#timers.takeDue(this.#deps.now());
    if (due.length === 0) return;
    const context = { userId: 'timer', correlationId: this.#deps.uniqueId(), causationId: null };
    // Each is a request of its own: one that throws fails alone and holds back neither the others nor the outbox.
    const results = await Promise.allSettled(
      due.map((timer) => this.#submit([{ ...timer.command, commandId: timerCommandId(timer) }], context)),
    );
    for (const timer of this.#timers.stillRunning(due)) {
      const result = results[due.indexOf(timer)];
      this.#deps.logger.log('error', 'timer still runs after its command', {
        ...this.#deps.source,
        timer: timer.timer,
        ...(result?.status === 'rejected' ? errorFields(result.reason) : {}),
      });
    }
  }

  #logError(message: string, error: unknown): void {
    this.#deps.logger.log('error', message, { ...this.#deps.source, ...errorFields(error) });
  }

  #logTurn(entries: readonly CommandEntry[], verdicts: readonly Verdict[]): void {
    entries.forEach(({ command, context }, index) => {
      const verdict = verdicts[index] as Verdict;
      const version = verdict.status === 'refused' ? verdict.currentVersion : verdict.version;
      this.#deps.logger.log('debug', 'command decided', {
        ...this.#deps.source,
        version,
        correlationId: context.correlationId,
        commandId: command.commandId,
        command: command.type,
        status: verdict.status,
        ...(verdict.status === 'refused' ? { code: verdict.code } : {}),
      });
    });
  }
}

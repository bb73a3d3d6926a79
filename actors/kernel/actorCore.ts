/**
 * What every event-sourced actor does around its aggregate: group commit, when the outbox is drained, when its cursor is
 * saved, the one alarm, timers, and picking everything up again on wake. No Cloudflare import: the Durable Object
 * (`eventSourcedActor.ts`) and the simulation run this very class on different worlds.
 */
import type { CommandContext, CommandEnvelope, Outcome } from '../../schemas/envelope.ts';
import { GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import { errorFields } from '../../telemetry/logger.ts';
import type { ActorDeps } from './actorDeps.ts';
import { Aggregate } from './aggregate.ts';
import { AlarmClock, drainSafetyAt } from './alarmClock.ts';
import { Announcing } from './announcing.ts';
import { Effects } from './effects.ts';
import { Entrance } from './entrance.ts';
import { envelopeTexts, eventReference } from './envelopes.ts';
import { decodeEvent } from './eventLog.ts';
import { type EventPage, eventPage, type WantedPage } from './eventPage.ts';
import { GroupCommit } from './groupCommit.ts';
import { LOG_MESSAGE_BYTES_MAX, packMessages } from './messages.ts';
import { Outbox } from './outbox.ts';
import { OutboxCursor } from './outboxCursor.ts';
import { TIMER_RETRY_MS, Timers, timerCommandId } from './timers.ts';
import type { CommandEntry, Verdict } from './turn.ts';
import { logTurn } from './turnLog.ts';
import { type ChainReport, type VerifyRange, verifyChain } from './verify.ts';

export type { ActorDeps } from './actorDeps.ts';

/** Events that one read returns. */
export const READ_EVENTS_MAX = 1_000;

/** A command's verdict without its events: what a batch answers, cheap to carry across RPC. */
export type BriefOutcome =
  | { readonly status: 'accepted' | 'replayed'; readonly version: number }
  | Extract<Outcome, { status: 'refused' }>;

export class ActorCore<State> {
  readonly aggregate: Aggregate<State>;
  readonly #deps: ActorDeps;
  readonly #group: GroupCommit<CommandEntry, Verdict>;
  readonly #cursor: OutboxCursor;
  readonly outbox: Outbox;
  readonly #entrance: Entrance;
  readonly #alarm: AlarmClock;
  readonly #timers: Timers;
  /** Undefined for an aggregate that has none: it pays nothing for them. */
  readonly #effects: Effects | undefined;
  readonly #announcing: Announcing;

  /** Wakes the actor: after eviction, crash or deploy whatever was left to do is picked up again. */
  constructor(deps: ActorDeps) {
    this.#deps = deps;
    this.aggregate = new Aggregate<State>(deps.storage, deps.decider, deps.source.aggregateId);
    this.#group = new GroupCommit(
      (entries) => this.#turn(entries),
      (task) => deps.nextTurn(task),
    );
    this.#cursor = new OutboxCursor(deps.storage, this.aggregate.log.isStored);
    this.outbox = new Outbox(
      {
        source: deps.source,
        head: () => this.#version(),
        read: (fromVersion, limit) => this.aggregate.log.read(fromVersion, limit),
        release: (upToVersion) => this.aggregate.log.releaseTail(upToVersion),
        groups: deps.groups,
        register: () => deps.register(),
        now: () => deps.now(),
      },
      this.#cursor.saved,
    );
    this.#announcing = new Announcing(this.outbox, deps, (now) => void this.#drain(now));
    this.#entrance = new Entrance(this.outbox);
    this.#alarm = new AlarmClock((at) => deps.setAlarm(at));
    this.#timers = new Timers(this.aggregate);
    this.#effects =
      deps.decider.effects &&
      new Effects(this.aggregate, deps, {
        submit: async (command, context) => (await this.#submit([command], context))[0] as Verdict,
        wakeBefore: (at, now) => this.#alarm.setBefore(at, now),
      });
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
  ): { state: State; version: number; hash: string; recordedAt: number } | null {
    const head = this.aggregate.log.head().version;
    const version = asOf.at !== undefined ? this.aggregate.log.versionAt(asOf.at) : (asOf.version ?? head);
    if (version === 0 || version > head) return null;
    const fold = version === head ? this.aggregate.current() : this.aggregate.stateAt(version);
    const { state, hash, recordedAt } = fold;
    return { state: state as State, version: fold.version, hash, recordedAt };
  }

  /**
   * Version of the newest event. The sweeper asks every actor for it, which is the occasion to set an alarm again that the
   * platform has given up.
   */
  head(): number {
    if (this.aggregate.log.isStored) this.#rearm(this.#deps.now());
    return this.#version();
  }

  /** Envelopes from a version on as the text of a JSON array: stored bytes pass through unparsed. */
  events(fromVersion: number, limit: number): string {
    const { previousHash, events } = this.#page(fromVersion, Math.min(limit, READ_EVENTS_MAX));
    return `[${envelopeTexts(this.#deps.source, previousHash, events).join()}]`;
  }

  /** The first of the same, as far as a page goes. */
  eventPage(wanted: WantedPage): EventPage {
    return eventPage(this.#deps.source, (fromVersion, limit) => this.#page(fromVersion, limit), wanted);
  }

  /** The same range as queue messages: what a projector reads to fill a hole or to rebuild, and the archive in `isWhole`. */
  messages(fromVersion: number, limit: number, isWhole = false): string[] {
    const { previousHash, events } = this.#page(fromVersion, limit);
    const packing = { bytesMax: LOG_MESSAGE_BYTES_MAX, isWhole };
    return packMessages(this.#deps.source, previousHash, events, packing).map(({ text }) => text);
  }

  /** Recomputes a part of the hash chain; the first one if none is named. */
  verify(range?: VerifyRange): ChainReport {
    return verifyChain(this.#deps.source, this.aggregate.log, range);
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
    // Not waited for: whatever is called may take its time, and a handler that runs keeps the next alarm from firing.
    this.#effects?.schedule();
    try {
      await this.#drain();
      this.#cursor.save(this.outbox.published);
    } catch (error) {
      this.#logError('alarm failed', error);
    } finally {
      this.#rearm(this.#deps.now());
    }
  }

  #submit(commands: readonly CommandEnvelope[], context: CommandContext): Promise<Verdict[]> {
    const entries = commands.map((command) => ({ command, context }));
    const isNeeded = () => this.aggregate.beginsWith(entries, this.#deps.now());
    return this.#entrance.enter(isNeeded, () => this.#group.submit(entries));
  }

  /** One synchronous turn; what it writes is committed as one transaction when it ends, or nothing where it throws. */
  #turn(entries: readonly CommandEntry[]): Verdict[] {
    // What was under way when the log was held must not go on in it.
    this.#deps.requireFree?.();
    const now = this.#deps.now();
    const before = this.#version();
    const alarmAt = this.#alarm.at;
    let verdicts: Verdict[];
    try {
      verdicts = this.#deps.storage.transactionSync(() => {
        const decided = this.aggregate.execute(entries, now);
        if (this.#version() > before) {
          this.#rearm(now);
          this.#deps.appended?.(before + 1);
        }
        return decided;
      });
    } catch (error) {
      this.aggregate.forget();
      this.#alarm.restore(alarmAt);
      throw error;
    }
    if (this.#version() > before) {
      this.#announcing.schedule(now);
      this.#effects?.schedule();
      this.#deps.committed?.();
    }
    logTurn(this.#deps.logger, this.#deps.source, entries, verdicts);
    return verdicts;
  }

  #version(): number {
    return this.aggregate.log.head().version;
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
    this.#effects?.wake();
    if (this.outbox.isBehind) this.#announcing.schedule(now);
    this.#rearm(now);
  }

  /** Sets the alarm for whatever is left to do. */
  #rearm(now: number): void {
    const workAt = this.#nextWorkAt(now) ?? Number.POSITIVE_INFINITY;
    const safetyAt = drainSafetyAt(this.#deps.source.aggregateId, now);
    const at = this.outbox.isBehind ? Math.min(workAt, safetyAt) : workAt;
    // One setting for everything, since each is a written row.
    if (at < Number.POSITIVE_INFINITY) this.#alarm.setBefore(at, now);
  }

  /**
   * When the next timer or effect is due. A state that cannot be worked out, from an event of newer code, must not keep the object from
   * waking: its log can still be read, and the alarm looks again.
   */
  #nextWorkAt(now: number): number | undefined {
    try {
      const timerAt = this.#timers.nextAt();
      const effectAt = this.#effects?.nextAt(now);
      return effectAt === undefined || (timerAt !== undefined && timerAt < effectAt) ? timerAt : effectAt;
    } catch (error) {
      this.#logError('timers are unknown', error);
      return now + TIMER_RETRY_MS;
    }
  }

  /** Tells the groups whose time has come by `before`; all of them, patient ones too, where it is left out. */
  async #drain(before?: number): Promise<void> {
    const error = await this.outbox.drain(before);
    const now = this.#deps.now();
    // What was committed meanwhile is told soon.
    this.#announcing.schedule(now);
    if (error === undefined) return;
    this.#deps.logger.log('warn', 'outbox drain failed', { ...this.#deps.source, ...errorFields(error) });
    const { retryAt } = this.outbox;
    if (retryAt !== undefined) this.#alarm.setBefore(retryAt, now);
    // This may replace the alarm whose handler is running: if that crashes now, its timers must not wait for the queue.
    this.#rearm(now);
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
}

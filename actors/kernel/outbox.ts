/**
 * The drain policy of the outbox. The log is the outbox: one cursor says how far it was published. Events are read from
 * the log, packed, sent, and only then does the cursor move; a crash in between sends them again, which every consumer
 * recognises. No Cloudflare import: the simulation runs this very module against queues that fail.
 */

import { GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import { message, type PackedMessage, packMessages, type Source } from './messages.ts';
import type { StoredEvent } from './storedEvents.ts';

/**
 * Events that announcements carry, together: a longer range is only named, and whoever is told reads it from the log.
 * Carrying an event through a queue costs more than reading it there once a range has some dozens (docs/benchmarks.md).
 */
export const CARRIED_EVENTS_MAX = 64;

/** A batch to a queue holds 256 kB, and 100 messages, which is more than there are; the margin is for the platform's metadata. */
export const BATCH_BYTES_MAX = 255_000;

/** Pause after a failed drain: doubles from one second up to a minute, for as long as the queue fails. */
export const DRAIN_RETRY_FIRST_MS = 1_000;
export const DRAIN_RETRY_MAX_MS = 60_000;

/** Whoever is told of what was committed, through a queue of its own. */
export interface ConsumerGroup {
  readonly name: string;
  /** It is told only by a drain of everything, and only which events there are: it reads the log when it needs them. */
  readonly isPatient?: boolean;
  /** It is told of each commit, however soon after the last one. */
  readonly isUrgent?: boolean;
  /** Resolves when the queue has stored the messages. */
  send(texts: readonly string[]): Promise<void>;
}

/** What the outbox reads from and sends to. */
export interface OutboxDeps {
  readonly source: Source;
  readonly groups: readonly ConsumerGroup[];
  head(): number;
  /** Events from a version on, in order. */
  read(fromVersion: number, limit: number): StoredEvent[];
  /** Events up to a version will not be read again. */
  release(upToVersion: number): void;
  /** Makes the aggregate known to the sweeper. Called before its first event is answered or announced. */
  register(): Promise<void>;
  /** Milliseconds since 1970. */
  now(): number;
}

/** How far a group was told, and since when it lacks what comes next: milliseconds since 1970, null where nothing does. */
export interface Told {
  readonly group: string;
  readonly version: number;
  readonly lacksSince: number | null;
}

/** How far one group was told, as far as this instance knows. */
interface Standing {
  readonly group: ConsumerGroup;
  published: number;
  failures: number;
  /** It is told from then on, milliseconds since 1970: later while its queue fails, and never of itself where it is patient. */
  dueAt: number;
}

export class Outbox {
  readonly #deps: OutboxDeps;
  readonly #standings: readonly Standing[];
  #registered: boolean;
  #registering: Promise<void> | undefined;
  #running: Promise<unknown> | undefined;
  /** What the run began with. */
  #runningBy = 0;

  constructor(deps: OutboxDeps, published: number) {
    this.#deps = deps;
    this.#standings = deps.groups.map((group) => ({ group, published, failures: 0, dueAt: dueAt(group) }));
    this.#registered = published > 0;
  }

  /** How far the log was published to every group. One that fails is told again what the others have heard since. */
  get published(): number {
    return Math.min(...this.#standings.map(({ published }) => published));
  }

  /** How far each group was told. */
  told(): Told[] {
    const head = this.#deps.head();
    return this.#standings.map(({ group, published }) => {
      const next = published < head ? this.#deps.read(published + 1, 1)[0] : undefined;
      return { group: group.name, version: published, lacksSince: next?.recordedAt ?? null };
    });
  }

  /** Whether the sweeper knows the aggregate for sure. */
  get isRegistered(): boolean {
    return this.#registered;
  }

  /** Makes the aggregate known to the sweeper. Rejects where the directory does not answer. */
  async register(): Promise<void> {
    this.#registering ??= this.#deps.register().finally(() => {
      this.#registering = undefined;
    });
    await this.#registering;
    this.#registered = true;
  }

  get isBehind(): boolean {
    return this.published < this.#deps.head();
  }

  /** Whether some group may be told something now, in milliseconds since 1970. */
  isDue(now: number): boolean {
    const head = this.#deps.head();
    return this.#standings.some(({ published, dueAt }) => published < head && dueAt <= now);
  }

  /** Whether a group is among those that may be told something now which waits for no more to come. */
  isUrgent(now: number): boolean {
    const head = this.#deps.head();
    return this.#standings.some(
      ({ group, published, dueAt }) => group.isUrgent === true && published < head && dueAt <= now,
    );
  }

  /** When the first group is tried again whose queue has failed, milliseconds since 1970; undefined where none has. */
  get retryAt(): number | undefined {
    const failing = this.#standings.filter(({ failures }) => failures > 0).map(({ dueAt }) => dueAt);
    return failing.length === 0 ? undefined : Math.min(...failing);
  }

  /**
   * Tells each group everything that is committed as it begins; what comes meanwhile is the next drain's, since one that
   * chased a moving head would not end under load, and timers wait behind it in the alarm. Groups whose time has not come
   * by `now`, in milliseconds since 1970, wait and hold up no other; without it nobody waits. Two calls share one run, for
   * two would send everything twice; only a run without `now` does for a call without it. Resolves with undefined, or
   * with an error that stopped a group: it then stands where its last successful send left it.
   */
  drain(now = Number.POSITIVE_INFINITY): Promise<unknown> {
    if (this.#running !== undefined && now === Number.POSITIVE_INFINITY && this.#runningBy < now)
      return this.#running.then(() => this.drain());
    this.#running ??= this.#run(now).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #run(now: number): Promise<unknown> {
    this.#runningBy = now;
    const end = this.#deps.head();
    const open = this.#standings.filter(({ published, dueAt }) => published < end && dueAt <= now);
    // Groups that stand together are told the same texts: as a rule that is all of a kind.
    const together = Map.groupBy(open, ({ group, published }) => `${group.isPatient === true} ${published}`);
    const errors = await Promise.all(Array.from(together.values(), (groups) => this.#tell(groups, end)));
    return errors.find((error) => error !== undefined);
  }

  /** Brings groups that stand together up to `end`; resolves with the first error. */
  async #tell(together: readonly Standing[], end: number): Promise<unknown> {
    try {
      if (!this.isRegistered) await this.register();
      const announced = batches(this.#messages(together[0] as Standing, end));
      const errors = await Promise.all(together.map((standing) => this.#send(standing, announced)));
      return errors.find((error) => error !== undefined);
    } catch (error) {
      for (const standing of together) this.#failed(standing);
      return error;
    }
  }

  async #send(standing: Standing, announced: readonly PackedMessage[][]): Promise<unknown> {
    try {
      for (const batch of announced) {
        await standing.group.send(batch.map((message) => message.text));
        standing.published = (batch.at(-1) as PackedMessage).toVersion;
        this.#deps.release(this.#carried - 1);
      }
      Object.assign(standing, { failures: 0, dueAt: dueAt(standing.group) });
      return undefined;
    } catch (error) {
      this.#failed(standing);
      return error;
    }
  }

  #failed(standing: Standing): void {
    standing.failures++;
    const delay = Math.min(DRAIN_RETRY_FIRST_MS * 2 ** (standing.failures - 1), DRAIN_RETRY_MAX_MS);
    standing.dueAt = this.#deps.now() + delay;
  }

  /** How far every group was told that is told the events: nobody reads those again. */
  get #carried(): number {
    const eager = this.#standings.filter(({ group }) => group.isPatient !== true);
    return Math.min(this.#deps.head(), ...eager.map(({ published }) => published));
  }

  /** What a group is told of what it has not heard up to `end`. */
  #messages({ group, published }: Standing, end: number): PackedMessage[] {
    const { source, read } = this.#deps;
    const isCarried = group.isPatient !== true && end - published <= CARRIED_EVENTS_MAX;
    const limit = isCarried ? end - published : 0;
    const events = published === 0 ? read(1, limit) : read(published, limit + 1);
    const before = published === 0 ? { hash: GENESIS_HASH_TEXT } : events.shift();
    if (before === undefined) throw new Error(`the log has no version ${published}, which was published`);
    if (isCarried) return packMessages(source, before.hash, events);
    return [message(source, before.hash, { fromVersion: published + 1, toVersion: end })];
  }
}

/** When a group is told whose queue works. */
function dueAt({ isPatient }: ConsumerGroup): number {
  return isPatient === true ? Number.POSITIVE_INFINITY : 0;
}

function batches(messages: readonly PackedMessage[]): PackedMessage[][] {
  const result: PackedMessage[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const current = result.at(-1);
    if (current === undefined || bytes + message.bytes > BATCH_BYTES_MAX) {
      result.push([message]);
      bytes = message.bytes;
    } else {
      current.push(message);
      bytes += message.bytes;
    }
  }
  return result;
}

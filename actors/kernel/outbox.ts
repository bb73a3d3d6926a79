/**
 * The drain policy of the outbox. The log is the outbox: one cursor says how far it was published. Events are read from
 * the log, packed, sent, and only then does the cursor move; a crash in between sends them again, which every consumer
 * recognises. No Cloudflare import: the simulation runs this very module against queues that fail.
 */

import { GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import type { StoredEvent } from './eventLog.ts';
import { type PackedMessage, packMessages, type Source } from './messages.ts';

/** Events read from the log at a time. */
const DRAIN_PAGE_EVENTS = 500;

/** A batch to a queue holds 100 messages and 256 kB; the margin is for the platform's own metadata. */
export const BATCH_MESSAGES_MAX = 100;
export const BATCH_BYTES_MAX = 255_000;

/** Pause after a failed drain: doubles from one second up to a minute, for as long as the queue fails. */
export const DRAIN_RETRY_FIRST_MS = 1_000;
export const DRAIN_RETRY_MAX_MS = 60_000;

/** What the outbox reads from and sends to. */
export interface OutboxDeps {
  readonly source: Source;
  head(): number;
  /** Events from a version on, in order. */
  read(fromVersion: number, limit: number): StoredEvent[];
  /** Events up to a version will not be read again. */
  release(upToVersion: number): void;
  /** Sends to every consumer group's queue; resolves when each has stored the messages. */
  send(texts: readonly string[]): Promise<void>;
  /** Makes the aggregate known to the sweeper. Called before its first event is answered or announced. */
  register(): Promise<void>;
}

export class Outbox {
  readonly #deps: OutboxDeps;
  /** How far the log was published, as far as this instance knows. */
  published: number;
  #failures = 0;
  #registered: boolean;
  #registering: Promise<void> | undefined;
  #running: Promise<unknown> | undefined;

  constructor(deps: OutboxDeps, published: number) {
    this.#deps = deps;
    this.published = published;
    this.#registered = published > 0;
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

  /** Milliseconds to wait before the next try, after `drain` resolved with an error. */
  get retryDelay(): number {
    return Math.min(DRAIN_RETRY_FIRST_MS * 2 ** Math.max(0, this.#failures - 1), DRAIN_RETRY_MAX_MS);
  }

  /**
   * Publishes everything that is committed as it begins; what comes meanwhile is the next drain's, since one that chased a
   * moving head would not end under load, and timers wait behind it in the alarm. Two calls share one run, for two would send everything twice. Resolves with
   * undefined, or with the error that stopped it: the cursor then stands where the last successful send left it.
   */
  drain(): Promise<unknown> {
    this.#running ??= this.#run()
      .then(
        () => {
          this.#failures = 0;
          return undefined;
        },
        (error: unknown) => {
          this.#failures++;
          return error;
        },
      )
      .finally(() => {
        this.#running = undefined;
      });
    return this.#running;
  }

  async #run(): Promise<void> {
    const end = this.#deps.head();
    while (this.published < end) {
      if (!this.isRegistered) await this.register();
      const { previousHash, events } = this.#nextPage();
      for (const batch of batches(packMessages(this.#deps.source, previousHash, events))) {
        await this.#deps.send(batch.map((message) => message.text));
        this.published = (batch.at(-1) as PackedMessage).toVersion;
        this.#deps.release(this.published - 1);
      }
    }
  }

  #nextPage(): { previousHash: string; events: StoredEvent[] } {
    if (this.published === 0)
      return { previousHash: GENESIS_HASH_TEXT, events: this.#deps.read(1, DRAIN_PAGE_EVENTS) };
    const [before, ...events] = this.#deps.read(this.published, DRAIN_PAGE_EVENTS + 1);
    if (before === undefined)
      throw new Error(`the log has no version ${this.published}, which was published`);
    return { previousHash: before.hash, events };
  }
}

function batches(messages: readonly PackedMessage[]): PackedMessage[][] {
  const result: PackedMessage[][] = [];
  let bytes = 0;
  for (const message of messages) {
    const current = result.at(-1);
    if (
      current === undefined ||
      current.length === BATCH_MESSAGES_MAX ||
      bytes + message.bytes > BATCH_BYTES_MAX
    ) {
      result.push([message]);
      bytes = message.bytes;
    } else {
      current.push(message);
      bytes += message.bytes;
    }
  }
  return result;
}

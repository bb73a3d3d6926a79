/**
 * Who watches an aggregate: hubs of live subscribers (workers/streams), told of every commit as it is made. The platform
 * lets a notice go only when what was committed is durable. A notice is a wake-up that happens to carry the events: a hub
 * that misses one finds the hole by its versions and reads the log. No Cloudflare import.
 */
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import type { Source } from './messages.ts';
import type { ActorStorage } from './storage.ts';

/** Events that one notice carries. A hub that is further behind is told how far the log goes, and reads it. */
export const NOTICE_EVENTS_MAX = 500;

/** Characters of events in a notice, which a subscription sends on as one page: what is larger is read in pages. */
const NOTICE_CHARACTERS_MAX = 128 * 1024;

/** Pause after a notice that did not arrive: doubles from a tenth of a second up to five seconds. */
export const NOTICE_RETRY_FIRST_MS = 100;
const NOTICE_RETRY_MAX_MS = 5_000;

/** Tries in a row, over some thirty seconds; then the next commit, waking or sweep tells the hub. */
export const NOTICE_TRIES_MAX = 12;

/** What a hub is told: the log of this aggregate now goes as far as `toVersion`. */
export interface Notice extends Source {
  readonly fromVersion: number;
  readonly toVersion: number;
  /** The envelopes from `fromVersion` to `toVersion` as the text of a JSON array; null where they are not sent along. */
  readonly events: string | null;
}

/** What watching needs of its actor. */
export interface WatcherDeps {
  readonly source: Source;
  readonly storage: ActorStorage;
  readonly logger: Logger;
  head(): number;
  /** Envelopes from a version on as the text of a JSON array. */
  events(fromVersion: number, limit: number): string;
  /** Tells a hub; false: nobody there watches the aggregate any more. */
  notify(hub: string, notice: Notice): Promise<boolean>;
  after(task: () => void, milliseconds: number): void;
}

/** One hub as this instance knows it. */
interface Hub {
  /** What it was told, as far as this instance knows; undefined: nothing. */
  told: number | undefined;
  isRunning: boolean;
  failures: number;
  /** Whether it is tried again after a pause. */
  isPaused: boolean;
  /** Counts its calls of `watch`, so that an older "nobody watches" does not undo a newer one. */
  watches: number;
}

/** The hubs that watch one aggregate. They are stored: a watched aggregate may sleep for days between two commits. */
export class Watchers {
  readonly #deps: WatcherDeps;
  #known: Map<string, Hub> | undefined;

  constructor(deps: WatcherDeps) {
    this.#deps = deps;
  }

  /**
   * Has a hub told of every commit after the version that this answers. 0: there is no such aggregate, and no watching, unless it
   * `isToCome`: then the first commit is told as well.
   */
  watch(name: string, isToCome = false): number {
    const head = this.#deps.head();
    if (head === 0 && !isToCome) return 0;
    let hub = this.#hubs().get(name);
    if (hub === undefined) {
      const { sql } = this.#deps.storage;
      // Made by the first who watches: all other aggregates have one table less.
      sql.exec('CREATE TABLE IF NOT EXISTS watchers (hub TEXT PRIMARY KEY) STRICT, WITHOUT ROWID');
      sql.exec('INSERT OR IGNORE INTO watchers VALUES (?)', name);
      hub = { told: head, isRunning: false, failures: 0, isPaused: false, watches: 0 };
      this.#hubs().set(name, hub);
    }
    hub.watches++;
    return head;
  }

  /**
   * To be called in the turn that appended; on waking, since a crash may have lost the last notices; and now and then, for hubs that
   * were given up. Whoever has heard of all is told nothing.
   */
  tell(): void {
    for (const [name, hub] of this.#hubs()) if (!hub.isRunning) void this.#run(name, hub);
  }

  /** One notice at a time for each hub: what is committed meanwhile is the next one's. */
  async #run(name: string, hub: Hub): Promise<void> {
    hub.isRunning = true;
    try {
      while (hub.told === undefined || hub.told < this.#deps.head()) {
        const { watches } = hub;
        const notice = this.#notice(hub.told);
        if (!(await this.#deps.notify(name, notice)) && hub.watches === watches) return this.#forget(name);
        hub.told = notice.toVersion;
        hub.failures = 0;
      }
    } catch (error) {
      this.#failed(name, hub, error);
    } finally {
      hub.isRunning = false;
    }
  }

  #notice(told: number | undefined): Notice {
    const toVersion = this.#deps.head();
    const fromVersion = (told ?? toVersion) + 1;
    const count = toVersion - fromVersion + 1;
    const events = count > 0 && count <= NOTICE_EVENTS_MAX ? this.#deps.events(fromVersion, count) : null;
    const fits = events !== null && events.length <= NOTICE_CHARACTERS_MAX;
    return { ...this.#deps.source, fromVersion, toVersion, events: fits ? events : null };
  }

  #failed(name: string, hub: Hub, error: unknown): void {
    // What was committed in the pause was told in vain as well: that uses up no try, since many commits come in a moment.
    if (hub.isPaused) return;
    hub.failures++;
    if (hub.failures === 1) {
      const fields = { ...this.#deps.source, hub: name, ...errorFields(error) };
      this.#deps.logger.log('warn', 'a hub does not hear of events', fields);
    }
    if (hub.failures >= NOTICE_TRIES_MAX) return;
    const pause = Math.min(NOTICE_RETRY_FIRST_MS * 2 ** (hub.failures - 1), NOTICE_RETRY_MAX_MS);
    hub.isPaused = true;
    this.#deps.after(() => {
      hub.isPaused = false;
      if (!hub.isRunning) void this.#run(name, hub);
    }, pause);
  }

  #forget(name: string): void {
    this.#deps.storage.sql.exec('DELETE FROM watchers WHERE hub = ?', name);
    this.#hubs().delete(name);
  }

  /** As stored, read once. What they were told is not: a notice too many is recognised by its versions. */
  #hubs(): Map<string, Hub> {
    this.#known ??= new Map(
      storedHubs(this.#deps.storage).map((hub) => [
        hub,
        { told: undefined, isRunning: false, failures: 0, isPaused: false, watches: 0 },
      ]),
    );
    return this.#known;
  }
}

function storedHubs({ sql }: ActorStorage): string[] {
  const isMade = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'watchers'";
  if (sql.exec(isMade).toArray().length === 0) return [];
  return sql
    .exec<{ hub: string }>('SELECT hub FROM watchers')
    .toArray()
    .map(({ hub }) => hub);
}

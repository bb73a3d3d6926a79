/**
 * How much one isolate takes on at a time. What is above is refused at once and may be sent again, so that what was taken on
 * is finished. From half of that on no client may hold more than its fair share, for which the next client to come counts as
 * one; and the last tenth is for clients of whom nothing is in flight, so that nobody is kept out by others.
 */

/** Requests at a time. Each waits for an object and holds some ten kilobytes: an isolate has 128 MB. */
export const IN_FLIGHT_MAX = 6_000;

/** Bytes of bodies at a time, as announced, or else as they come. Parsed commands take several times the room of their text. */
export const IN_FLIGHT_BYTES_MAX = 48 * 1024 * 1024;

/**
 * Milliseconds after which a request counts no more that has not said that it was answered. The platform may end one without a word, for
 * its processor time or with its object, and nobody would give its room back. A body may take one minute to come, an answer less to make.
 */
export const STAY_MS_MAX = 120_000;

/** Milliseconds between two looks for such requests. */
const LOOK_MS = 1_000;

/** Part of a limit below which nobody's share is looked at. */
const RELAXED_SHARE = 0.5;

/** Part of a limit that is left to whoever has nothing in flight. */
const RESERVED_SHARE = 0.1;

/** The limits of an isolate. */
export interface AdmissionLimits {
  readonly requests: number;
  readonly bytes: number;
}

/** A request that was taken on, for whoever works on it. */
export interface Stay {
  /** Takes more bytes of it, as if it were another request; false where there is no room for them, or it has left. */
  grow(bytes: number): boolean;
  /** Has it count until it leaves, however late: somebody else sees to that. */
  remain(): void;
  /** It was answered. A second time changes nothing. */
  leave(): void;
}

interface Load {
  requests: number;
  bytes: number;
}

interface Entered {
  readonly client: string;
  /** Milliseconds since 1970. */
  readonly since: number;
  bytes: number;
  hasLeft: boolean;
}

/** Counts what is in flight, by client. */
export class Admission {
  readonly #now: () => number;
  readonly #limits: AdmissionLimits;
  readonly #clients = new Map<string, Load>();
  readonly #total: Load = { requests: 0, bytes: 0 };
  /** Those that may end without a word, in the order in which they came. */
  readonly #watched = new Set<Entered>();
  #lookedAt = Number.NEGATIVE_INFINITY;
  #taken = 0;

  /** `now`: milliseconds since 1970. */
  constructor(
    now: () => number,
    limits: AdmissionLimits = { requests: IN_FLIGHT_MAX, bytes: IN_FLIGHT_BYTES_MAX },
  ) {
    this.#now = now;
    this.#limits = limits;
  }

  /** Requests in flight. */
  get requests(): number {
    this.#forgetLost(this.#now());
    return this.#total.requests;
  }

  /** Requests that were taken on so far. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes a request on; undefined where there is no room for it. */
  enter(client: string, bytes: number): Stay | undefined {
    const now = this.#now();
    this.#forgetLost(now);
    const load = this.#clients.get(client) ?? { requests: 0, bytes: 0 };
    if (!this.#hasRoom(load, 1, bytes)) return undefined;
    if (load.requests === 0) this.#clients.set(client, load);
    add(load, 1, bytes);
    add(this.#total, 1, bytes);
    this.#taken++;
    const entered: Entered = { client, since: now, bytes, hasLeft: false };
    this.#watched.add(entered);
    return {
      grow: (more) => this.#grow(entered, more),
      remain: () => void this.#watched.delete(entered),
      leave: () => this.#leave(entered),
    };
  }

  #grow(entered: Entered, bytes: number): boolean {
    if (entered.hasLeft) return false;
    const load = this.#loadOf(entered);
    if (!this.#hasRoom(load, 0, bytes)) return false;
    add(load, 0, bytes);
    add(this.#total, 0, bytes);
    entered.bytes += bytes;
    return true;
  }

  #leave(entered: Entered): void {
    if (entered.hasLeft) return;
    const load = this.#loadOf(entered);
    entered.hasLeft = true;
    this.#watched.delete(entered);
    add(load, -1, -entered.bytes);
    add(this.#total, -1, -entered.bytes);
    if (load.requests === 0) this.#clients.delete(entered.client);
  }

  #loadOf({ client }: Entered): Load {
    const load = this.#clients.get(client);
    if (load === undefined) throw new Error(`nothing of ${client} is in flight`);
    return load;
  }

  #forgetLost(now: number): void {
    if (now < this.#lookedAt + LOOK_MS) return;
    this.#lookedAt = now;
    for (const entered of this.#watched) {
      if (entered.since + STAY_MS_MAX > now) return;
      this.#leave(entered);
    }
  }

  #hasRoom(load: Load, requests: number, bytes: number): boolean {
    const clients = this.#clients.size + (load.requests === 0 ? 1 : 0);
    for (const [kind, more] of [
      ['requests', requests],
      ['bytes', bytes],
    ] as const) {
      // What was taken on is finished.
      if (kind === 'requests' && more === 0) continue;
      const limit = this.#limits[kind];
      const total = this.#total[kind] + more;
      if (total > limit) return false;
      // A single body may be larger than a share: alone it passes.
      if (load.requests + requests === 1) continue;
      const isUnfair = load[kind] + more > limit / (clients + 1);
      if (total > limit * RELAXED_SHARE && isUnfair) return false;
      if (total > limit * (1 - RESERVED_SHARE)) return false;
    }
    return true;
  }
}

function add(load: Load, requests: number, bytes: number): void {
  load.requests += requests;
  load.bytes += bytes;
}

/**
 * How much one isolate takes on at a time. What is above is refused at once and may be sent again, so that what was taken on
 * is finished. From half of that on no client may hold more than its fair share, for which the next client to come counts as
 * one; and the last tenth is for clients of whom nothing is in flight, so that nobody is kept out by others.
 */

/** Requests at a time. Each waits for an object and holds some ten kilobytes: an isolate has 128 MB. */
export const IN_FLIGHT_MAX = 6_000;

/** Bytes of bodies at a time, as announced, or else as they come. Parsed commands take several times the room of their text. */
export const IN_FLIGHT_BYTES_MAX = 48 * 1024 * 1024;

/** Part of a limit below which nobody's share is looked at. */
const RELAXED_SHARE = 0.5;

/** Part of a limit that is left to whoever has nothing in flight. */
const RESERVED_SHARE = 0.1;

/** The limits of an isolate. */
export interface AdmissionLimits {
  readonly requests: number;
  readonly bytes: number;
}

interface Load {
  requests: number;
  bytes: number;
}

/** Counts what is in flight, by client. What a request asks for more of is looked at as if it were another one. */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #clients = new Map<string, Load>();
  readonly #total: Load = { requests: 0, bytes: 0 };
  #taken = 0;

  constructor(limits: AdmissionLimits = { requests: IN_FLIGHT_MAX, bytes: IN_FLIGHT_BYTES_MAX }) {
    this.#limits = limits;
  }

  /** Requests in flight. */
  get requests(): number {
    return this.#total.requests;
  }

  /** Requests that were taken on so far. */
  get taken(): number {
    return this.#taken;
  }

  /** Takes a request on; false where there is no room for it. Each that was taken on has to {@link leave}. */
  enter(client: string, bytes: number): boolean {
    const load = this.#clients.get(client) ?? { requests: 0, bytes: 0 };
    if (!this.#hasRoom(load, 1, bytes)) return false;
    if (load.requests === 0) this.#clients.set(client, load);
    add(load, 1, bytes);
    add(this.#total, 1, bytes);
    this.#taken++;
    return true;
  }

  /** Takes more bytes of a request that was taken on; false where there is no room for them. */
  grow(client: string, bytes: number): boolean {
    const load = this.#clients.get(client);
    if (load === undefined) throw new Error(`${client} grows without having entered`);
    if (!this.#hasRoom(load, 0, bytes)) return false;
    add(load, 0, bytes);
    add(this.#total, 0, bytes);
    return true;
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

  /** The request was answered. */
  leave(client: string, bytes: number): void {
    const load = this.#clients.get(client);
    if (load === undefined) throw new Error(`${client} leaves without having entered`);
    add(load, -1, -bytes);
    add(this.#total, -1, -bytes);
    if (load.requests === 0) this.#clients.delete(client);
  }
}

function add(load: Load, requests: number, bytes: number): void {
  load.requests += requests;
  load.bytes += bytes;
}

/**
 * How many sockets and subscriptions a hub holds, and of whom. From half of them on no client may have more than its fair share, for which
 * the next client to come counts as one: so nobody is kept out by somebody who opens socket after socket.
 */

/**
 * Sockets of a hub: each takes 1.2 kB of an isolate's 128 MB, asleep or not, since whatever wakes a hub brings all of them back. The platform
 * takes 32,768 for an object.
 */
export const SOCKETS_MAX = 20_000;

/** Subscriptions of a hub, of all its sockets: each takes 0.5 kB, with an aggregate of its own. */
export const HUB_SUBSCRIPTIONS_MAX = 60_000;

/** Part of them below which nobody's share is looked at. */
const RELAXED_SHARE = 0.5;

/** Sockets, or subscriptions, by client. */
export class ClientCounts {
  readonly #max: number;
  readonly #clients = new Map<string, number>();
  #total = 0;

  constructor(max: number) {
    this.#max = max;
  }

  get total(): number {
    return this.#total;
  }

  /** Whether one more of a client is taken. */
  hasRoom(client: string): boolean {
    if (this.#total >= this.#max) return false;
    if (this.#total < this.#max * RELAXED_SHARE) return true;
    const own = this.#clients.get(client) ?? 0;
    const clients = this.#clients.size + (own === 0 ? 1 : 0);
    return own < this.#max / (clients + 1);
  }

  /** So many more of a client; fewer, where it is negative. */
  add(client: string, more: number): void {
    this.#total += more;
    const own = (this.#clients.get(client) ?? 0) + more;
    if (own > 0) this.#clients.set(client, own);
    else this.#clients.delete(client);
  }
}

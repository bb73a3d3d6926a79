/**
 * How many sockets a hub holds, and of whom. From half of them on no client may have more than its fair share, for which the next
 * client to come counts as one: so nobody is kept out by somebody who opens socket after socket.
 */

/** Sockets of a hub: the platform takes 32,768 for an object. */
export const SOCKETS_MAX = 30_000;

/** Part of them below which nobody's share is looked at. */
const RELAXED_SHARE = 0.5;

/** Sockets by client. */
export class SocketCounts {
  readonly #max: number;
  readonly #clients = new Map<string, number>();
  #total = 0;

  constructor(max = SOCKETS_MAX) {
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

  add(client: string): void {
    this.#total++;
    this.#clients.set(client, (this.#clients.get(client) ?? 0) + 1);
  }

  /** One that was added is gone. */
  remove(client: string): void {
    this.#total--;
    const left = (this.#clients.get(client) ?? 0) - 1;
    if (left > 0) this.#clients.set(client, left);
    else this.#clients.delete(client);
  }
}

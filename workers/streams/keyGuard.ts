/**
 * Holds a connection to the key of the service that opened it. A key is an aggregate like any other: the hub watches it, and
 * a key that is revoked, replaced or ended takes its connections with it at once.
 */
import type { ServiceKeyState } from '../../actors/serviceKey/decider.ts';
import type { ShownKey } from '../access/principal.ts';
import { serviceOf } from '../access/serviceKey.ts';
import type { Connection } from './connection.ts';
import type { Clock } from './subscription.ts';
import type { Follower, Watch } from './watches.ts';

export class KeyGuard implements Follower {
  readonly watch: Watch;
  readonly #connection: Connection;
  readonly #shown: ShownKey;
  readonly #clock: Clock;
  /** The version of the key's log that was known when it was last looked at. */
  #lookedAt: number | undefined;

  constructor(watch: Watch, connection: Connection, shown: ShownKey, clock: Clock) {
    this.watch = watch;
    this.#connection = connection;
    this.#shown = shown;
    this.#clock = clock;
    watch.followers.add(this);
  }

  take(): void {
    this.pump();
  }

  /**
   * Looks at the key, once for each version of it: whenever one more connection of the service comes, all others are asked to go on.
   * What cannot be looked at does not count.
   */
  pump(): void {
    if (this.#lookedAt === this.watch.head) return;
    this.#lookedAt = this.watch.head;
    void this.#check().catch(() => this.#end('the key cannot be looked at'));
  }

  /** The connection is over. */
  close(): void {
    this.watch.followers.delete(this);
  }

  async #check(): Promise<void> {
    // An object that was restarted answers the next call; all connections of the service hang on this one.
    const read = await this.watch.state().catch(() => this.watch.state());
    const now = this.#clock.now();
    const service = read === null ? undefined : serviceOf(this.#shown, read.state as ServiceKeyState, now);
    if (service === undefined) this.#end('the key counts no more');
    else this.#connection.endBy(service.endsAt);
  }

  #end(why: string): void {
    this.#connection.close('session_ended', why);
  }
}

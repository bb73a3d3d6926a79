/**
 * Holds a connection to the key of the service that opened it. A key is an aggregate like any other: the hub watches it, and
 * a key that is revoked, replaced or ended takes its connections with it at once.
 */
import type { ServiceKeyState } from '../../actors/serviceKey/decider.ts';
import type { ShownKey } from '../access/principal.ts';
import { serviceOf } from '../access/serviceKey.ts';
import { inTime } from '../inTime.ts';
import type { Connection } from './connection.ts';
import type { Clock } from './subscription.ts';
import type { Follower, Watch } from './watches.ts';

export class KeyGuard implements Follower {
  readonly watch: Watch;
  readonly #connection: Connection;
  readonly #shown: ShownKey;
  readonly #clock: Clock;

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

  /** Looks at the key. What cannot be looked at does not count. */
  pump(): void {
    void this.#check().catch(() => this.#end('the key cannot be looked at'));
  }

  /** The connection is over. */
  close(): void {
    this.watch.followers.delete(this);
  }

  async #check(): Promise<void> {
    const read = await inTime('the key of a service', this.watch.actor.read());
    const now = this.#clock.now();
    const service = read === null ? undefined : serviceOf(this.#shown, read.state as ServiceKeyState, now);
    if (service === undefined) this.#end('the key counts no more');
    else this.#connection.endBy(service.endsAt);
  }

  #end(why: string): void {
    this.#connection.close('session_ended', why);
  }
}

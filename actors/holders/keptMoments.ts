/**
 * The moments of which holdings are kept: so many at once, and each for a day, whatever becomes of the alarm of the object that
 * keeps them. No Cloudflare import.
 */
import { KEPT_AT_LEAST_MS, KEPT_MS, MOMENTS_MAX } from '../../schemas/holding.ts';
import { migrate } from '../kernel/migrations.ts';
import type { ActorStorage } from '../kernel/storage.ts';

const MIGRATIONS: readonly string[] = [
  'CREATE TABLE moments (moment TEXT PRIMARY KEY, begun_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;',
];

/** What the register needs of the world around it. */
export interface KeptMomentsDeps {
  readonly storage: ActorStorage;
  /** Milliseconds since 1970. */
  now(): number;
  /** Has an object forget what it keeps of a moment. Throws where it does not answer. */
  forget(moment: string): Promise<unknown>;
}

export class KeptMoments {
  readonly #deps: KeptMomentsDeps;

  constructor(deps: KeptMomentsDeps) {
    this.#deps = deps;
    migrate(deps.storage, MIGRATIONS);
  }

  /**
   * A moment is about to be kept. Where there are too many, the oldest makes room, if it has been kept long enough. Answers 0, or
   * the milliseconds after which there is room. Throws where what is to be forgotten does not answer.
   */
  async admit(moment: string): Promise<number> {
    await this.sweep();
    for (;;) {
      const now = this.#deps.now();
      const others = this.#begunUntil(now).filter((one) => one.moment !== moment);
      const oldest = others[0];
      // From the count to the insertion nothing is awaited: no two take the last place.
      if (oldest === undefined || others.length < MOMENTS_MAX) {
        this.#deps.storage.sql.exec('INSERT OR REPLACE INTO moments VALUES (?, ?)', moment, now);
        return 0;
      }
      const wait = oldest.begunAt + KEPT_AT_LEAST_MS - now;
      if (wait > 0) return wait;
      await this.#forget(oldest.moment);
    }
  }

  /** An object has forgotten its moment by itself. */
  left(moment: string): void {
    this.#deps.storage.sql.exec('DELETE FROM moments WHERE moment = ?', moment);
  }

  /**
   * Forgets what is kept longer than a day, as the objects do themselves unless their alarms have failed. Answers how many do not
   * answer, which are asked again by the next sweep.
   */
  async sweep(): Promise<number> {
    const expired = this.#begunUntil(this.#deps.now() - KEPT_MS);
    const swept = await Promise.allSettled(expired.map(({ moment }) => this.#forget(moment)));
    return swept.filter(({ status }) => status === 'rejected').length;
  }

  async #forget(moment: string): Promise<void> {
    await this.#deps.forget(moment);
    this.left(moment);
  }

  /** Oldest first. */
  #begunUntil(at: number): { moment: string; begunAt: number }[] {
    return this.#deps.storage.sql
      .exec<{ moment: string; begunAt: number }>(
        'SELECT moment, begun_at AS begunAt FROM moments WHERE begun_at <= ? ORDER BY begun_at, moment',
        at,
      )
      .toArray();
  }
}

/**
 * The moments of which holdings are kept: so many at once, and each for a day, whatever becomes of the alarm of the object that
 * keeps them. No Cloudflare import.
 */
import { KEPT_AT_LEAST_MS, KEPT_MS, MOMENTS_MAX, MOMENTS_OF_ONE_MAX } from '../../schemas/holding.ts';
import { migrate } from '../kernel/migrations.ts';
import type { ActorStorage } from '../kernel/storage.ts';

const MIGRATIONS: readonly string[] = [
  'CREATE TABLE moments (moment TEXT PRIMARY KEY, begun_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;',
  'ALTER TABLE moments ADD COLUMN caller TEXT;',
];

interface Moment extends Record<string, string | number | null> {
  readonly moment: string;
  /** Milliseconds since 1970. */
  readonly begunAt: number;
  /** Who named it; null where whoever asks shares it. */
  readonly caller: string | null;
}

/** What the register needs of the world around it. */
export interface KeptMomentsDeps {
  readonly storage: ActorStorage;
  /** Milliseconds since 1970. */
  now(): number;
  /** Has an object forget what it keeps of a moment. Throws where it does not answer in time. */
  forget(moment: string): Promise<unknown>;
}

export class KeptMoments {
  readonly #deps: KeptMomentsDeps;

  constructor(deps: KeptMomentsDeps) {
    this.#deps = deps;
    migrate(deps.storage, MIGRATIONS);
  }

  /**
   * A moment is about to be kept for a caller who has named it, or for whoever asks. Where there are too many, the oldest that answers
   * makes room, if it has been kept long enough; a caller with its share of young ones waits for these. Answers 0, or the milliseconds
   * after which there is room. Throws where none answers.
   */
  async admit(moment: string, caller: string | null): Promise<number> {
    const silent = await this.#forgetExpired();
    for (;;) {
      const now = this.#deps.now();
      const others = this.#begunUntil(now).filter((one) => one.moment !== moment);
      const share = shareWait(others, caller, now);
      if (share > 0) return share;
      // From the counts to the insertion nothing is awaited: no two take the last place.
      if (others.length < MOMENTS_MAX) {
        this.#deps.storage.sql.exec('INSERT OR REPLACE INTO moments VALUES (?, ?, ?)', moment, now, caller);
        return 0;
      }
      const oldest = others.find((one) => !silent.has(one.moment));
      if (oldest === undefined) throw new Error('none of the kept moments answers');
      const wait = oldest.begunAt + KEPT_AT_LEAST_MS - now;
      if (wait > 0) return wait;
      if (!(await this.#isForgotten(oldest.moment))) silent.add(oldest.moment);
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
    return (await this.#forgetExpired()).size;
  }

  /** Answers the moments whose objects do not answer. */
  async #forgetExpired(): Promise<Set<string>> {
    const silent = new Set<string>();
    const forgetOne = async ({ moment }: { readonly moment: string }) => {
      if (!(await this.#isForgotten(moment))) silent.add(moment);
    };
    await Promise.all(this.#begunUntil(this.#deps.now() - KEPT_MS).map(forgetOne));
    return silent;
  }

  /** Whether an object has forgotten its moment, now that it is told to. */
  async #isForgotten(moment: string): Promise<boolean> {
    try {
      await this.#deps.forget(moment);
    } catch {
      return false;
    }
    this.left(moment);
    return true;
  }

  /** Oldest first. */
  #begunUntil(at: number): Moment[] {
    return this.#deps.storage.sql
      .exec<Moment>(
        'SELECT moment, begun_at AS begunAt, caller FROM moments WHERE begun_at <= ? ORDER BY begun_at, moment',
        at,
      )
      .toArray();
  }
}

/** Milliseconds until a caller may have another moment kept; of the others, oldest first, none of which anybody could take away by then. */
function shareWait(others: readonly Moment[], caller: string | null, now: number): number {
  const young = others.filter((one) => one.caller === caller && one.begunAt + KEPT_AT_LEAST_MS > now);
  const first = young.at(-MOMENTS_OF_ONE_MAX);
  return caller === null || first === undefined ? 0 : first.begunAt + KEPT_AT_LEAST_MS - now;
}

/**
 * Answers kept for a moment near their readers, in the isolate's memory and in the data centre's cache, so that what many ask
 * for at once is read once. An answer is kept with the version that it shows: whoever asks for at least some version never gets
 * an older one.
 */
import { inTime } from '../inTime.ts';
import { type KeptAnswer, RecentAnswers } from './recentAnswers.ts';

/**
 * Seconds for which an answer is given again. A view follows its log within about as long anyway, so a reader who names no
 * version notices nothing; it is also the shortest time that the cache knows.
 */
const KEPT_SECONDS = 1;

/** Milliseconds that a reader waits for the cache: asking the view itself takes less than longer would. */
const CACHE_MS_MAX = 250;

/** The host of the cache's keys, which no request can name: the cache is shared with what the platform keeps by itself. */
const KEY_HOST = 'https://answers.folio.invalid';

const KEPT_HEADERS = { 'Cache-Control': `max-age=${KEPT_SECONDS}`, 'Content-Type': 'application/json' };

/** Caches of the runtime as far as they are used here. */
export type ResponseCache = Pick<Cache, 'match' | 'put'>;

/** What an isolate remembers between its requests. */
export const isolateMemory = new RecentAnswers(KEPT_SECONDS * 1_000);

export class AnswerCache {
  readonly #cache: ResponseCache;
  readonly #environment: () => string;
  readonly #onFailure: (error: unknown) => void;
  readonly #memory: RecentAnswers;

  /**
   * `environment` names whose answers these are: all Workers of a zone have one cache, and accounts of two environments may have
   * the same id. A cache that fails is one that has nothing: `onFailure` is told, and the reader goes on.
   */
  constructor(
    cache: ResponseCache,
    environment: () => string,
    onFailure: (error: unknown) => void,
    memory = isolateMemory,
  ) {
    this.#cache = cache;
    this.#environment = environment;
    this.#onFailure = onFailure;
    this.#memory = memory;
  }

  /**
   * The kept answer to a path, unless it shows less than `minVersion` or is too old. The data centre's cache is for isolates that
   * were not asked of late: what it has from one that was is as old as what that one had itself.
   */
  async find(path: string, minVersion: number): Promise<KeptAnswer | undefined> {
    const now = Date.now();
    const recent = this.#memory.find(path, now);
    if (recent !== undefined && recent.version >= minVersion) return recent;
    if (this.#memory.isBusy(path, now)) return undefined;
    try {
      const text = this.#cache.match(this.#key(path)).then((kept) => kept?.text());
      const kept = await inTime('the cache', text, CACHE_MS_MAX);
      if (kept === undefined) return undefined;
      const answer = JSON.parse(kept) as KeptAnswer;
      return answer.version >= minVersion ? answer : undefined;
    } catch (error) {
      this.#onFailure(error);
      return undefined;
    }
  }

  /**
   * Whether the reader who was given the kept answer to a path has it read anew for those who come next: it is then shortly before
   * its end. One reader of each answer does.
   */
  takesRenewal(path: string): boolean {
    return this.#memory.takesRenewal(path, Date.now());
  }

  /**
   * Keeps an answer that was read just now. Of two at once either may stay: each says its version. What the data centre's cache
   * gave is not put into memory: it would be kept for twice as long.
   */
  async keep(path: string, answer: KeptAnswer): Promise<void> {
    const now = Date.now();
    const isBusy = this.#memory.isBusy(path, now);
    this.#memory.keep(path, answer, now);
    if (isBusy) return;
    const kept = new Response(JSON.stringify(answer), { headers: KEPT_HEADERS });
    try {
      await this.#cache.put(this.#key(path), kept);
    } catch (error) {
      this.#onFailure(error);
    }
  }

  #key(path: string): string {
    return `${KEY_HOST}/${this.#environment()}${path}`;
  }
}

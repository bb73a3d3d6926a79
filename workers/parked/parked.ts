/** Everything that is parked, whatever its kind: listed in pages, found by id, tried again one by one or all of it. */

import type { CommandContext } from '../../schemas/envelope.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import type { Env } from '../env.ts';
import { PARKED_KINDS, type ParkedItem, type ParkedKind, type ParkedSource, type Retried } from './item.ts';
import { parkedMessages } from './messages.ts';
import { parkedSagas } from './sagas.ts';
import { parkedInViews } from './views.ts';

/** Parked things that a call for all of them looks at, at a time. */
const RETRY_PAGE = 50;

/** Which of them are meant; all where nothing is said. */
export interface ParkedFilter {
  readonly kind?: ParkedKind | undefined;
  readonly where?: string | undefined;
}

/** Part of the list, and the kinds that could not be asked. */
export interface ParkedPage {
  readonly items: readonly ParkedItem[];
  readonly unanswered: readonly ParkedKind[];
}

/** Where a call for all of them goes on: after an id, and first with the one whose replay was not done. */
export interface RetryCursor {
  readonly after: string;
  readonly resuming: string | null;
}

/** What a call for all of them came to. */
export interface RetriedAll {
  readonly resumed: number;
  readonly stillParked: number;
  /** Kinds that could not be asked, so that none of theirs was tried. */
  readonly unanswered: readonly ParkedKind[];
  /** Where the next call goes on; null at the end. */
  readonly next: RetryCursor | null;
}

/** The operator's view of everything parked. */
export class Parked {
  readonly #sources: readonly ParkedSource[];
  readonly #logger: Logger;

  /** `context` is that of the operator's request: what it makes sagas do is written down under it. */
  constructor(env: Env, logger: Logger, context: CommandContext) {
    this.#sources = [parkedMessages(env, logger), parkedSagas(env, context), parkedInViews(env, logger)];
    this.#logger = logger;
  }

  /** A page in the order of ids: kind, where, aggregate. */
  async list({ kind, where }: ParkedFilter, after: string, limit: number): Promise<ParkedPage> {
    const items: ParkedItem[] = [];
    const unanswered: ParkedKind[] = [];
    for (const source of this.#sources) {
      if ((kind !== undefined && source.kind !== kind) || kindOf(after) > source.kind) continue;
      const begin = `${source.kind}.${where === undefined ? '' : `${where}.`}`;
      try {
        const page = await source.list(after > begin ? after : begin, limit - items.length);
        items.push(...page.filter((item) => where === undefined || item.where === where));
      } catch (error) {
        // What keeps one kind may be the very thing that is broken: the others are wanted all the more.
        this.#logger.log('error', 'parked things not listed', { kind: source.kind, ...errorFields(error) });
        unanswered.push(source.kind);
      }
      if (items.length === limit) break;
    }
    return { items, unanswered };
  }

  async find(id: string): Promise<ParkedItem | undefined> {
    return this.#source(id)?.find(id);
  }

  /** Tries one again. Undefined where nothing of that id waits. */
  async retry(id: string, isOver: () => boolean): Promise<Retried | undefined> {
    const retried = await this.#source(id)?.retry(id, isOver);
    if (retried !== undefined) {
      const { status, reason } = retried;
      this.#logger.log('info', 'parked thing tried again', { parked: id, status, reason });
    }
    return retried;
  }

  /** Tries all of them again, one after another; one that fails is left for the next round. */
  async retryAll(filter: ParkedFilter, from: RetryCursor, isOver: () => boolean): Promise<RetriedAll> {
    let [resumed, stillParked, after] = [0, 0, from.after];
    let page = from.resuming === null ? [] : [from.resuming];
    let unanswered: readonly ParkedKind[] = [];
    for (let isLast = false; !isLast; ) {
      for (const id of page) {
        if (isOver()) return { resumed, stillParked, unanswered, next: { after, resuming: null } };
        const status = await this.#statusAfterRetry(id, isOver);
        if (status === 'RESUMING') return { resumed, stillParked, unanswered, next: { after, resuming: id } };
        if (status === 'PARKED') stillParked++;
        else resumed++;
        after = id;
      }
      const found = await this.list(filter, after, RETRY_PAGE);
      unanswered = found.unanswered;
      page = found.items.map(({ id }) => id);
      isLast = page.length === 0;
    }
    return { resumed, stillParked, unanswered, next: null };
  }

  async #statusAfterRetry(id: string, isOver: () => boolean): Promise<Retried['status']> {
    try {
      return (await this.retry(id, isOver))?.status ?? 'RESUMED';
    } catch (error) {
      this.#logger.log('error', 'parked thing not tried again', { parked: id, ...errorFields(error) });
      return 'PARKED';
    }
  }

  #source(id: string): ParkedSource | undefined {
    return this.#sources.find(({ kind }) => kind === kindOf(id));
  }
}

function kindOf(id: string): ParkedKind | '' {
  return PARKED_KINDS.find((kind) => id.startsWith(`${kind}.`)) ?? '';
}

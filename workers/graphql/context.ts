/** What resolvers of one operation share: the request behind it, what it has read so far, and how much more it may read. */
import type { Context } from 'hono';
import type { Target } from '../access/principal.ts';
import { refusal } from '../http/access.ts';
import type { HttpEnv } from '../http/context.ts';
import { gatewayOf } from '../http/gateway.ts';
import { type Problem, ProblemError } from '../http/problem.ts';
import { rateLimited, takeUnits } from '../http/quota.ts';
import type { Stay } from '../limits/admission.ts';
import type { HubClient } from '../streams/hubClient.ts';
import { Loaders } from './loaders.ts';

/**
 * Reads that one operation may make: of an account, a page of a list, the state of an actor. Over HTTP each would be a request
 * of its own, and each takes a unit of the client's quota here as well.
 */
export const READS_MAX = 1_000;

/**
 * Reads of a connection in all. The platform counts what a Worker asks of others for as long as a connection lasts, and takes ten
 * thousand: a read may ask more than one other, and some are under way when there are so many.
 */
export const CONNECTION_READS_MAX = 4_000;

/** What a subscription is told whose connection has read so much. */
const READ_ENOUGH = {
  code: 'unavailable',
  detail:
    'The subscription has read as much as it may over one connection: subscribe again after the last version.',
} as const satisfies Problem;

/** What an operation for which there is no room is told. */
export const NO_ROOM = {
  code: 'overloaded',
  detail: 'Too much is being worked on now. The operation may be sent again.',
} as const satisfies Problem;

/** Milliseconds between two looks for room for the next answer of a subscription: about as long as another one is made. */
const ROOM_LOOK_MS = 50;

/** Where an operation gets a hub from. */
export interface Hubs {
  enter(): Promise<HubClient>;
  /** Whoever entered has no more use for it. */
  leave(): void;
  /** Counts what is read for a connection, where one goes on after the operation. */
  noteReads?(reads: number): void;
}

/** One operation's own. */
export class GraphQlContext {
  readonly c: Context<HttpEnv>;
  loaders: Loaders;
  readonly #hubs: Hubs;
  /** Bytes that an answer may take up. */
  readonly #bytes: number;
  #reads = 0;
  /** Also those of a subscription's executions before. */
  #readsInAll = 0;
  #stay: Stay | undefined;
  #isOver = false;

  constructor(c: Context<HttpEnv>, hubs: Hubs, bytes: number) {
    this.c = c;
    this.#hubs = hubs;
    this.#bytes = bytes;
    this.loaders = new Loaders(c);
  }

  /**
   * Forgets what was read: for the next execution of a subscription, which is an operation of its own. Ends with the problem that there is
   * none, where the connection has read enough.
   */
  renew(): void {
    if (this.#readsInAll >= CONNECTION_READS_MAX) throw new ProblemError(READ_ENOUGH);
    this.loaders = new Loaders(this.c);
    this.#reads = 0;
  }

  /** Counts what it takes up as part of this one in flight, and not of the request behind it, which may be over or a connection. */
  counts(stay: Stay): void {
    this.#stay = stay;
  }

  /** Makes room for so many bytes more of what its answer is made of, or ends with the problem that there is none. */
  takeBytes(bytes: number): void {
    if (this.#stay === undefined) this.c.get('takeBytes')?.(bytes);
    else if (!this.#stay.grow(bytes)) throw new ProblemError(NO_ROOM);
  }

  /**
   * Waits until there is room for the next answer of a subscription: nobody has asked for it just now who could be refused. It counts among
   * what is in flight until {@link leaveRoom}.
   */
  async enterRoom(): Promise<void> {
    const { admission } = gatewayOf(this.c.env);
    const { userId } = this.c.get('principal');
    while (!this.#isOver) {
      this.#stay = admission.enter(userId, this.#bytes);
      if (this.#stay !== undefined) return;
      await new Promise((resolve) => setTimeout(resolve, ROOM_LOOK_MS));
    }
  }

  /** The answer was taken. */
  leaveRoom(): void {
    this.#stay?.leave();
  }

  /** The hub that subscriptions go through. */
  hub(): Promise<HubClient> {
    return this.#hubs.enter();
  }

  /** A subscription is over. */
  leaveHub(): void {
    this.#isOver = true;
    this.leaveRoom();
    this.#hubs.leave();
  }

  /**
   * Asks for a read: whether the caller may do this by the table of access, and whether there is something left of quotas and
   * of {@link READS_MAX}. Ends with the problem that it is where not.
   */
  async requireRead(operation: string, target?: Target): Promise<void> {
    await refusal(this.c, operation, target);
    this.takeReads(1);
  }

  /** Counts reads. The first of an operation was paid for by the request that brought it. */
  takeReads(reads: number): void {
    const before = this.#reads;
    this.#reads += reads;
    this.#readsInAll += reads;
    this.#hubs.noteReads?.(reads);
    if (this.#reads > READS_MAX) {
      throw new ProblemError({
        code: 'query_too_complex',
        detail: `The operation makes more than ${READS_MAX} reads. Ask for smaller pages, or for less in each of their rows.`,
      });
    }
    const more = before === 0 ? reads - 1 : reads;
    if (more === 0) return;
    const quota = gatewayOf(this.c.env).quotas.client;
    const allowed = takeUnits(this.c, this.c.get('principal').userId, more, quota);
    if (allowed.granted < more) throw rateLimited(quota, allowed);
  }
}

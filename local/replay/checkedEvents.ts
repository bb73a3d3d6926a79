/** Holds events that are replayed against their own hashes and against each other, before anybody is given them. */
import { canonical, sha256 } from '../../verifier/canonical.ts';
import { LocalServerError } from '../errors.ts';
import type { Selection } from './selection.ts';

/** An event as the feed has it (`GET /v1/event-types`). */
export interface ReplayedEvent {
  readonly eventId: string;
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly version: number;
  readonly eventType: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** An event is not what its hash says, or not where it should be: nothing from it on was handed out. */
export class AlteredHistory extends LocalServerError {
  override readonly name = 'AlteredHistory';
}

/** Before the first event of a log. */
const NO_EVENT = { version: 0, hash: '0'.repeat(64) };

export class CheckedEvents {
  readonly #last = new Map<string, { readonly version: number; readonly hash: string }>();
  /** Whether one event of an aggregate must follow on another. */
  readonly #isWhole: boolean;
  /** Whether an aggregate's first event must be its first ever. */
  readonly #isFromBeginning: boolean;

  /** `isResumed`: what came before was handed out by an earlier run. */
  constructor({ type, from }: Selection, isResumed: boolean) {
    this.#isWhole = type === undefined;
    this.#isFromBeginning = this.#isWhole && from === undefined && !isResumed;
  }

  /** Throws {@link AlteredHistory} where the next event of the feed is not to be believed. */
  check(event: ReplayedEvent): void {
    const fault = this.#faultOf(event);
    if (fault !== undefined) {
      const { aggregateType, aggregateId, version } = event;
      throw new AlteredHistory(`${aggregateType}/${aggregateId} version ${version} ${fault}`);
    }
  }

  #faultOf(event: ReplayedEvent): string | undefined {
    const { eventId: _, hash, ...hashed } = event;
    if (sha256(canonical(hashed)) !== hash) return 'is not what its hash says';
    const key = `${event.aggregateType}/${event.aggregateId}`;
    const last = this.#last.get(key) ?? (this.#isFromBeginning ? NO_EVENT : undefined);
    this.#last.set(key, { version: event.version, hash });
    if (last === undefined) return undefined;
    if (event.version <= last.version) return `comes after version ${last.version}`;
    if (!this.#isWhole) return undefined;
    return event.version === last.version + 1 && event.previousHash === last.hash
      ? undefined
      : `does not follow on version ${last.version}`;
  }
}

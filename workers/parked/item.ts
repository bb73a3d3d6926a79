/** Whatever waits for an operator, of whatever kind, as one list. */
import type { AggregateKey } from '../../queues/kernel/positions.ts';

/** Kinds of parked things, in the order in which they are listed. */
export const PARKED_KINDS = ['message', 'saga', 'view'] as const;
export type ParkedKind = (typeof PARKED_KINDS)[number];

/** One parked thing. Its id begins with its kind, so that ids order the whole list. */
export interface ParkedItem {
  readonly id: string;
  readonly kind: ParkedKind;
  /** The consumer group that did not take the message, the saga's definition, or the view that cannot take the event. */
  readonly where: string;
  readonly aggregate: AggregateKey | null;
  /** The first version that waits; of a saga, its newest. */
  readonly fromVersion: number | null;
  /** The last one; null where everything after the first waits. */
  readonly toVersion: number | null;
  readonly reason: string;
  /** Milliseconds since 1970. */
  readonly parkedAt: number;
  /** What was sent, where it names no aggregate. */
  readonly text: string | null;
}

/** What trying a parked thing again came to. */
export interface Retried {
  /** `RESUMING`: there is more behind it than one call replays; the next one goes on. */
  readonly status: 'RESUMED' | 'RESUMING' | 'PARKED';
  /** How far it has come. */
  readonly version: number | null;
  /** What it is parked for still. */
  readonly reason: string | null;
}

/** One kind of parked things. */
export interface ParkedSource {
  readonly kind: ParkedKind;
  /** Those after an id of this kind or the beginning of one, in the order of their ids. */
  list(after: string, limit: number): Promise<ParkedItem[]>;
  /** Undefined where it is not parked. */
  find(id: string): Promise<ParkedItem | undefined>;
  /** Tries it again and replays what waits behind it, until `isOver`. Undefined where nothing waits. */
  retry(id: string, isOver: () => boolean): Promise<Retried | undefined>;
}

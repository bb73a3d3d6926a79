/**
 * Replaying history: events of the feed, all of them or a selection, checked and handed to a sink page by page. It reads and
 * does nothing else: no actor decides anything, nobody is told, nothing is sent. One page is on its way at a time, so a slow
 * sink slows the reading. Where the sink stands is the sink's to keep, together with what it took.
 */
import { CheckedEvents, type ReplayedEvent } from './checkedEvents.ts';
import { feedPath, type Selection } from './selection.ts';

/** Events of one page at most: what the feed gives at a time. */
export const PAGE_EVENTS_MAX = 1_000;

/** Takes what is replayed. */
export interface ReplaySink {
  /** What follows the last event that an earlier run handed over; undefined at the beginning. */
  readonly cursor: string | undefined;
  /** Takes events, and where the next ones follow, both or neither; a replay that is cut off goes on from there. */
  take(events: readonly ReplayedEvent[], cursor: string): Promise<void>;
}

/** A page of the feed, and what follows it. */
export interface FeedPage {
  readonly events: readonly ReplayedEvent[];
  readonly next: string;
  /** Whether more may follow already: also after a page without events, of a selection that is rare. */
  readonly more: boolean;
}

/** What a replay needs. */
export interface ReplayDeps {
  /** A page of the feed by its path and query. */
  read(pathAndQuery: string): Promise<FeedPage>;
  readonly sink: ReplaySink;
  /** Milliseconds of a clock that only goes forward. */
  now(): number;
  sleep(milliseconds: number): Promise<void>;
  /** Told how many events were handed over so far. */
  progress?(events: number): void;
}

/** Hands over everything of a selection that there is; answers how many events that were. `perSecond`: not more than so many. */
export async function replay(
  { read, sink, now, sleep, progress }: ReplayDeps,
  selection: Selection,
  perSecond = Number.POSITIVE_INFINITY,
): Promise<number> {
  const limit = Math.min(PAGE_EVENTS_MAX, Math.max(1, Math.floor(perSecond)));
  const checked = new CheckedEvents(selection, sink.cursor !== undefined);
  const started = now();
  let handed = 0;
  for (let { cursor } = sink; ; ) {
    const { events, next, more } = await read(feedPath(selection, limit, cursor));
    if (events.length === 0 && !more) return handed;
    for (const event of events) checked.check(event);
    await sink.take(events, next);
    cursor = next;
    handed += events.length;
    progress?.(handed);
    const early = (handed / perSecond) * 1_000 - (now() - started);
    if (early > 0) await sleep(early);
  }
}

/** Pages of a log for whoever follows it: bounded by what they take on their way, since events may be small or large. */
import { envelopeTexts } from './envelopes.ts';
import type { Source } from './messages.ts';
import type { StoredEvent } from './storedEvents.ts';

/** Events that are read at a time: of small ones a page has some of these, of large ones the rest of one is read in vain. */
const READ_AT_A_TIME = 50;

/** Which events are wanted: the first ones from a version on, as far as a number of them and of characters goes. */
export interface WantedPage {
  readonly fromVersion: number;
  readonly eventsMax: number;
  readonly charactersMax: number;
}

/** Envelopes as the text of a JSON array, and the version that they come to. */
export interface EventPage {
  readonly toVersion: number;
  /** Taken out by whoever asked: the runtime keeps the answer to a call between objects until it collects the whole heap. */
  events: string;
}

/** Events from a version on, and the hash of the one before them. */
type ReadEvents = (
  fromVersion: number,
  limit: number,
) => { readonly previousHash: string; readonly events: readonly StoredEvent[] };

/** The page that is wanted. It has one event at least, however large, if there is any. */
export function eventPage(
  source: Source,
  read: ReadEvents,
  { fromVersion, eventsMax, charactersMax }: WantedPage,
): EventPage {
  const texts: string[] = [];
  let characters = 0;
  const page = () => ({ toVersion: fromVersion + texts.length - 1, events: `[${texts.join(',')}]` });
  while (texts.length < eventsMax) {
    const { previousHash, events } = read(
      fromVersion + texts.length,
      Math.min(READ_AT_A_TIME, eventsMax - texts.length),
    );
    if (events.length === 0) break;
    for (const text of envelopeTexts(source, previousHash, events)) {
      characters += text.length;
      if (texts.length > 0 && characters > charactersMax) return page();
      texts.push(text);
    }
  }
  return page();
}

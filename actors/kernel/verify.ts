/** Recomputes an aggregate's chain from its rows: what `GET /v1/audit/{type}/{id}` answers. */
import { GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import type { EventLog } from './eventLog.ts';
import { eventHash } from './hashChain.ts';
import type { Source } from './messages.ts';

const VERIFY_PAGE_EVENTS = 1_000;

export interface ChainReport {
  readonly ok: boolean;
  readonly version: number;
  readonly headHash: string;
  readonly eventsChecked: number;
  /** The first version that is missing, out of order or not what its hash covers. */
  readonly firstBadVersion?: number;
}

/** Follows the chain from the first event to the head and names the first version that breaks it. */
export function verifyChain(source: Source, log: EventLog): ChainReport {
  const { version, hash: headHash } = log.head();
  let hash = GENESIS_HASH_TEXT;
  let checked = 0;
  const report = { version, headHash };
  while (checked < version) {
    const page = log.readStored(checked + 1, VERIFY_PAGE_EVENTS);
    for (const event of page) {
      const expected = checked + 1;
      hash = eventHash(hash, { ...source, ...event });
      if (event.version !== expected || hash !== event.hash) {
        return { ok: false, ...report, eventsChecked: checked, firstBadVersion: expected };
      }
      checked++;
    }
    if (page.length === 0)
      return { ok: false, ...report, eventsChecked: checked, firstBadVersion: checked + 1 };
  }
  // The newest events are in memory as well: a stored head that was replaced, chain and all, shows here.
  if (hash !== headHash)
    return { ok: false, ...report, eventsChecked: checked - 1, firstBadVersion: version };
  return { ok: true, ...report, eventsChecked: checked };
}

/** Recomputes an aggregate's chain from its rows, range by range: what `GET /v1/audit/{type}/{id}` answers. */
import { GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import type { EventLog } from './eventLog.ts';
import { eventHash } from './hashChain.ts';
import type { Source } from './messages.ts';

/** Events verified in one turn: some 20 ms, in which an actor answers nobody else, and about 2 MB of memory. */
export const VERIFY_EVENTS_MAX = 2_000;

/** A place in a chain: a version and the hash of its event, the genesis hash at version 0. */
export interface ChainPoint {
  readonly version: number;
  readonly hash: string;
}

/** Which part of a chain is to be verified: after a place that has been, up to one that is claimed. */
export interface VerifyRange {
  readonly after: ChainPoint;
  readonly upTo: ChainPoint;
}

/** What was found up to the end of a range. */
export interface ChainReport {
  readonly ok: boolean;
  /** The end that is claimed: the head as it was when the first range was asked for. */
  readonly version: number;
  readonly headHash: string;
  /** Events that are what their hashes cover, from the first on. */
  readonly eventsChecked: number;
  /** The first version that is missing, out of order, recorded before the one before it, or not what its hash covers. */
  readonly firstBadVersion?: number;
  /** Where to go on; absent at the end. */
  readonly next?: VerifyRange;
}

/**
 * Follows the chain through at most {@link VERIFY_EVENTS_MAX} events and names the first version that breaks it. Without a
 * range it begins with the first event, and the end is the head.
 */
export function verifyChain(source: Source, log: EventLog, range?: VerifyRange): ChainReport {
  const { after, upTo } = range ?? { after: { version: 0, hash: GENESIS_HASH_TEXT }, upTo: headOf(log) };
  const end = Math.min(upTo.version, after.version + VERIFY_EVENTS_MAX);
  let { version, hash } = after;
  const report = { version: upTo.version, headHash: upTo.hash };
  const events = end > version ? log.readStored(version + 1, end - version) : [];
  // Times are searched as if they were sorted: one that goes back would hide what came before it, however well it is hashed.
  let recordedAt = version === 0 ? 0 : (log.readStored(version, 1)[0]?.recordedAt ?? 0);
  for (const event of events) {
    const expected = version + 1;
    hash = eventHash(hash, { ...source, ...event });
    if (event.version !== expected || hash !== event.hash || event.recordedAt < recordedAt) break;
    version = expected;
    ({ recordedAt } = event);
  }
  if (version < end) return { ok: false, ...report, eventsChecked: version, firstBadVersion: version + 1 };
  if (end < upTo.version)
    return { ok: true, ...report, eventsChecked: version, next: { after: { version, hash }, upTo } };
  // The newest events are in memory as well: a stored head that was replaced, chain and all, shows here.
  if (hash !== upTo.hash)
    return { ok: false, ...report, eventsChecked: version - 1, firstBadVersion: version };
  return { ok: true, ...report, eventsChecked: version };
}

function headOf(log: EventLog): ChainPoint {
  const { version, hash } = log.head();
  return { version, hash };
}

/** Finds what the archive was never told of: logs that have been further than it is for longer than any message takes. */
import { type AggregateKey, keyOf } from '../kernel/positions.ts';
import type { ArchiveTables } from './archiveTables.ts';
import { type OpenRange, SEGMENT_AGE_MS } from './gathering.ts';

/** How long the archive may be behind a log before a message is taken for lost: every event waits for the age of a segment. */
const SUSPECT_MS = 2 * SEGMENT_AGE_MS;

/** Suspects remembered, about 100 bytes each; what does not fit is seen again in a later round. */
const SUSPECTS_MAX = 50_000;

/** Logs that went further than the archive when the sweeper came by; what is forgotten by an eviction is seen again. */
export class Suspects {
  readonly #tables: Pick<ArchiveTables, 'position'>;
  readonly #byKey = new Map<string, { toVersion: number; since: number }>();

  constructor(tables: Pick<ArchiveTables, 'position'>) {
    this.#tables = tables;
  }

  /** What is missing of some logs for too long, where the sweeper now sees them at these versions; that is then forgotten. */
  lost(heads: readonly (AggregateKey & { readonly toVersion: number })[], now: number): OpenRange[] {
    const lost: OpenRange[] = [];
    for (const { aggregateType, aggregateId, toVersion } of heads) {
      const key = { aggregateType, aggregateId };
      const name = keyOf(key);
      const { version } = this.#tables.position(key);
      const suspect = this.#byKey.get(name);
      if (version >= (suspect?.toVersion ?? 0)) this.#byKey.delete(name);
      else if (suspect !== undefined && now >= suspect.since + SUSPECT_MS) {
        lost.push({ ...key, fromVersion: version + 1, toVersion: suspect.toVersion });
        this.#byKey.delete(name);
      }
      if (version < toVersion && !this.#byKey.has(name) && this.#byKey.size < SUSPECTS_MAX) {
        this.#byKey.set(name, { toVersion, since: now });
      }
    }
    return lost;
  }
}

/** Completeness, from manifests alone: every aggregate's ranges follow on one another from version 1, without gap or overlap. */
import { plural } from './counts.ts';
import type { Findings } from './findings.ts';
import type { Manifest } from './manifest.ts';

/** How far the archive has an aggregate. */
export interface Position {
  readonly version: number;
  readonly hash: string;
  /** When that event was recorded, in milliseconds; undefined where its segment was not read. */
  readonly recordedAt?: number | undefined;
}

/** What the first event of an aggregate names as the one before. */
const NO_EVENT: Position = { version: 0, hash: '0'.repeat(64) };

/** Positions by aggregate type and id. */
export class Positions {
  readonly #positions = new Map<string, Position>();

  of(aggregateType: string, aggregateId: string): Position {
    return this.#positions.get(`${aggregateType}/${aggregateId}`) ?? NO_EVENT;
  }

  /** Moves on to the heads of a manifest; `recordedAt` says of each, as far as that is known, when its event was recorded. */
  take({ aggregateType, heads }: Manifest, recordedAt: readonly (number | undefined)[] = []): void {
    heads.forEach(({ aggregateId, toVersion, hash }, index) => {
      const position = { version: toVersion, hash, recordedAt: recordedAt[index] };
      this.#positions.set(`${aggregateType}/${aggregateId}`, position);
    });
  }

  /** The event before each of a manifest's heads. */
  before({ aggregateType, heads }: Manifest): Position[] {
    return heads.map(({ aggregateId }) => this.of(aggregateType, aggregateId));
  }

  get size(): number {
    return this.#positions.size;
  }

  /** Every aggregate, as `type/id`. */
  entries(): Iterable<[aggregate: string, Position]> {
    return this.#positions.entries();
  }
}

/** Checks that a manifest's heads follow on those before it, `positions`, and are as many events as it says. */
export function checkHeads(
  object: string,
  { aggregateType, heads, events }: Manifest,
  positions: Positions,
  findings: Findings,
): void {
  let covered = 0;
  for (const { aggregateId, fromVersion, toVersion } of heads) {
    const aggregate = `${aggregateType}/${aggregateId}`;
    const { version } = positions.of(aggregateType, aggregateId);
    covered += toVersion - fromVersion + 1;
    if (fromVersion === version + 1 && toVersion >= fromVersion) continue;
    if (fromVersion > version + 1) {
      const event = `${aggregate} version ${version + 1}`;
      findings.add({ kind: 'gap', object, event, detail: `missing up to version ${fromVersion - 1}` });
    } else {
      const event = `${aggregate} versions ${fromVersion} to ${toVersion}`;
      const detail = `versions ${fromVersion} to ${toVersion} come after version ${version}`;
      findings.add({ kind: 'archived_twice', object, event, detail });
    }
  }
  if (covered !== events) {
    const detail = `its heads cover ${plural(covered, 'event')}, not ${events}`;
    findings.add({ kind: 'wrong_root', object, detail });
  }
}

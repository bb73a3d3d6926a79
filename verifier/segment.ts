/** One segment against its manifest: its bytes, its events, and how they follow on what the archive had before. */
import { sha256 } from './canonical.ts';
import type { Finding, Findings } from './findings.ts';
import type { Head, Manifest } from './manifest.ts';
import { GrowingRoot, leaf } from './merkle.ts';
import { type Rows, readRows } from './rows.ts';

/** How far the archive has an aggregate. */
export interface Position {
  readonly version: number;
  readonly hash: string;
}

/** What the first event of an aggregate names as the one before. */
const NO_EVENT: Position = { version: 0, hash: '0'.repeat(64) };

/** Positions by aggregate type and id. */
export class Positions {
  readonly #positions = new Map<string, Position>();

  of(aggregateType: string, aggregateId: string): Position {
    return this.#positions.get(`${aggregateType}/${aggregateId}`) ?? NO_EVENT;
  }

  set(aggregateType: string, { aggregateId, toVersion, hash }: Head): void {
    this.#positions.set(`${aggregateType}/${aggregateId}`, { version: toVersion, hash });
  }

  get size(): number {
    return this.#positions.size;
  }
}

/** Checks a segment; answers how many events were. What is wrong goes to `findings`. */
export async function checkSegment(
  manifest: Manifest,
  bytes: Uint8Array,
  positions: Positions,
  findings: Findings,
): Promise<number> {
  const { segment } = manifest;
  const report = (finding: Omit<Finding, 'object'>) => findings.add({ object: segment.key, ...finding });
  if (sha256(bytes) !== segment.sha256)
    report({ kind: 'altered_bytes', detail: alteredParts(manifest, bytes) });
  let rows: Rows;
  try {
    rows = await readRows(bytes);
  } catch (error) {
    report({ kind: 'unreadable_object', detail: `not a segment: ${(error as Error).message}` });
    return 0;
  }
  if (rows.count !== manifest.events) {
    report({
      kind: 'wrong_root',
      detail: `${rows.count} rows, but the manifest has ${manifest.events} events`,
    });
  }
  const tree = new GrowingRoot();
  let row = 0;
  for (const head of manifest.heads) row = checkRange({ manifest, head, rows, tree, positions, report }, row);
  if (row !== rows.count) {
    report({ kind: 'misplaced_event', detail: `rows from ${row} on belong to no head of the manifest` });
  }
  if (tree.root() !== manifest.eventsRoot) {
    report({ kind: 'wrong_root', detail: 'the root of its events is not the one in the manifest' });
  }
  return row;
}

interface RangeCheck {
  readonly manifest: Manifest;
  readonly head: Head;
  readonly rows: Rows;
  readonly tree: GrowingRoot;
  readonly positions: Positions;
  readonly report: (finding: Omit<Finding, 'object'>) => void;
}

/** Checks the rows of one aggregate from `start` on; answers where the next aggregate's begin. */
function checkRange(check: RangeCheck, start: number): number {
  const { manifest, head, rows, tree, positions, report } = check;
  const { aggregateType } = manifest;
  const end = Math.min(rows.count, start + Math.max(0, head.toVersion - head.fromVersion + 1));
  let previous = positions.of(aggregateType, head.aggregateId).hash;
  for (let row = start; row < end; row++) {
    const event = `${aggregateType}/${head.aggregateId} version ${head.fromVersion + row - start}`;
    let stored: Buffer;
    try {
      stored = rows.hash(row);
      tree.add(leaf(stored));
      const fault = rowFault(check, row, head.fromVersion + row - start, previous, stored);
      if (fault !== undefined) report({ ...fault, event });
    } catch (error) {
      report({
        kind: 'altered_event',
        event,
        detail: `row ${row} cannot be read: ${(error as Error).message}`,
      });
      continue;
    }
    previous = stored.toString('hex');
  }
  if (end > start && previous !== head.hash) {
    const event = `${aggregateType}/${head.aggregateId} version ${head.toVersion}`;
    report({ kind: 'broken_link', event, detail: "the last event's hash is not the head's in the manifest" });
  }
  return end;
}

function rowFault(
  { manifest, head, rows }: RangeCheck,
  row: number,
  version: number,
  previous: string,
  stored: Buffer,
): Omit<Finding, 'object' | 'event'> | undefined {
  const place = `${rows.text('aggregate_type', row)}/${rows.text('aggregate_id', row)} version ${rows.number('version', row)}`;
  if (place !== `${manifest.aggregateType}/${head.aggregateId} version ${version}`) {
    return { kind: 'misplaced_event', detail: `row ${row} has ${place} in its place` };
  }
  if (sha256(rows.canonicalText(row, previous)) === stored.toString('hex')) return undefined;
  return {
    kind: 'altered_event',
    detail: `its bytes, or its link to the event before, do not give its hash (row ${row})`,
  };
}

/** Names the columns whose bytes are not what the manifest says: each is a field of the events. */
function alteredParts({ columns, segment }: Manifest, bytes: Uint8Array): string {
  if (bytes.length !== segment.bytes) return `${bytes.length} bytes instead of ${segment.bytes}`;
  const altered = columns
    .filter(
      ({ offset, bytes: length, check }) =>
        !sha256(bytes.subarray(offset, offset + length)).startsWith(check),
    )
    .map(({ name }) => name);
  return altered.length === 0
    ? 'its bytes are not those that the manifest names, outside of its columns'
    : `its bytes are not those that the manifest names, in ${altered.join(', ')}`;
}

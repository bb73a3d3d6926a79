/** One segment against its manifest: its bytes, its events, and how they follow on what the archive had before. */
import { sha256 } from './canonical.ts';
import { plural } from './counts.ts';
import type { Finding } from './findings.ts';
import type { Position } from './heads.ts';
import type { Head, Manifest } from './manifest.ts';
import { GrowingRoot, leaf } from './merkle.ts';
import { type Rows, readRows } from './rows.ts';

/** What a look at a segment gave. */
export interface SegmentReport {
  /** Events in it. */
  readonly events: number;
  /** When the last event of each head was recorded, in milliseconds. */
  readonly recordedAt: readonly (number | undefined)[];
  readonly findings: readonly Finding[];
}

/** Checks a segment against its manifest. `before`: the event before each head's first. */
export async function checkSegment(
  manifest: Manifest,
  bytes: Uint8Array,
  before: readonly Position[],
): Promise<SegmentReport> {
  const { segment } = manifest;
  const findings: Finding[] = [];
  const report = (finding: Omit<Finding, 'object'>) => findings.push({ object: segment.key, ...finding });
  if (sha256(bytes) !== segment.sha256)
    report({ kind: 'altered_bytes', detail: alteredParts(manifest, bytes) });
  let rows: Rows;
  let misleading: ReadonlyMap<number, string>;
  try {
    rows = await readRows(bytes);
    misleading = rows.misleading();
  } catch (error) {
    report({ kind: 'unreadable_object', detail: `not a segment: ${(error as Error).message}` });
    return { events: 0, recordedAt: [], findings };
  }
  if (rows.count !== manifest.events) {
    report({
      kind: 'wrong_root',
      detail: `${plural(rows.count, 'row')}, but the manifest has ${plural(manifest.events, 'event')}`,
    });
  }
  const tree = new GrowingRoot();
  const recordedAt: (number | undefined)[] = [];
  let row = 0;
  manifest.heads.forEach((head, index) => {
    const range = { manifest, head, before: before[index] as Position, rows, misleading, tree, report };
    const checked = checkRange(range, row);
    row = checked.end;
    recordedAt.push(checked.recordedAt);
  });
  if (row !== rows.count) {
    report({ kind: 'misplaced_event', detail: `rows from ${row} on belong to no head of the manifest` });
  }
  if (tree.root() !== manifest.eventsRoot) {
    report({ kind: 'wrong_root', detail: 'the root of its events is not the one in the manifest' });
  }
  return { events: row, recordedAt, findings };
}

interface RangeCheck {
  readonly manifest: Manifest;
  readonly head: Head;
  readonly rows: Rows;
  readonly misleading: ReadonlyMap<number, string>;
  readonly tree: GrowingRoot;
  readonly before: Position;
  readonly report: (finding: Omit<Finding, 'object'>) => void;
}

/** Where the next aggregate's rows begin, and when the last of these was recorded. */
interface CheckedRange {
  readonly end: number;
  readonly recordedAt: number | undefined;
}

/** Checks the rows of one aggregate from `start` on. */
function checkRange(check: RangeCheck, start: number): CheckedRange {
  const { manifest, head, before, rows, misleading, tree, report } = check;
  const end = Math.min(rows.count, start + Math.max(0, head.toVersion - head.fromVersion + 1));
  const name = (version: number) => `${manifest.aggregateType}/${head.aggregateId} version ${version}`;
  const chain = new Chain(before.hash);
  let { recordedAt } = before;
  let commandId: string | undefined;
  for (let row = start; row < end; row++) {
    const version = head.fromVersion + row - start;
    const event = name(version);
    const stored = rows.hash(row);
    tree.add(leaf(stored));
    // Of a row that cannot be read nothing is held against the next one.
    const commandBefore = commandId;
    commandId = undefined;
    const deceit = misleading.get(row);
    if (deceit !== undefined) report({ kind: 'altered_event', event, detail: deceit });
    try {
      const recorded = rows.number('recorded_at', row);
      if (recordedAt !== undefined && recorded < recordedAt)
        report({
          kind: 'misplaced_event',
          event,
          detail: 'it was recorded before the event that it follows on',
        });
      recordedAt = recorded;
      const fault = faultOfFingerprint(rows, row, commandBefore);
      if (fault !== undefined) report({ kind: 'altered_event', event, detail: fault });
      commandId = rows.text('command_id', row);
      const place = placeOf(rows, row);
      if (place === event) chain.next(rows, row, stored.toString('hex'), { event, report });
      else {
        report({ kind: 'misplaced_event', event, detail: `row ${row} has ${place} in its place` });
        chain.skip(stored.toString('hex'));
      }
    } catch (error) {
      report({
        kind: 'altered_event',
        event,
        detail: `row ${row} cannot be read: ${(error as Error).message}`,
      });
      chain.skip(stored.toString('hex'));
    }
  }
  if (end > start) chain.end(head.hash, { event: name(head.toVersion), report });
  return { end, recordedAt };
}

/**
 * What is wrong with the number by which a repeat of the event's command is recognised. It is made from the command, which is nowhere in
 * the archive, so its value cannot be told; but the first event of a command has it, and no other. (Segments of the first releases have none
 * at all.) `before` is the command of the row before, undefined where that is not looked at.
 */
function faultOfFingerprint(rows: Rows, row: number, before: string | undefined): string | undefined {
  if (before === undefined || !rows.has('fingerprint')) return undefined;
  const isThere = rows.numberIfAny('fingerprint', row) !== undefined;
  const isFirst = rows.text('command_id', row) !== before;
  if (isFirst === isThere) return undefined;
  return isThere
    ? 'it has a fingerprint, and is not the first event of its command'
    : 'it is the first event of its command, and has no fingerprint';
}

function placeOf(rows: Rows, row: number): string {
  const id = rows.text('aggregate_id', row);
  return `${rows.text('aggregate_type', row)}/${id} version ${rows.number('version', row)}`;
}

interface Place {
  readonly event: string;
  readonly report: (finding: Omit<Finding, 'object'>) => void;
}

/**
 * Follows one aggregate's hashes. Where an event's bytes do not give its stored hash, what comes after it tells which of the
 * two was altered: the next event (or the head) names the hash that was there.
 */
class Chain {
  #stored: string;
  /** What the bytes of the last event gave, where that is not what is stored, and where it is. */
  #doubt: { readonly computed: string; readonly place: Place } | undefined;

  constructor(previous: string) {
    this.#stored = previous;
  }

  next(rows: Rows, row: number, stored: string, place: Place): void {
    const withStored = sha256(rows.canonicalText(row, this.#stored));
    const doubt = this.#doubt;
    if (doubt !== undefined && withStored !== stored) {
      const withComputed = sha256(rows.canonicalText(row, doubt.computed));
      this.#settle(withComputed === stored ? 'hash' : 'bytes');
      if (withComputed === stored) {
        this.#stored = stored;
        return;
      }
    } else this.#settle('bytes');
    if (withStored !== stored) this.#doubt = { computed: withStored, place };
    this.#stored = stored;
  }

  /** A row that is not looked at. */
  skip(stored: string): void {
    this.#settle('bytes');
    this.#stored = stored;
  }

  end(head: string, place: Place): void {
    const isHead = this.#doubt?.computed === head;
    this.#settle(isHead ? 'hash' : 'bytes');
    if (!isHead && this.#stored !== head) {
      const detail = "the last event's hash is not the head's in the manifest";
      place.report({ kind: 'broken_link', event: place.event, detail });
    }
  }

  #settle(altered: 'hash' | 'bytes'): void {
    if (this.#doubt === undefined) return;
    const { event, report } = this.#doubt.place;
    const detail =
      altered === 'hash'
        ? 'its stored hash was altered: its bytes give the hash that what follows names'
        : 'its bytes, or its link to the event before, do not give its hash';
    report({ kind: 'altered_event', event, detail });
    this.#doubt = undefined;
  }
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

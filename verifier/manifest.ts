/** Manifests as the archive has them, read and checked field by field. */
import { canonical, parseCanonical, sha256 } from './canonical.ts';
import { count, digest, fields, list, text } from './shape.ts';

/** What the first manifest names as the one before. */
export const NO_MANIFEST = '0'.repeat(64);

/** The newest shape of a manifest that is known here. */
const FORMAT_MAX = 2;

/** From this shape on a manifest says how long its segment is kept. */
const FORMAT_WITH_RETENTION = 2;

/** How far the segment brings an aggregate. */
export interface Head {
  readonly aggregateId: string;
  readonly fromVersion: number;
  readonly toVersion: number;
  readonly hash: string;
  /** The leaf of the tree of heads. */
  readonly leaf: string;
}

/** Where a column's bytes are, and the first digits of their SHA-256. */
export interface ColumnPlace {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  readonly check: string;
}

export interface Manifest {
  /** SHA-256 of the header. */
  readonly hash: string;
  readonly header: unknown;
  readonly sequence: number;
  readonly previousManifest: string;
  readonly closedAt: string;
  readonly aggregateType: string;
  /** Years that the segment is kept; undefined where the manifest does not say. */
  readonly retentionYears: number | undefined;
  readonly events: number;
  readonly segment: { readonly key: string; readonly bytes: number; readonly sha256: string };
  readonly eventsRoot: string;
  readonly headsRoot: string;
  readonly columnsHash: string;
  readonly heads: readonly Head[];
  readonly columns: readonly ColumnPlace[];
  /** SHA-256 of the list of columns as it stands in the file. */
  readonly columnsFound: string;
}

/** Number of the manifest of this key, undefined where it is no manifest's key. */
export function sequenceOf(key: string): number | undefined {
  const match = /^manifests\/(\d{12})\.json$/.exec(key);
  return match === null ? undefined : Number(match[1]);
}

/** Key of the manifest of this number. */
export function manifestKey(sequence: number): string {
  return `manifests/${sequenceText(sequence)}.json`;
}

/** Numbers that may be missing at a time: beyond that a number is no part of the chain, but made up. */
const MISSING_MAX = 10_000;

/** The last of some objects that are numbered 1, 2, 3, …: up to there each is looked for. */
export function lastOf(sequences: readonly (number | undefined)[]): number {
  const numbers = sequences.filter((sequence) => sequence !== undefined);
  const limit = numbers.length + MISSING_MAX;
  return numbers.reduce((last, sequence) => (sequence <= limit ? Math.max(last, sequence) : last), 0);
}

/** 1, 2, 3, … up to the last. */
export function* numbersTo(last: number): Generator<number> {
  for (let number = 1; number <= last; number++) yield number;
}

/** A number as keys have it. */
export function sequenceText(sequence: number): string {
  return String(sequence).padStart(12, '0');
}

/** The manifest in a file. Throws with the reason where the file is none. */
export function parseManifest(bytes: Uint8Array): Manifest {
  const file = fields(parseCanonical(bytes), 'manifest');
  const header = fields(file.header, 'header');
  if (count(header.format, 'format') > FORMAT_MAX)
    throw new Error(`format ${header.format} is not known here`);
  const segment = fields(header.segment, 'segment');
  return {
    hash: sha256(canonical(header)),
    header,
    sequence: count(header.sequence, 'sequence'),
    previousManifest: digest(header.previousManifest, 'previousManifest'),
    closedAt: text(header.closedAt, 'closedAt'),
    aggregateType: text(header.aggregateType, 'aggregateType'),
    retentionYears: retentionYearsOf(header),
    events: count(header.events, 'events'),
    segment: {
      key: text(segment.key, 'segment.key'),
      bytes: count(segment.bytes, 'segment.bytes'),
      sha256: digest(segment.sha256, 'segment.sha256'),
    },
    eventsRoot: digest(header.eventsRoot, 'eventsRoot'),
    headsRoot: digest(header.headsRoot, 'headsRoot'),
    columnsHash: digest(header.columnsHash, 'columnsHash'),
    heads: list(file.heads, 'heads').map(headOf),
    columns: list(file.columns, 'columns').map(columnOf),
    columnsFound: sha256(canonical(file.columns)),
  };
}

function retentionYearsOf(header: Readonly<Record<string, unknown>>): number | undefined {
  if ((header.format as number) < FORMAT_WITH_RETENTION) return undefined;
  return count(fields(header.retention, 'retention').years, 'retention.years');
}

function headOf(value: unknown): Head {
  const [aggregateId, fromVersion, toVersion, hash] = list(value, 'head');
  return {
    aggregateId: text(aggregateId, 'head.aggregateId'),
    fromVersion: count(fromVersion, 'head.fromVersion'),
    toVersion: count(toVersion, 'head.toVersion'),
    hash: digest(hash, 'head.hash'),
    leaf: canonical(value),
  };
}

function columnOf(value: unknown): ColumnPlace {
  const [name, offset, bytes, check] = list(value, 'column');
  return {
    name: text(name, 'column.name'),
    offset: count(offset, 'column.offset'),
    bytes: count(bytes, 'column.bytes'),
    check: text(check, 'column.check'),
  };
}

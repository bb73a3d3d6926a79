/** Logs held against the archive: heads and their hashes alone, no event is read. */
import type { AggregateKey } from '../queues/kernel/positions.ts';
import { DIRECTORY_PARTS } from '../schemas/partition.ts';
import { ownerOf } from './aggregates.ts';
import type { AskArchivist } from './archive.ts';
import { directoryPart } from './directory.ts';
import type { Env } from './env.ts';

/** Aggregates asked in one call: bounds the objects woken by it. */
const PAGE_AGGREGATES = 250;

/** Where a walk through the directory stands: a part of it, and the last entry seen there. */
export interface DirectoryPlace {
  readonly part: number;
  readonly entry: AggregateKey | null;
}

/**
 * How a log and the archive compare: the archive has all of it, or lacks its newest events, or the two are not the same as
 * far as the archive goes (the log is another, or has lost events), or its owner does not answer.
 */
export const LOG_STATES = ['COMPLETE', 'BEHIND', 'DIFFERENT', 'UNREACHABLE'] as const;
export type LogState = (typeof LOG_STATES)[number];

/** One log beside what is archived of it. */
export interface ComparedLog extends AggregateKey {
  readonly state: LogState;
  /** Version of its newest event; null where it does not answer. */
  readonly head: number | null;
  /** Version up to which it is archived, and the hash of that event in the archive. */
  readonly archived: number;
  readonly archivedHash: string;
}

/** One page of the directory. */
export interface CompletenessPage {
  readonly logs: readonly ComparedLog[];
  readonly next: DirectoryPlace | null;
}

/** The next page of the directory; the first without `after`. */
export async function completenessPage(
  env: Env,
  archivist: AskArchivist,
  after?: DirectoryPlace,
): Promise<CompletenessPage> {
  const { part, entry } = after ?? { part: 0, entry: null };
  const entries = await directoryPart(env, part).list(entry, PAGE_AGGREGATES);
  const keys = entries.map(({ aggregateType, aggregateId }) => ({ aggregateType, aggregateId }));
  return { logs: await comparedLogs(env, archivist, keys), next: nextPlace(part, keys) };
}

/** Some logs beside what is archived of them, in the order asked for. */
export async function comparedLogs(
  env: Env,
  archivist: AskArchivist,
  keys: readonly AggregateKey[],
): Promise<ComparedLog[]> {
  const archived = await archivist((stub) => stub.positions(keys));
  return Promise.all(
    keys.map(async (key, index): Promise<ComparedLog> => {
      const { version, hash } = archived[index] as { version: number; hash: string };
      const about = { ...key, archived: version, archivedHash: hash };
      try {
        const point = await ownerOf(env, key).point(version);
        const state = point.hash !== hash ? 'DIFFERENT' : point.head > version ? 'BEHIND' : 'COMPLETE';
        return { ...about, state, head: point.head };
      } catch {
        return { ...about, state: 'UNREACHABLE', head: null };
      }
    }),
  );
}

function nextPlace(part: number, keys: readonly AggregateKey[]): DirectoryPlace | null {
  const last = keys.at(-1);
  if (last !== undefined && keys.length === PAGE_AGGREGATES) return { part, entry: last };
  return part + 1 < DIRECTORY_PARTS ? { part: part + 1, entry: null } : null;
}

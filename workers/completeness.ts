/** Logs held against the archive: heads alone, no event is read. */
import type { AggregateKey } from '../queues/kernel/positions.ts';
import { DIRECTORY_PARTS, directoryName } from '../schemas/partition.ts';
import { actorStub } from './aggregates.ts';
import { archivistStub } from './archive.ts';
import type { Env } from './env.ts';

/** Aggregates asked in one call: bounds the objects woken by it. */
const PAGE_AGGREGATES = 250;

/** Where a walk through the directory stands: a part of it, and the last entry seen there. */
export interface DirectoryPlace {
  readonly part: number;
  readonly entry: AggregateKey | null;
}

/** A log that goes further than the archive. */
interface Behind extends AggregateKey {
  readonly head: number;
  readonly archived: number;
}

/** What one page found. */
export interface CompletenessPage {
  readonly aggregatesChecked: number;
  readonly behind: readonly Behind[];
  readonly unreachable: readonly AggregateKey[];
  readonly next: DirectoryPlace | null;
}

/** The next page of the directory; the first without `after`. */
export async function completenessPage(env: Env, after?: DirectoryPlace): Promise<CompletenessPage> {
  const { part, entry } = after ?? { part: 0, entry: null };
  const entries = await env.DIRECTORY.getByName(directoryName(part)).list(entry, PAGE_AGGREGATES);
  const keys = entries.map(({ aggregateType, aggregateId }) => ({ aggregateType, aggregateId }));
  const heads = await Promise.all(
    keys.map((key) =>
      actorStub(env, key)
        .head()
        .catch(() => undefined),
    ),
  );
  // Asked after the heads: what is archived meanwhile cannot make a log look longer than its archive.
  const archived = await archivistStub(env).positions(keys);
  const behind: Behind[] = [];
  const unreachable: AggregateKey[] = [];
  keys.forEach((key, index) => {
    const head = heads[index];
    if (head === undefined) unreachable.push(key);
    else if (head > (archived[index] as number))
      behind.push({ ...key, head, archived: archived[index] as number });
  });
  return { aggregatesChecked: keys.length, behind, unreachable, next: nextPlace(part, keys) };
}

function nextPlace(part: number, keys: readonly AggregateKey[]): DirectoryPlace | null {
  const last = keys.at(-1);
  if (last !== undefined && keys.length === PAGE_AGGREGATES) return { part, entry: last };
  return part + 1 < DIRECTORY_PARTS ? { part: part + 1, entry: null } : null;
}

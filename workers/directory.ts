/** Which aggregates there are, of one type: what the directory's parts know together. */

import type { DirectoryCursor, DirectoryEntry, Walk } from '../actors/directory/directory.ts';
import { placeOf } from '../schemas/location.ts';
import { DIRECTORY_PARTS, directoryName, partOf } from '../schemas/partition.ts';
import type { Env } from './env.ts';
import { inTime } from './inTime.ts';

/** One part of the directory, from 0: no question waits longer than a moment for its answer. */
export function directoryPart(env: Env, part: number) {
  const name = directoryName(part);
  const directory = env.DIRECTORY.getByName(name, placeOf(env));
  const asked = <Answer>(answer: Promise<Answer>) => inTime(`directory ${name}`, answer);
  return {
    list: (after: DirectoryCursor | null, limit: number): Promise<DirectoryEntry[]> =>
      asked(directory.list(after, limit)),
    unknown: (entries: readonly DirectoryEntry[]): Promise<DirectoryEntry[]> =>
      asked(directory.unknown(entries)),
    register: ({ aggregateType, aggregateId }: DirectoryEntry): Promise<void> =>
      asked(directory.register(aggregateType, aggregateId)),
    sweepCursor: (): Promise<DirectoryCursor | null> => asked(directory.sweepCursor()),
    saveSweepCursor: (cursor: DirectoryCursor | null): Promise<void> =>
      asked(directory.saveSweepCursor(cursor)),
    walk: (walkName: string): Promise<Walk> => asked(directory.walk(walkName)),
    saveWalk: (walkName: string, walk: Walk): Promise<void> => asked(directory.saveWalk(walkName, walk)),
  };
}

/** Those of some aggregates that no part knows; the parts are asked one after the other. */
export async function unknownAggregates(
  env: Env,
  entries: readonly DirectoryEntry[],
): Promise<DirectoryEntry[]> {
  const parts = Map.groupBy(entries, ({ aggregateId }) => partOf(aggregateId, DIRECTORY_PARTS));
  const unknown: DirectoryEntry[] = [];
  for (const [part, own] of parts) unknown.push(...(await directoryPart(env, part).unknown(own)));
  return unknown;
}

/** Ids of a type's aggregates after one, in their order. */
export async function listAggregates(
  env: Env,
  aggregateType: string,
  afterId: string,
  limit: number,
): Promise<string[]> {
  const parts = await Promise.all(
    Array.from({ length: DIRECTORY_PARTS }, (_, part) =>
      directoryPart(env, part).list({ aggregateType, aggregateId: afterId }, limit),
    ),
  );
  return parts
    .flat()
    .filter((entry) => entry.aggregateType === aggregateType)
    .map(({ aggregateId }) => aggregateId)
    .sort()
    .slice(0, limit);
}

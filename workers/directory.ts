/** Which aggregates there are, of one type: what the directory's parts know together. */
import { DIRECTORY_PARTS, directoryName } from '../schemas/partition.ts';
import type { Env } from './env.ts';

/** Ids of a type's aggregates after one, in their order. */
export async function listAggregates(
  env: Env,
  aggregateType: string,
  afterId: string,
  limit: number,
): Promise<string[]> {
  const parts = await Promise.all(
    Array.from({ length: DIRECTORY_PARTS }, (_, part) =>
      env.DIRECTORY.getByName(directoryName(part)).list({ aggregateType, aggregateId: afterId }, limit),
    ),
  );
  return parts
    .flat()
    .filter((entry) => entry.aggregateType === aggregateType)
    .map(({ aggregateId }) => aggregateId)
    .sort()
    .slice(0, limit);
}

import { partOf } from '../../schemas/partition.ts';

/** The shard that also takes requests, queues and crons. */
export const FIRST_SHARD = 0;

/**
 * The shard that has the object of a name, from 0 to `shards` - 1, whatever its class: what shares a name, as an order and its
 * saga do, is together. A state folder is read back by it: it can never change.
 */
export function ownerOf(name: string, shards: number): number {
  return partOf(name, shards);
}

/** Name of the binding that leads from a shard to the one of a number. */
export function bindingOf(shard: number): string {
  return `SHARD_${shard}`;
}

/** FNV-1a over UTF-16 code units (http://www.isthe.com/chongo/tech/comp/fnv), 32 bits. */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** The lower bits of FNV-1a know little of the last units of a name; those above them are mixed in. */
const MIXED_BITS = 15;

/** The shard that also takes requests, queues and crons. */
export const FIRST_SHARD = 0;

/**
 * The shard that has the object of a name, from 0 to `shards` - 1, whatever its class: what shares a name, as an order and its
 * saga do, is together. A state folder is read back by it: it can never change.
 */
export function ownerOf(name: string, shards: number): number {
  let hash = FNV_OFFSET;
  for (let index = 0; index < name.length; index++) {
    hash = Math.imul(hash ^ name.charCodeAt(index), FNV_PRIME);
  }
  return ((hash ^ (hash >>> MIXED_BITS)) >>> 0) % shards;
}

/** Name of the binding that leads from a shard to the one of a number. */
export function bindingOf(shard: number): string {
  return `SHARD_${shard}`;
}

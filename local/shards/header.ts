import type { RemoteObject } from './namespace.ts';

/** Carries the secret and the object of a request from shard to shard, as JSON in URI encoding. */
export const SHARD_HEADER = 'Folio-Shard';

/** The value of the header; without an object it asks for what the handlers are at. */
export function shardHeader(secret: string, object?: RemoteObject): string {
  return encodeURIComponent(JSON.stringify({ secret, ...object }));
}

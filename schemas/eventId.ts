/** Event ids: UUIDs of version 8 (RFC 9562, 5.8) made from the first 128 bits of the event's hash, so the id is evidence. */

/** What the first event of an aggregate names as its predecessor's hash. */
export const GENESIS_HASH_TEXT = '0'.repeat(64);

/** The id of the event with this hash (64 hexadecimal digits). */
export function eventIdText(hash: string): string {
  const variant = '89ab'[Number.parseInt(hash[16] as string, 16) & 3];
  return (
    `${hash.slice(0, 8)}-${hash.slice(8, 12)}-8${hash.slice(13, 16)}-${variant}${hash.slice(17, 20)}` +
    `-${hash.slice(20, 32)}`
  );
}

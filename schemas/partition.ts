/** Spreads ids over a fixed number of parts: view databases, and objects that serve many aggregates. */

/** Objects that the directory of aggregates is spread over: each takes about a thousand new aggregates a second. */
export const DIRECTORY_PARTS = 16;

/** Name of the directory object that knows an aggregate. */
export function directoryName(part: number): string {
  return `part-${part}`;
}

/** Objects that the books of the payment sandbox are spread over: each takes some thousand calls a second. */
export const SANDBOX_PARTS = 16;

/** Name of the sandbox's object that keeps the books of a payment. */
export function sandboxName(part: number): string {
  return `books-${part}`;
}

/** Part of an id, 0 to parts − 1: FNV-1a over its characters (ids are ASCII), stable across releases. */
export function partOf(id: string, parts: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < id.length; index++) {
    hash = Math.imul(hash ^ id.charCodeAt(index), 0x01000193);
  }
  return (hash >>> 0) % parts;
}

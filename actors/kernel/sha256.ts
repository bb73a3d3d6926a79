/** SHA-256 of texts, as the hash chain takes one for each event. */
import { createHash, hash } from 'node:crypto';

/** Takes the name of a digest, bytes, and how many are wanted where a digest has no length of its own; gives the digest's bytes. */
type Digest = (algorithm: string, bytes: Uint8Array, length: undefined) => Uint8Array;

const utf8 = new TextEncoder();

/** Where texts become bytes, one after another: a turn is synchronous, so nobody else is at it. */
let scratch = new Uint8Array(4_096);

/** UTF-8 takes at most three bytes for a UTF-16 code unit. */
const BYTES_PER_UNIT_MAX = 3;

/** The digest of bytes in hexadecimal: documented, and there in every runtime. */
function digestText(bytes: Uint8Array): string {
  return hash('sha256', bytes, 'hex');
}

/** Lengths around those at which SHA-256 takes another block, and none. */
const TRIED_LENGTHS = [0, 1, 55, 56, 63, 64, 65, 1_000] as const;

const oneCall = oneCallDigest(createHash('sha256'));

/** Whether digests are made in one call. All works without it, at a seventh more processor time a command in large frames. */
export const DIGESTS_IN_ONE_CALL = oneCall !== undefined;

/** SHA-256 of the UTF-8 bytes, 64 lower-case hexadecimal digits. Encoding them here costs a third of what handing over the text does. */
export function sha256(text: string): string {
  const bytesMax = text.length * BYTES_PER_UNIT_MAX;
  if (scratch.length < bytesMax) scratch = new Uint8Array(bytesMax);
  const { written } = utf8.encodeInto(text, scratch);
  const bytes = scratch.subarray(0, written);
  return oneCall === undefined ? digestText(bytes) : oneCall('sha256', bytes, undefined).toHex();
}

/**
 * Finds the runtime's digest in one call (docs/adr/0030-digests-in-one-call.md), which a documented hash leads to: the class of the native
 * object that it keeps under a symbol has it. Nobody promises that, so it is taken only where it says what the documented function says.
 */
export function oneCallDigest(documented: object): Digest | undefined {
  for (const symbol of Object.getOwnPropertySymbols(documented)) {
    const kept: unknown = Reflect.get(documented, symbol);
    const digest: unknown = (kept as { constructor?: { oneshot?: unknown } } | null)?.constructor?.oneshot;
    if (typeof digest === 'function' && agrees(digest as Digest)) return digest as Digest;
  }
  return undefined;
}

/** Bytes are tried as {@link sha256} has them: the first ones of a buffer, the rest of which is not to be looked at. */
function agrees(digest: Digest): boolean {
  const buffer = Uint8Array.from({ length: 2 * Math.max(...TRIED_LENGTHS) }, (_, place) => place % 251);
  try {
    return TRIED_LENGTHS.every((length) => {
      const bytes = buffer.subarray(0, length);
      return digest('sha256', bytes, undefined).toHex() === digestText(bytes);
    });
  } catch {
    return false;
  }
}

/** Digests in one call of the runtime: the same as the documented ones, and taken only where that is so. */
import { createHash, hash } from 'node:crypto';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DIGESTS_IN_ONE_CALL, oneCallDigest, sha256 } from '../../actors/kernel/sha256.ts';
import { holds } from '../support/property.ts';

const RUN = { seed: 20261130, runs: 2_000 };

/** Grapheme clusters, halves of surrogate pairs, and texts over several blocks. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }),
  fc.string({ unit: 'grapheme', minLength: 100, maxLength: 3_000 }),
);

/** A hash that keeps an object whose class digests so. */
function hashWith(oneshot: (algorithm: string, bytes: Uint8Array) => Uint8Array): object {
  return { [Symbol('handle')]: { constructor: { oneshot } } };
}

function sumOf(bytes: Uint8Array, other: boolean): Uint8Array {
  return hash(other ? 'sha512' : 'sha256', bytes, 'buffer').subarray(0, 32);
}

describe('SHA-256 of texts', () => {
  it('gives the digests of the standard', () => {
    // FIPS 180-4, examples of NIST: no message, one block, two blocks.
    expect(sha256('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(sha256('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
  });

  it('is what the documented function says of any text, of long ones after short ones and short ones after long ones', () => {
    holds(
      fc.property(text, (value) => {
        expect(sha256(value)).toBe(hash('sha256', value, 'hex'));
      }),
      RUN,
    );
    expect(sha256('x'.repeat(1_000_000))).toBe(hash('sha256', 'x'.repeat(1_000_000), 'hex'));
    expect(sha256('abc')).toBe(hash('sha256', 'abc', 'hex'));
  });

  it('takes one call of this runtime: a runtime that no longer offers it makes commands dearer, and this says so', () => {
    expect(DIGESTS_IN_ONE_CALL).toBe(true);
  });
});

describe('a digest in one call', () => {
  it('is found behind a hash', () => {
    expect(oneCallDigest(createHash('sha256'))).toBeDefined();
  });

  it.each([
    ['nothing is behind it', {}],
    ['something else is behind it', { [Symbol('handle')]: null, [Symbol('state')]: 7 }],
    ['it is another digest', hashWith((_, bytes) => new Uint8Array(32).fill(bytes.length))],
    [
      'it takes the whole buffer that the bytes are in',
      hashWith((_, { buffer }) => sumOf(new Uint8Array(buffer), false)),
    ],
    ['it is another digest of long messages alone', hashWith((_, bytes) => sumOf(bytes, bytes.length > 64))],
    [
      'it throws',
      hashWith(() => {
        throw new TypeError('not this way');
      }),
    ],
  ])('is not taken where %s', (_, documented) => {
    expect(oneCallDigest(documented)).toBeUndefined();
  });
});

/**
 * Tells whether two commands with one id have the same body: 53 bits of type and canonical data, as a safe integer. Two
 * bodies that a client mixes up collide with a chance of 2^-53; whoever makes a collision on purpose is told the answer to
 * a command of their own, and nothing is executed. So it need not be cryptographic, and costs a tenth of a SHA-256.
 *
 * Two lanes of 32-bit multiply and xor over the UTF-16 code units (after FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv),
 * with different multipliers, each finished by two rounds of shift and multiply so that every bit of the body reaches
 * every bit of the result.
 */

const LANE_A = { offset: 0x811c9dc5, prime: 0x01000193, finish: 0x85ebca6b } as const;
const LANE_B = { offset: 0x2545f491, prime: 0x9e3779b1, finish: 0xc2b2ae35 } as const;

/** Upper bits that a safe integer has beyond its lower 32. */
const HIGH_BITS = 21;

export function commandFingerprint(type: string, canonicalData: string): number {
  const text = `${type} ${canonicalData}`;
  let a: number = LANE_A.offset;
  let b: number = LANE_B.offset;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    a = Math.imul(a ^ unit, LANE_A.prime);
    b = Math.imul(b ^ unit, LANE_B.prime);
    b ^= b >>> 15;
  }
  const high = finish(a, LANE_A.finish) >>> (32 - HIGH_BITS);
  return high * 2 ** 32 + finish(b, LANE_B.finish);
}

function finish(lane: number, multiplier: number): number {
  let mixed = Math.imul(lane ^ (lane >>> 16), multiplier);
  mixed = Math.imul(mixed ^ (mixed >>> 13), multiplier);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

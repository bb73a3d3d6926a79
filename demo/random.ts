/** Seeded randomness: the same seed gives the same demonstration on every machine. */

/** Draws from a seeded sequence. */
export interface Random {
  /** A whole number from 0 to `below` − 1. */
  integer(below: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  /** One of the list's elements; the list must have some. */
  pick<T>(list: readonly T[]): T;
}

const UINT32_RANGE = 2 ** 32;

/** Mulberry32 (Tommy Ettinger): 32 bits of state are plenty for choosing accounts and quantities. */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / UINT32_RANGE;
  };
  const integer = (below: number) => Math.floor(next() * below);
  return {
    integer,
    chance: (probability) => next() < probability,
    pick: <T>(list: readonly T[]) => {
      if (list.length === 0) throw new RangeError('nothing to pick from');
      return list[integer(list.length)] as T;
    },
  };
}

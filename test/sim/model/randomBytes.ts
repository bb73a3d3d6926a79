/**
 * Where keys and nonces come from in a simulation, in place of the machine's own randomness (`limits.ts`): ciphertexts stand in
 * events, and with others a seed would give other hashes each time.
 */
import { seededRandom } from '../../../demo/random.ts';

let random = seededRandom(0);

/** Begins anew: from here on the bytes are those of a seed. */
export function seedRandomBytes(seed: number): void {
  random = seededRandom(seed);
}

/** So many bytes; never for anything but a simulation. */
export function randomBytes(size: number): Buffer {
  return Buffer.from(Array.from({ length: size }, () => random.integer(256)));
}

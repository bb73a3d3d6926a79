/** Pauses between deliveries of a message that fail. */

/** A pause doubles up to this: what was down for hours is asked again within ten minutes of coming back. */
export const RETRY_SECONDS_MAX = 600;

/** The part of a pause that is left to chance, so that what failed together does not come back together. */
export const RETRY_JITTER = 0.5;

/**
 * Whole seconds until the next delivery. `firstSeconds` is the pause after the first one, `attempts` how many there were,
 * `chance` a random number from 0 up to 1.
 */
export function retryDelaySeconds(firstSeconds: number, attempts: number, chance: number): number {
  const pause = Math.min(firstSeconds * 2 ** (attempts - 1), RETRY_SECONDS_MAX);
  return Math.ceil(pause * (1 - RETRY_JITTER * chance));
}

/** Whether this is a local run: said by the bundler of `npm run serve` and `npm run dev`, and by nothing at run time. */

/** Replaced by `true` in local bundles. A bundle that is deployed has no such name, and no variable can make one. */
declare const FOLIO_LOCAL: boolean;

/**
 * Where this is true, and nowhere else, the local administrator's token counts, and the rules of the archive's bucket are
 * simulated, which no platform applies there.
 */
export const IS_LOCAL: boolean = typeof FOLIO_LOCAL !== 'undefined' && FOLIO_LOCAL;

/** Where the platform makes its objects. */

/** Regions that Cloudflare takes as hints (https://developers.cloudflare.com/durable-objects/reference/data-location/). */
export const LOCATION_HINTS = [
  'wnam',
  'enam',
  'sam',
  'weur',
  'eeur',
  'apac',
  'apac-ne',
  'apac-se',
  'oc',
  'afr',
  'me',
] as const;

/** The setting `LOCATION_HINT`; objects are made near whoever asks for one first where it is absent, and never move. */
export interface LocationSettings {
  readonly LOCATION_HINT?: string;
}

/** An object's place, as a namespace takes it. Throws on a hint that there is not: the environment is set up wrongly. */
export function placeOf({ LOCATION_HINT: hint }: LocationSettings): {
  readonly locationHint?: (typeof LOCATION_HINTS)[number];
} {
  if (hint === undefined) return {};
  const locationHint = LOCATION_HINTS.find((known) => known === hint);
  if (locationHint === undefined) throw new Error(`there is no location ${hint}`);
  return { locationHint };
}

/** Which web pages may use the API: an environment names their origins in `CORS_ORIGINS`. */

/** What a setting names. */
export interface PageOrigins {
  readonly origins: ReadonlySet<string>;
  /** Entries that no page can have come from, as they are written: what they were meant to allow is not allowed. */
  readonly unusable: readonly string[];
}

/** Scheme, host and perhaps a port, and no more; `null` is what browsers say of pages without one, such as files. */
const ORIGIN = /^(?:[a-z][a-z0-9+.-]*:\/\/[^\s/?#*@]+|null)$/i;

/** Reads the setting: origins with commas between. */
export function pageOrigins(setting = ''): PageOrigins {
  const entries = setting.split(',').map((entry) => entry.trim());
  const named = entries.filter((entry) => entry !== '').map(originOf);
  return {
    origins: new Set(named.filter((entry) => ORIGIN.test(entry))),
    unusable: named.filter((entry) => !ORIGIN.test(entry)),
  };
}

/** An origin as browsers send it: people also write it as the address of a page, with a slash at its end. */
function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  // Origins of some schemes have no form of their own.
  return url !== undefined && url.origin !== 'null' && url.href === `${url.origin}/` ? url.origin : text;
}

/** What is wrong with entries that are of no use. */
export function unusableText(unusable: readonly string[]): string {
  const entries = unusable.map((entry) => `"${entry}"`).join(', ');
  return `CORS_ORIGINS has ${entries}, and takes whole origins alone, such as http://localhost:5173`;
}

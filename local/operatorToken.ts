import { existsSync, readFileSync } from 'node:fs';

/** Where a plain `npm run serve` leaves its administrator's token. */
export const DEFAULT_TOKEN_FILE = '.folio/dev-token';

/** What the help of a command says of its option `--token`. */
export const TOKEN_DEFAULTS = `FOLIO_TOKEN of the environment, else, at this machine, the token in ${DEFAULT_TOKEN_FILE}`;

/** What to do about a 401, to stand after what the platform says. */
export const TOKEN_ADVICE = '(give a token with --token TOKEN or in FOLIO_TOKEN)';

/** Hosts that are this machine: a local server's token goes nowhere else. */
const THIS_MACHINE = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The token that a command sends to the platform at `url`: the one given, else that of the environment, else that of a plain
 * `npm run serve`; undefined where there is none.
 */
export function operatorToken(
  url: string,
  given: string | undefined,
  fromEnvironment = process.env.FOLIO_TOKEN,
  tokenFile = DEFAULT_TOKEN_FILE,
): string | undefined {
  return given ?? fromEnvironment ?? (isThisMachine(url) ? fileToken(tokenFile) : undefined);
}

function isThisMachine(url: string): boolean {
  return URL.canParse(url) && THIS_MACHINE.includes(new URL(url).hostname);
}

function fileToken(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, 'utf8').trim() : undefined;
}

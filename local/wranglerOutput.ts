import { execFile } from 'node:child_process';
import { stripVTControlCharacters } from 'node:util';
import { REPOSITORY, wranglerBinary } from './config.ts';

/** Keeps wrangler from reporting usage and from looking for updates: it has to work with no network. */
export const OFFLINE = {
  WRANGLER_SEND_METRICS: 'false',
  WRANGLER_SEND_ERROR_REPORTS: 'false',
  WRANGLER_HIDE_BANNER: 'true',
};

/** A command of wrangler that failed; the message is all that it printed. */
export class WranglerError extends Error {
  override readonly name = 'WranglerError';
}

/** What a command of wrangler prints on its standard output. Rejects with a {@link WranglerError} where it fails. */
export function wranglerOutput(args: readonly string[]): Promise<string> {
  const options = { cwd: REPOSITORY, env: { ...process.env, ...OFFLINE } };
  return new Promise((resolve, reject) => {
    execFile(process.execPath, [wranglerBinary(), ...args], options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new WranglerError(plainText(`${stderr}\n${stdout}`) || error.message));
    });
  });
}

/** Without colours, which wrangler also prints where nobody sees them, and without lines that are empty. */
function plainText(printed: string): string {
  const lines = stripVTControlCharacters(printed).split('\n');
  return lines.filter((line) => line.trim() !== '').join('\n');
}

import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { REPOSITORY, wranglerBinary } from './config.ts';
import { LocalServerError, messageOf } from './errors.ts';

/** Secrets without which the Worker must not be deployed: what it would then do wrong could not be undone. */
export const REQUIRED_SECRETS = ['PERSONAL_DATA_KEYS'] as const;

/** Options of wrangler that say which Worker is meant, each with a value. */
const WORKER_OPTIONS: ReadonlySet<string> = new Set(['--env', '-e', '--name', '--config', '-c']);

/** Required secrets that the Worker neither has nor is given by this deployment. `list` names those that it has. */
export async function missingSecrets(
  args: readonly string[],
  list: (workerOptions: readonly string[]) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const given = secretsOfFile(optionValue(args, '--secrets-file'));
  const missing = REQUIRED_SECRETS.filter((name) => !given.has(name));
  if (missing.length === 0) return missing;
  const there = new Set(await list(workerOptions(args)));
  return missing.filter((name) => !there.has(name));
}

/** Names of the secrets of a deployed Worker; none where there is no such Worker yet. */
export function deployedSecrets(workerOptions: readonly string[]): Promise<readonly string[]> {
  const command = [wranglerBinary(), 'secret', 'list', '--format', 'json', ...workerOptions];
  return new Promise((resolve, reject) => {
    execFile(process.execPath, command, { cwd: REPOSITORY }, (error, stdout, stderr) => {
      if (error === null) resolve((JSON.parse(stdout) as { name: string }[]).map(({ name }) => name));
      else if (NO_WORKER.test(`${stdout}${stderr}`)) resolve([]);
      else reject(new LocalServerError(`the Worker's secrets cannot be listed: ${stderr || stdout}`));
    });
  });
}

/** What wrangler says of a Worker that was never deployed, with the API's code. */
const NO_WORKER = /not found|does not exist|10007/i;

/** What to do about missing secrets, for the terminal. */
export function missingSecretsText(missing: readonly string[]): string {
  return [
    `The Worker has no secret ${missing.join(', ')} and would refuse whatever needs it (docs/privacy.md, "Keys").`,
    'Make one:        openssl rand -base64 32',
    `Give it:         npx wrangler secret put ${missing[0]}`,
    'First release:   npm run deploy -- --secrets-file FILE, with a line NAME=VALUE for each',
  ].join('\n');
}

/** The value of an option, given as `--option value` or `--option=value`; undefined where it is not given. */
export function optionValue(args: readonly string[], option: string): string | undefined {
  const index = args.findIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  const arg = args[index];
  if (arg === undefined) return undefined;
  return arg === option ? args[index + 1] : arg.slice(option.length + 1);
}

function workerOptions(args: readonly string[]): string[] {
  return args.filter(
    (arg, index) =>
      WORKER_OPTIONS.has(arg) ||
      WORKER_OPTIONS.has(args[index - 1] ?? '') ||
      WORKER_OPTIONS.has(arg.split('=', 1)[0] as string),
  );
}

/** Names in a file of secrets, as wrangler takes it: JSON, or a line `NAME=value` each. */
function secretsOfFile(file: string | undefined): ReadonlySet<string> {
  if (file === undefined) return new Set();
  try {
    const text = readFileSync(file, 'utf8');
    const values: Record<string, unknown> = text.trimStart().startsWith('{')
      ? JSON.parse(text)
      : parseEnv(text);
    return new Set(Object.keys(values).filter((name) => values[name] !== ''));
  } catch (error) {
    throw new LocalServerError(`--secrets-file: ${file} cannot be read: ${messageOf(error)}`);
  }
}

import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { isPublished } from '../payments/providers.ts';
import { optionValue } from './deployment.ts';
import { LocalServerError, messageOf } from './errors.ts';
import { WranglerError, wranglerOutput } from './wranglerOutput.ts';

const RANDOM = 'openssl rand -base64 32';

/** Secrets without which the Worker must not be deployed: what it would do without, where more is said, and what makes one. */
const REQUIRED_SECRETS = {
  PERSONAL_DATA_KEYS: { without: 'would take no order', more: 'docs/privacy.md, "Keys"', make: RANDOM },
  NOTARY_KEYS: {
    without: 'would sign nothing of its archive',
    more: 'docs/archive.md, "Checkpoints and keys"',
    make: 'openssl genpkey -algorithm ed25519 -outform DER | openssl base64 -A',
  },
  SANDBOX_WEBHOOK_SECRET: {
    without: 'would refuse new payments',
    more: 'docs/operations.md, "Payments"',
    make: RANDOM,
  },
} as const;
type RequiredSecret = keyof typeof REQUIRED_SECRETS;

/** What the Worker needs. */
function requiredSecrets({ PAYMENT_PROVIDER: provider = 'sandbox' }: Variables): RequiredSecret[] {
  const always = ['PERSONAL_DATA_KEYS', 'NOTARY_KEYS'] as const;
  return provider === 'sandbox' ? [...always, 'SANDBOX_WEBHOOK_SECRET'] : [...always];
}

/** Variables of the Worker by name: unlike secrets they stand in a file that others read. */
export type Variables = Readonly<Record<string, unknown>>;

/** Options of wrangler that say which Worker is meant, and whose, each with a value. */
const WORKER_OPTIONS: ReadonlySet<string> = new Set([
  '--env',
  '-e',
  '--name',
  '--config',
  '-c',
  '--cwd',
  '--profile',
]);

/**
 * Required secrets that the Worker neither has nor is given by this deployment. `list` names those that it has. Throws where
 * a variable would stand for one: it would take the secret's place, and everybody who reads the file would know it.
 */
export async function missingSecrets(
  args: readonly string[],
  configured: Variables,
  list: (workerOptions: readonly string[]) => Promise<readonly string[]>,
): Promise<readonly RequiredSecret[]> {
  const variables = { ...configured, ...givenVariables(args) };
  const exposed = Object.keys(REQUIRED_SECRETS).find((name) => name in variables);
  if (exposed !== undefined)
    throw new LocalServerError(
      `${exposed} is a variable, which is no place for a secret: take it out of [vars] and --var`,
    );
  const given = secretsOfFile(optionValue(args, '--secrets-file'));
  const missing = requiredSecrets(variables).filter((name) => !given.has(name));
  if (missing.length === 0) return missing;
  const there = new Set(await list(workerOptions(args)));
  return missing.filter((name) => !there.has(name));
}

/** Variables of a deployment's command line: `--var NAME:value`, as often as wanted, or several behind one `--var`. */
export function givenVariables(args: readonly string[]): Record<string, string> {
  const pairs = args.flatMap((arg) => {
    const [, name, value] = /^(?:--var=)?([A-Z][A-Z0-9_]*):(.*)$/s.exec(arg) ?? [];
    return name === undefined || value === undefined ? [] : [[name, value] as const];
  });
  return Object.fromEntries(pairs);
}

/** Names of the secrets of a deployed Worker; none where there is no such Worker yet. */
export async function deployedSecrets(workerOptions: readonly string[]): Promise<readonly string[]> {
  try {
    const listed = await wranglerOutput(['secret', 'list', '--format', 'json', ...workerOptions]);
    return (JSON.parse(listed) as { name: string }[]).map(({ name }) => name);
  } catch (error) {
    if (!(error instanceof WranglerError)) throw error;
    if (NO_WORKER.test(error.message)) return [];
    throw new LocalServerError(`the Worker's secrets cannot be listed: ${error.message}`);
  }
}

/** What wrangler says of a Worker that was never deployed, with the API's code. */
const NO_WORKER = /not found|does not exist|10007/i;

/** What to do about missing secrets, for the terminal. */
export function missingSecretsText(missing: readonly RequiredSecret[]): string {
  const aboutEach = missing.flatMap((name) => {
    const { without, more, make } = REQUIRED_SECRETS[name];
    return [
      `The Worker has no secret ${name} and ${without} (${more}).`,
      `  Make one:      ${make}`,
      `  Give it:       npx wrangler secret put ${name}`,
    ];
  });
  return [
    ...aboutEach,
    'First release:   npm run deploy -- --secrets-file FILE, with a line NAME=VALUE for each',
  ].join('\n');
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
    return new Set(
      Object.keys(values).filter((name) => values[name] !== '' && !isPublished(`${values[name]}`)),
    );
  } catch (error) {
    throw new LocalServerError(`--secrets-file: ${file} cannot be read: ${messageOf(error)}`);
  }
}

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DEFAULT_MIGRATIONS_FOLDER, REPOSITORY, wranglerBinary } from './config.ts';
import { deploymentOf, optionValue } from './deployment.ts';
import { migrationFiles } from './migrations.ts';
import { readOrMakeNotaryKeys } from './notaryKey.ts';
import { readOrMakePersonalDataKeys } from './personalDataKey.ts';
import { readOrMakeToken } from './stateFolder.ts';
import { readOrMakeWebhookSecret } from './webhookSecret.ts';
import { OFFLINE } from './wranglerOutput.ts';

/** Answers wrangler's questions with its defaults, as it does in continuous integration. */
const UNATTENDED = { CI: '1' };

/** Runs a wrangler command on this terminal and answers its exit code. */
export async function runWrangler(
  args: readonly string[],
  environment: Record<string, string> = {},
): Promise<number> {
  const child = spawn(process.execPath, [wranglerBinary(), ...args], {
    cwd: REPOSITORY,
    stdio: 'inherit',
    env: { ...process.env, ...OFFLINE, ...environment },
  });
  // Ctrl-C reaches wrangler by itself; this process only waits for it. What npm sends to this process is passed on.
  const ignore = () => undefined;
  const forward = () => child.kill('SIGTERM');
  process.on('SIGINT', ignore).on('SIGTERM', forward);
  const [code] = (await once(child, 'exit')) as [number | null];
  process.off('SIGINT', ignore).off('SIGTERM', forward);
  return code ?? 1;
}

/** Options of `wrangler dev` and `wrangler deploy` that say which databases are meant, and whose, each with a value. */
const DATABASE_OPTIONS = ['--env', '-e', '--config', '-c', '--cwd', '--profile', '--persist-to'];

/**
 * Applies the migrations of every D1 database that a command means by the options `given`, which comes after it; answers the first
 * exit code that is not 0. Another environment may have more of them than the one without a name.
 */
export async function migrateWithWrangler(
  where: '--local' | '--remote',
  given: readonly string[],
  run = runWrangler,
): Promise<number> {
  const meant = DATABASE_OPTIONS.flatMap((option) => {
    const value = optionValue(given, option);
    return value === undefined ? [] : [option, value];
  });
  const { d1_databases: databases, folder } = await deploymentOf(given);
  for (const { binding, migrations_dir: migrations = DEFAULT_MIGRATIONS_FOLDER } of databases) {
    // Without a migration wrangler asks whether to make the folder.
    if (migrationFiles(resolve(folder, migrations)).length === 0) continue;
    const code = await run(['d1', 'migrations', 'apply', binding, where, ...meant], UNATTENDED);
    if (code !== 0) return code;
  }
  return 0;
}

/**
 * The options that give `wrangler dev` a local administrator's token and the keys that it needs. They stand in a file of their own: an argument would
 * show in the list of processes, and a line added to `.dev.vars` would reach the tests as well.
 */
export function devTokenOptions(): { tokenFile: string; options: string[] } {
  const folder = join(REPOSITORY, '.wrangler');
  mkdirSync(folder, { recursive: true });
  const tokenFile = join(folder, 'dev-token');
  const token = readOrMakeToken(tokenFile);
  const variables = join(folder, 'dev-token.env');
  const keys = readOrMakeNotaryKeys(join(folder, 'notary-keys'));
  const masters = readOrMakePersonalDataKeys(join(folder, 'personal-data-keys'));
  const webhooks = readOrMakeWebhookSecret(join(folder, 'sandbox-webhook-secret'));
  const lines = [
    `DEV_TOKEN=${token}`,
    `NOTARY_KEYS="${keys}"`,
    `PERSONAL_DATA_KEYS="${masters}"`,
    `SANDBOX_WEBHOOK_SECRET="${webhooks}"`,
  ];
  writeFileSync(variables, `${lines.join('\n')}\n`, { mode: 0o600 });
  // A list of files replaces wrangler's default, which is .dev.vars.
  const files = [join(REPOSITORY, '.dev.vars'), variables].filter((file) => existsSync(file));
  return { tokenFile, options: files.flatMap((file) => ['--env-file', file]) };
}

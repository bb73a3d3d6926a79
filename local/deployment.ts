/** The Worker that a command of wrangler means, by its options, as the configuration has it. */
import { dirname, resolve } from 'node:path';
import { CONSUMER_GROUPS, isGroupName, ownerOfQueue } from '../schemas/consumerGroups.ts';
import { loadWrangler, WRANGLER_TOML } from './config.ts';
import { LocalServerError } from './errors.ts';

/** As much of wrangler's configuration as is read of a deployment. Its own type is built on a package that is not published. */
interface Configuration {
  readonly account_id?: string;
  readonly vars?: Readonly<Record<string, unknown>>;
  readonly define?: Readonly<Record<string, string>>;
  readonly d1_databases: readonly {
    readonly binding: string;
    readonly database_name?: string;
    readonly database_id?: string;
    readonly migrations_dir?: string;
  }[];
  readonly queues: {
    readonly producers?: readonly { readonly binding: string; readonly queue: string }[];
    readonly consumers?: readonly { readonly queue: string; readonly dead_letter_queue?: string }[];
  };
  readonly r2_buckets: readonly { readonly bucket_name?: string; readonly jurisdiction?: string }[];
  /** Names of the environments that there are. */
  readonly definedEnvironments?: readonly string[] | undefined;
}

/** A configuration, and the folder that its paths begin in. */
export interface Deployment extends Configuration {
  readonly folder: string;
}

/** The value of an option, given as `--option value` or `--option=value`; undefined where it is not given. */
export function optionValue(args: readonly string[], option: string): string | undefined {
  const index = args.findIndex((arg) => arg === option || arg.startsWith(`${option}=`));
  const arg = args[index];
  if (arg === undefined) return undefined;
  return arg === option ? args[index + 1] : arg.slice(option.length + 1);
}

/**
 * The environment that a command means, as wrangler finds it: by `--env` or `-e`, else by the variable `CLOUDFLARE_ENV`. The empty text
 * is the one without a name, also where that variable names another; undefined where nothing is said.
 */
export function environmentOf(args: readonly string[]): string | undefined {
  return optionValue(args, '--env') ?? optionValue(args, '-e') ?? process.env.CLOUDFLARE_ENV;
}

/** What the options of a command mean: `--config` and `--env`, or their short forms. */
export async function deploymentOf(args: readonly string[]): Promise<Deployment> {
  const { unstable_readConfig: readConfig } = await loadWrangler();
  const config = optionValue(args, '--config') ?? optionValue(args, '-c') ?? WRANGLER_TOML;
  const env = environmentOf(args);
  const read: unknown = readConfig({ config, ...(env === undefined ? {} : { env }) }, { hideWarnings: true });
  return { ...(read as Configuration), folder: dirname(resolve(config)) };
}

/** Throws {@link LocalServerError} where there is no such environment: wrangler would take the one without a name for it. */
export function requireEnvironment(
  { definedEnvironments }: Pick<Deployment, 'definedEnvironments'>,
  environment: string | undefined,
): void {
  if (environment && definedEnvironments?.includes(environment) !== true)
    throw new LocalServerError(`wrangler.toml has no environment ${environment}`);
}

/**
 * Throws {@link LocalServerError} where a queue's name would have its batches taken by nobody, by another group, or dead letters taken for
 * live ones: the Worker tells its queues by their names.
 */
export function requireQueueNames({ queues: { producers = [], consumers = [] } }: Deployment): void {
  const dead = new Set(consumers.map(({ dead_letter_queue: name }) => name));
  for (const { queue } of consumers) {
    const { group, isDead } = ownerOfQueue(queue);
    if (group === undefined || !isGroupName(group) || isDead !== dead.has(queue))
      throw new LocalServerError(`${queue}: ${QUEUE_NAMES}`);
  }
  for (const { binding, queue } of producers) {
    const meant = Object.entries(CONSUMER_GROUPS).find(([, group]) => group.binding === binding);
    if (meant !== undefined && ownerOfQueue(queue).group !== meant[0])
      throw new LocalServerError(`${queue}: ${QUEUE_NAMES}`);
  }
}

const QUEUE_NAMES =
  'the name of a queue has folio-<group> in it, and dead where it is for dead letters alone (docs/operations.md, "Deploying")';

/**
 * Options that give a named environment what the bundler is told of the one without a name: wrangler lets it inherit nearly all that is
 * no binding, but not that, and what draws PDFs fails without it.
 */
export async function inheritedDefinitions(args: readonly string[]): Promise<string[]> {
  const config = optionValue(args, '--config') ?? optionValue(args, '-c');
  const named = await deploymentOf(args);
  const nameless = await deploymentOf(['--env=', ...(config === undefined ? [] : ['--config', config])]);
  return Object.entries(nameless.define ?? {})
    .filter(([name]) => !Object.hasOwn(named.define ?? {}, name))
    .flatMap(([name, value]) => ['--define', `${name}:${value}`]);
}

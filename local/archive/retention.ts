/**
 * `npm run archive -- retention`: brings the rules of the archive's bucket to what they must be, or says how they differ. Rules
 * of others are left as they are.
 */
import {
  type ArchiveRemoval,
  archiveRemovalOf,
  type Jurisdiction,
  jurisdictionOf,
  RETENTION,
  RETENTION_CLASSES,
  type RetentionClass,
  retentionOf,
} from '../../schemas/retention.ts';
import { plural } from '../../verifier/counts.ts';
import { loadWrangler, WRANGLER_TOML } from '../config.ts';
import { requireEnvironment } from '../deployment.ts';
import { LocalServerError } from '../errors.ts';
import {
  type BucketRule,
  compareRules,
  RULE_KINDS,
  type RuleKind,
  removesSegments,
  requiredRules,
  ruleText,
} from './bucketRules.ts';
import { CloudflareApi } from './cloudflareApi.ts';

const SUSPENDED = 'removal is suspended: nothing of the archive goes at the end of its term';

/** What to do about the rules. */
export interface RetentionOptions {
  /** Says what they must be, and needs no account. */
  readonly isDryRun?: boolean;
  /** Changes nothing. */
  readonly isCheck?: boolean;
  /** The environment of `wrangler.toml` that is meant; absent: the one that wrangler's variable names, else the one without a name. */
  readonly environment?: string | undefined;
  /** The Worker's configuration, where it is not the repository's. */
  readonly config?: string | undefined;
  /** The login of wrangler that is meant, where it has several. */
  readonly profile?: string | undefined;
}

/** What says which buckets are meant. */
type Meant = Pick<RetentionOptions, 'environment' | 'config'>;

/** The world around the command. */
interface World {
  readonly env: Readonly<Record<string, string | undefined>>;
  print(line: string): void;
}

/** The bucket of an environment, and where its data lies. */
interface Bucket {
  readonly name: string;
  readonly account: string | undefined;
  /** R2's jurisdiction of the bucket, if it has one. */
  readonly restriction: string | undefined;
  readonly jurisdiction: Jurisdiction;
  readonly removal: ArchiveRemoval;
}

/** Prints what it finds and does; answers the exit code: 1 where the bucket does not have the rules. */
export async function retention(
  { isDryRun = false, isCheck = false, profile, environment, config }: RetentionOptions,
  world: World = { env: process.env, print: (line) => console.log(line) },
): Promise<number> {
  // As wrangler has it, which reads this variable itself and takes an environment that there is not for the one without a name.
  const meant = { environment: environment ?? world.env.CLOUDFLARE_ENV, config };
  const bucket = await bucketOf(meant);
  if (isDryRun) {
    printRules(bucket, world);
    return 0;
  }
  const api = await CloudflareApi.connect(world.env, bucket.account, profile);
  const counts = { wrong: 0, added: 0, removed: 0 };
  const { removal } = bucket;
  for (const kind of RULE_KINDS) {
    const found = compareRules(kind, await rulesOf(api, bucket, kind), removal);
    const isRight = found.missing.length + found.stale.length === 0;
    if (!isRight && !isCheck) {
      await api.call('PUT', pathOf(bucket, kind), headersOf(bucket), { rules: found.wanted });
      counts.added += found.missing.length;
      counts.removed += found.stale.length;
    }
    const { missing, stale, foreign } =
      isRight || isCheck ? found : compareRules(kind, await rulesOf(api, bucket, kind), removal);
    counts.wrong += missing.length + stale.length;
    for (const rule of missing) world.print(`missing: ${rule.id}: ${ruleText(kind, rule)}`);
    for (const rule of stale) world.print(`changed or out of date: ${rule.id}: ${ruleText(kind, rule)}`);
    for (const rule of foreign) {
      const isInTheWay = removal === 'SUSPENDED' && removesSegments(rule);
      if (isInTheWay) counts.wrong++;
      const what = isInTheWay ? 'removes what must stay, and is left to whoever made it' : 'left alone';
      world.print(`${what}: ${rule.id}: ${ruleText(kind, rule)}`);
    }
  }
  if (removal === 'SUSPENDED') world.print(SUSPENDED);
  const { added, removed, wrong } = counts;
  const changes = added + removed === 0 ? '' : ` (${added} added, ${removed} removed)`;
  const verdict =
    wrong === 0
      ? 'has the rules of the archive'
      : `differs from the rules of the archive: ${plural(wrong, 'finding')}`;
  world.print(`bucket ${bucket.name} ${verdict}${changes}`);
  const locks = await locksOnKeyBackups(api, meant, world);
  return wrong + locks === 0 ? 0 : 1;
}

/** Locks on the bucket of the keys' backup, where an erasure replaces what there is: said, and counted. */
async function locksOnKeyBackups(api: CloudflareApi, meant: Meant, world: World): Promise<number> {
  const bucket = await bucketOf(meant, 'KEY_BACKUPS');
  const locks = (await rulesOf(api, bucket, 'lock')).filter(({ enabled }) => enabled);
  for (const rule of locks)
    world.print(
      `no lock may be on ${bucket.name}, where erasures must reach: ${rule.id}: ${ruleText('lock', rule)}`,
    );
  return locks.length;
}

function printRules({ name, jurisdiction, removal }: Bucket, { print }: World): void {
  print(`Terms in the jurisdiction ${jurisdiction}: a log is kept as long as any of its events has to be.`);
  for (const [type, classes] of Object.entries(RETENTION)) {
    print(`  ${type.padEnd(14)}  ${yearsText(retentionOf(type, jurisdiction).years)}`);
    for (const [name, events] of eventsByClass(classes))
      print(
        `    ${name.padEnd(12)}  ${yearsText(RETENTION_CLASSES[name].terms[jurisdiction])}  ${events.join(', ')}`,
      );
  }
  print('');
  print(`Rules of the bucket ${name}:`);
  for (const kind of RULE_KINDS) {
    for (const rule of requiredRules(kind, removal))
      print(`  ${rule.id.padEnd(36)}  ${ruleText(kind, rule)}`);
  }
  if (removal === 'SUSPENDED') print(`  ${SUSPENDED}`);
}

/** Event types of an aggregate by their class. */
function eventsByClass(classes: Readonly<Record<string, RetentionClass>>): Map<RetentionClass, string[]> {
  return Map.groupBy(Object.keys(classes), (type) => classes[type] as RetentionClass);
}

function yearsText(years: number): string {
  return `${String(years).padStart(2)} years`;
}

/** As much of wrangler's configuration as is read here. Its own type is built on a package that is not published. */
interface BucketConfig {
  readonly account_id?: string;
  readonly r2_buckets: readonly {
    readonly binding: string;
    readonly bucket_name?: string;
    readonly jurisdiction?: string;
  }[];
  readonly vars: Readonly<Record<string, unknown>>;
  /** Names of the environments that there are. */
  readonly definedEnvironments?: readonly string[] | undefined;
}

async function bucketOf(
  { environment, config: file = WRANGLER_TOML }: Meant,
  binding = 'ARCHIVE',
): Promise<Bucket> {
  const { unstable_readConfig } = await loadWrangler();
  const wanted = { config: file, ...(environment === undefined ? {} : { env: environment }) };
  const config: BucketConfig = unstable_readConfig(wanted, { hideWarnings: true });
  requireEnvironment(config, environment);
  const entry = config.r2_buckets.find((one) => one.binding === binding);
  if (entry?.bucket_name === undefined)
    throw new LocalServerError(`wrangler.toml binds no bucket as ${binding}`);
  return {
    name: entry.bucket_name,
    account: config.account_id,
    restriction: entry.jurisdiction,
    jurisdiction: jurisdictionOf(config.vars.JURISDICTION as string | undefined),
    removal: archiveRemovalOf(config.vars.ARCHIVE_REMOVAL as string | undefined),
  };
}

async function rulesOf(api: CloudflareApi, bucket: Bucket, kind: RuleKind) {
  const { rules } = await api.call<{ rules: readonly BucketRule[] }>(
    'GET',
    pathOf(bucket, kind),
    headersOf(bucket),
  );
  return rules;
}

function pathOf({ name }: Bucket, kind: RuleKind): string {
  return `/r2/buckets/${name}/${kind}`;
}

function headersOf({ restriction }: Bucket): Record<string, string> {
  return restriction === undefined ? {} : { 'cf-r2-jurisdiction': restriction };
}

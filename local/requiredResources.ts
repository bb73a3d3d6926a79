/** What the Worker is bound to and wrangler does not make: looked for before anything is changed, and all of it at once. */
import { CloudflareApi, CloudflareApiError } from './archive/cloudflareApi.ts';
import type { Deployment } from './deployment.ts';

/** What stands in `wrangler.toml` for a database that was not made yet. */
const NO_DATABASE = /^[0-]*$/;

/** What the API says of databases and of buckets that there are not. */
const NOT_FOUND_CODES: readonly number[] = [7404, 10006];

/**
 * The command that makes each resource which there is not; the databases first, whose ids have to be written down. `profile`: the login
 * of wrangler that is meant, where it has several.
 */
export async function missingResources(
  deployment: Deployment,
  profile?: string,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): Promise<string[]> {
  const api = await CloudflareApi.connect(environment, deployment.account_id, profile);
  return [
    ...(await missingDatabases(api, deployment)),
    ...(await missingQueues(api, deployment)),
    ...(await missingBuckets(api, deployment)),
  ];
}

/** What to do about missing resources, for the terminal. */
export function missingResourcesText(commands: readonly string[]): string {
  return [
    'The Worker is bound to what there is not yet; nothing was changed (docs/operations.md, "Deploying"):',
    ...commands.map((command) => `  ${command}`),
  ].join('\n');
}

async function missingDatabases(api: CloudflareApi, { d1_databases: databases }: Deployment) {
  const commands: string[] = [];
  for (const { binding, database_name: name = binding, database_id: id = '' } of databases) {
    const isThere = !NO_DATABASE.test(id) && (await isFound(api.call('GET', `/d1/database/${id}`, {})));
    if (!isThere)
      commands.push(`npx wrangler d1 create ${name}   # its id becomes database_id of ${binding}`);
  }
  return commands;
}

async function missingQueues(api: CloudflareApi, { queues }: Deployment) {
  const names = new Set([
    ...(queues.producers ?? []).map(({ queue }) => queue),
    ...(queues.consumers ?? []).flatMap(({ queue, dead_letter_queue: dead }) => [queue, dead ?? queue]),
  ]);
  const commands: string[] = [];
  for (const name of names) {
    const found = await api.call<readonly { queue_name: string }[]>('GET', `/queues?name=${name}`, {});
    if (!found.some(({ queue_name: queue }) => queue === name))
      commands.push(`npx wrangler queues create ${name}`);
  }
  return commands;
}

async function missingBuckets(api: CloudflareApi, { r2_buckets: buckets }: Deployment) {
  const commands: string[] = [];
  for (const { bucket_name: name = '', jurisdiction } of buckets) {
    const headers: Record<string, string> =
      jurisdiction === undefined ? {} : { 'cf-r2-jurisdiction': jurisdiction };
    const option = jurisdiction === undefined ? '' : ` --jurisdiction ${jurisdiction}`;
    if (!(await isFound(api.call('GET', `/r2/buckets/${name}`, headers))))
      commands.push(`npx wrangler r2 bucket create ${name}${option}`);
  }
  return commands;
}

/** Throws where the API fails for another reason than that there is none. */
async function isFound(answer: Promise<unknown>): Promise<boolean> {
  try {
    await answer;
    return true;
  } catch (error) {
    if (error instanceof CloudflareApiError && error.codes.some((code) => NOT_FOUND_CODES.includes(code)))
      return false;
    throw error;
  }
}

/** A deployment that is bound to what there is not yet is stopped before it changes anything, and says how to make all of it. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import {
  type Deployment,
  deploymentOf,
  environmentOf,
  inheritedDefinitions,
  requireEnvironment,
  requireQueueNames,
} from '../../local/deployment.ts';
import { missingResources, missingResourcesText } from '../../local/requiredResources.ts';

const OPERATIONS = readFileSync(join(import.meta.dirname, '../../docs/operations.md'), 'utf8');
const ID = '8f3d2c51-0000-4000-8000-000000000001';

/** What the account has. */
let account: { databases: string[]; queues: string[]; buckets: string[] };
let refusal: { code: number; message: string } | undefined;
let server: Server;
/** The environment's variables that lead wrangler, and us, to the stand-in of the API. */
let variables: Record<string, string>;
let deployment: Deployment;

/** The API as far as it is asked here. */
function answer({ url = '', headers }: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(url, 'http://api.test');
  const [, , , kind, ...rest] = pathname.split('/');
  const name = rest.at(-1) ?? '';
  const send = (result: unknown, errors: object[] = []) =>
    response.end(JSON.stringify({ success: errors.length === 0, result, errors }));
  const where = headers['cf-r2-jurisdiction'] === undefined ? '' : ` in ${headers['cf-r2-jurisdiction']}`;
  if (refusal !== undefined) send(null, [refusal]);
  else if (kind === 'queues')
    send(
      account.queues
        .filter((queue) => queue === searchParams.get('name'))
        .map((queue) => ({ queue_name: queue })),
    );
  else if (kind === 'd1')
    send({}, account.databases.includes(name) ? [] : [{ code: 7404, message: 'not found' }]);
  else send({}, account.buckets.includes(name + where) ? [] : [{ code: 10006, message: 'no such bucket' }]);
}

beforeAll(async () => {
  server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  variables = {
    CLOUDFLARE_API_BASE_URL: `http://127.0.0.1:${port}`,
    CLOUDFLARE_API_TOKEN: 'a-token',
    CLOUDFLARE_ACCOUNT_ID: 'acc-1',
  };
  deployment = await deploymentOf([]);
});
beforeEach(() => {
  account = { databases: [], queues: [], buckets: [] };
  refusal = undefined;
});
afterAll(() => void server.close());

const missing = (meant = deployment) => missingResources(meant, undefined, variables);

describe('an environment', () => {
  const folder = mkdtempSync(join(tmpdir(), 'folio-environment-'));
  const config = join(folder, 'wrangler.toml');
  writeFileSync(
    config,
    '[define]\none = "1"\ntwo = "https://a.test/"\n[env.staging]\ndefine = { one = "3" }\n[env.bare]\n',
  );
  afterAll(() => rmSync(folder, { recursive: true }));
  const options = ['--config', config];

  it('has the definitions of the one without a name, unless it has others', async () => {
    expect(await inheritedDefinitions(options)).toEqual([]);
    expect(await inheritedDefinitions([...options, '--env', 'staging'])).toEqual([
      '--define',
      'two:https://a.test/',
    ]);
    expect(await inheritedDefinitions(['-c', config, '-e', 'bare'])).toEqual([
      '--define',
      'one:1',
      '--define',
      'two:https://a.test/',
    ]);
  });

  it('is named by the variable of wrangler where no option does, and an empty option is the one without a name', async () => {
    vi.stubEnv('CLOUDFLARE_ENV', 'bare');
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(environmentOf(options)).toBe('bare');
    expect(await inheritedDefinitions(options)).toHaveLength(4);
    const nameless = [...options, '--env='];
    expect(await inheritedDefinitions(nameless)).toEqual([]);
    const found = await deploymentOf(nameless);
    requireEnvironment(found, environmentOf(nameless));
    vi.stubEnv('CLOUDFLARE_ENV', 'bar');
    expect(() => requireEnvironment(found, environmentOf(options))).toThrow('no environment bar');
  });

  it('that there is not is none, and not the one without a name', async () => {
    const found = await deploymentOf([...options, '--env', 'staging']);
    requireEnvironment(found, undefined);
    requireEnvironment(found, 'staging');
    expect(() => requireEnvironment(found, 'stagin')).toThrow('wrangler.toml has no environment stagin');
  });
});

describe('the queues of a deployment', () => {
  const consumers = (...names: readonly string[]) =>
    names.map((queue) => ({ queue, dead_letter_queue: `${queue}-dead` }));
  const named = (...names: readonly string[]): Deployment => ({
    ...deployment,
    queues: { consumers: [...consumers(...names), ...names.map((name) => ({ queue: `${name}-dead` }))] },
  });
  const bound = (queue: string) => ({
    ...deployment,
    queues: { producers: [{ binding: 'SAGAS_QUEUE', queue }] },
  });

  it('are told by their names, which have those of their environment around them', () => {
    requireQueueNames(deployment);
    requireQueueNames(named('folio-views-staging', 'eu-folio-sagas-2'));
    requireQueueNames(bound('folio-sagas-staging'));
  });

  it.each([
    ['that nobody takes', () => named('views-staging')],
    ['of a group that there is not', () => named('folio-staging-views')],
    ['whose live messages would be taken for dead ones', () => named('the-dead-folio-views')],
    [
      'whose dead letters would be taken for live ones',
      () => ({
        ...deployment,
        queues: {
          consumers: [
            { queue: 'folio-views', dead_letter_queue: 'folio-archive' },
            { queue: 'folio-archive' },
          ],
        },
      }),
    ],
    ['that another group takes', () => bound('folio-views')],
  ])('are refused with a name %s', (_, meant) => {
    expect(() => requireQueueNames(meant())).toThrow('has folio-<group> in it');
  });
});

describe('a deployment into an account', () => {
  it('that has nothing yet names every database, queue and bucket, as the page about it does', async () => {
    const commands = await missing();
    expect(commands[0]).toBe(
      'npx wrangler d1 create folio-views-0   # its id becomes database_id of VIEWS_0',
    );
    expect(commands).toHaveLength(11);
    for (const command of commands) {
      const [, name = ''] = / create (\S+)/.exec(command) ?? [];
      expect([command, OPERATIONS.includes(name)]).toEqual([command, true]);
    }
    expect(missingResourcesText(commands)).toContain('  npx wrangler queues create folio-sagas-dead\n');
  });

  it('that has all of it names none', async () => {
    const [database] = deployment.d1_databases;
    const filledIn = { ...deployment, d1_databases: [{ ...database, binding: 'VIEWS_0', database_id: ID }] };
    account.databases = [ID];
    for (const command of await missing()) {
      const [, name = ''] = / create (\S+)/.exec(command) ?? [];
      if (command.includes('queues')) account.queues.push(name);
      if (command.includes('bucket')) account.buckets.push(name);
    }
    expect(await missing(filledIn)).toEqual([]);
    account.databases = [];
    expect(await missing(filledIn)).toHaveLength(1);
    // The id that stands in the file until somebody has made the database.
    account.databases = [database?.database_id ?? ''];
    expect(await missing()).toHaveLength(1);
  });

  it('looks for buckets in their jurisdiction', async () => {
    const bucket = { bucket_name: 'folio-archive', jurisdiction: 'eu' };
    const meant = { ...deployment, d1_databases: [], queues: {}, r2_buckets: [bucket] };
    account.buckets = ['folio-archive'];
    expect(await missing(meant)).toEqual(['npx wrangler r2 bucket create folio-archive --jurisdiction eu']);
    account.buckets = ['folio-archive in eu'];
    expect(await missing(meant)).toEqual([]);
  });

  it('that its token may not see takes nothing for missing', async () => {
    refusal = { code: 10000, message: 'Authentication error' };
    await expect(missing()).rejects.toThrow('Authentication error (10000)');
  });
});

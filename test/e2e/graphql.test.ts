/** docs/graphql.md tells the truth, in a real workerd: which, unlike the tests' own runtime, makes no code from strings. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildClientSchema, getIntrospectionQuery, type IntrospectionQuery, printSchema } from 'graphql';
import { createClient } from 'graphql-ws';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Client } from '../../demo/client.ts';
import { OwnPlatform } from '../../demo/platform.ts';
import { examplesOf, masked, requestOf } from '../support/examples.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const PAGE = readFileSync(join(REPOSITORY, 'docs/graphql.md'), 'utf8');
const SCHEMA = readFileSync(join(REPOSITORY, 'docs/generated/schema.graphql'), 'utf8');

const START_MS = 180_000;

/** The JavaScript of the page. */
function scriptOf(markdown: string): string {
  const script = /^```js\n([\s\S]*?)\n```$/m.exec(markdown)?.[1];
  if (script === undefined) throw new Error('the page has no script');
  return script;
}

describe('docs/graphql.md', () => {
  let platform: OwnPlatform;
  let client: Client;

  beforeAll(async () => {
    platform = await OwnPlatform.start();
    client = new Client(platform.url, platform.token);
  }, START_MS);

  afterAll(async () => {
    client?.close();
    await platform?.stop(false);
  });

  // What goes on until its reader leaves has a test of its own.
  it.each(examplesOf(PAGE).filter(({ reply }) => reply !== ''))(
    'is right about $curl',
    async ({ curl, reply }) => {
      const { path, body, headers } = requestOf(curl);
      const got = await client.send({ method: 'POST', path, headers, body: body ?? '' });
      expect(masked(got.text)).toEqual(masked(reply));
    },
  );

  it('has a script that follows an account', async () => {
    const script = scriptOf(PAGE).replaceAll('localhost:8787', new URL(platform.url).host);
    const run = promisify(execFile)(
      process.execPath,
      ['--input-type=module', '--eval', `const token = process.env.TOKEN;\n${script}`],
      { cwd: REPOSITORY, env: { ...process.env, TOKEN: platform.token }, timeout: START_MS },
    );
    expect((await run).stdout.trim().split('\n')).toEqual(['1 AccountOpened', '2 TradeExecuted']);
  });

  it('names a schema that is the one the platform tells', async () => {
    const body = JSON.stringify({
      query: getIntrospectionQuery({ specifiedByUrl: true, schemaDescription: true }),
    });
    const got = await client.send({ method: 'POST', path: '/v1/graphql', body });
    const { data } = JSON.parse(got.text) as { data: IntrospectionQuery };
    expect(`${printSchema(buildClientSchema(data))}\n`).toBe(SCHEMA);
  });

  it('shows an event stream that brings what there is', async () => {
    const response = await fetch(`${platform.url}/v1/graphql`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${platform.token}`,
        Accept: 'text/event-stream',
        'Content-Type': 'application/json',
      },
      body: JSON.stringify({
        query:
          'subscription { portfolio(id: "carol-1", afterVersion: 0) { version account { cash { total } } } }',
      }),
    });
    const { value } = (await response.body?.getReader().read()) ?? {};
    const text = new TextDecoder().decode(value);
    expect(text).toBe(
      'event: next\ndata: {"data":{"portfolio":{"version":2,"account":{"cash":{"total":"81086.5"}}}}}\n\n',
    );
  });

  it('tells what other servers do not: a token that ends a connection of its own', async () => {
    const closed = await new Promise<{ code: number; reason: string }>((resolve) => {
      createClient({
        url: `${platform.url.replace(/^http/, 'ws')}/v1/graphql`,
        connectionParams: { Authorization: 'Bearer nobody' },
        lazy: false,
        retryAttempts: 0,
        onNonLazyError: () => undefined,
        on: { closed: (event) => resolve(event as { code: number; reason: string }) },
      });
    });
    expect(closed).toMatchObject({ code: 4401, reason: 'unauthenticated: The token is not accepted here.' });
  });
});

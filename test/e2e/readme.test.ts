/**
 * README.md and the pages that go on from its tour tell the truth: their requests are sent to a real server, in their order,
 * and their replies are what comes back.
 */
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Envelope } from '../../demo/api.ts';
import { envelopeHash } from '../../demo/chain.ts';
import { Client } from '../../demo/client.ts';
import { OwnPlatform } from '../../demo/platform.ts';
import { examplesOf, masked, requestOf } from '../support/examples.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const README = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');
const REPORTS = readFileSync(join(REPOSITORY, 'docs/reports.md'), 'utf8');
const ORDERS = readFileSync(join(REPOSITORY, 'docs/orders.md'), 'utf8');
const TIME = readFileSync(join(REPOSITORY, 'docs/time.md'), 'utf8');
const RECONCILIATION = readFileSync(join(REPOSITORY, 'docs/reconciliation.md'), 'utf8');

const ACCOUNTS = readFileSync(join(REPOSITORY, 'docs/accounts.md'), 'utf8');
const SECURITY = readFileSync(join(REPOSITORY, 'docs/security.md'), 'utf8');

const START_MS = 180_000;

/** How long a read may lack what was written just before. */
const BEHIND_MS = 15_000;

/** Media types of files by the ending of their names. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv; charset=utf-8',
  html: 'text/html; charset=utf-8',
  pdf: 'application/pdf',
};

describe('README.md and docs/{reports,reconciliation,time,orders,accounts}.md', () => {
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

  const tour = examplesOf(README);
  // What is corrected in the last of them must not have been seen before.
  const pages = [REPORTS, RECONCILIATION, TIME, ORDERS, ACCOUNTS];
  const examples = [...tour, ...pages.flatMap(examplesOf)];

  it('send the token with every request', () => {
    for (const { curl } of examples) expect(curl).toContain('curl -s -H "$TOKEN" ');
  });

  it('have an example of each main thing', () => {
    expect(examples).toHaveLength([README, ...pages].join('').match(/^curl /gm)?.length ?? -1);
    expect(tour.filter(({ reply }) => reply === '')).toEqual([]);
    const all = examples.map(({ curl }) => curl).join('\n');
    for (const part of [
      '/trades',
      '/portfolio',
      '/v1/commands',
      '/events',
      '/withdrawals',
      '/audit/',
      '/statement',
      '/reports/trade-blotter',
      '/reports/large-positions',
      '/reports/large-holders',
      '/correct',
      '/balance-history',
      '/orders/o-1/history',
      '/limits',
      '/transfers',
    ]) {
      expect(all).toContain(part);
    }
  });

  it.each(examples)('are right about $curl', async ({ curl, reply }) => {
    const { method, path, body, file, headers } = requestOf(curl);
    const ask = async () => {
      const got = await client.send({ method, path, headers, ...(body === undefined ? {} : { body }) });
      if (file === undefined) expect(masked(got.text)).toEqual(masked(reply));
      else {
        const mediaType = MEDIA_TYPES[extname(file).slice(1)];
        expect(got).toMatchObject({ status: 200, headers: { 'content-type': mediaType } });
      }
    };
    // Reports stay behind the clock, and views behind the logs.
    if (method === 'GET') await vi.waitFor(ask, { timeout: BEHIND_MS, interval: 200 });
    else await ask();
  });

  it('show an event that is what its hash says', () => {
    const shown = (part: string) => tour.find(({ curl }) => curl.includes(part))?.reply ?? '{}';
    const { events } = JSON.parse(shown('/events')) as { events: Envelope[] };
    const [event] = events as [Envelope];
    expect(envelopeHash(event)).toBe(event.hash);
    expect(JSON.parse(shown('/audit/'))).toMatchObject({ headHash: event.hash });
    const { events: before } = JSON.parse(shown('/trades')) as { events: [{ eventId: string }] };
    expect(event.previousHash.slice(0, 8)).toBe(before[0].eventId.slice(0, 8));
  });

  it('send a service with a key to its account alone, and exchange and end its secret', async () => {
    const secret = randomBytes(32).toString('hex');
    const hashOf = (text: string) => createHash('sha256').update(text).digest('hex');
    const page = SECURITY.replaceAll("'$HASH'", hashOf(secret))
      .replaceAll("'$NEXT_HASH'", hashOf(`${secret}-next`))
      .replaceAll('$SECRET', secret);
    const steps = examplesOf(page);
    expect(steps).toHaveLength(4);
    for (const { curl, reply } of steps) {
      const { method, path, body, headers } = requestOf(curl);
      const got = await client.send({ method, path, headers, ...(body === undefined ? {} : { body }) });
      if (reply === '') expect([200, 201], `${curl}\n${got.text}`).toContain(got.status);
      else expect(masked(got.text)).toEqual(masked(reply));
    }
    const headers = { Authorization: `Bearer folio~settlement~${secret}` };
    const ended = async () =>
      expect((await client.send({ method: 'GET', path: '/v1/event-types', headers })).status).toBe(401);
    await vi.waitFor(ended, { timeout: BEHIND_MS, interval: 500 });
  });

  it('list every command of package.json, and no other', () => {
    const manifest = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const listed = Array.from(README.matchAll(/^\| `npm (?:run )?([\w:-]+)`/gm), ([, name]) => name);
    expect(listed.toSorted()).toEqual(Object.keys(manifest.scripts).toSorted());
  });
});

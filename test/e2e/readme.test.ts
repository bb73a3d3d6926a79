/**
 * README.md and the pages that go on from its tour tell the truth: their requests are sent to a real server, in their order,
 * and their replies are what comes back.
 */
import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Envelope } from '../../demo/api.ts';
import { envelopeHash } from '../../demo/chain.ts';
import { Client } from '../../demo/client.ts';
import { OwnPlatform } from '../../demo/platform.ts';

const REPOSITORY = join(import.meta.dirname, '../..');
const README = readFileSync(join(REPOSITORY, 'README.md'), 'utf8');
const REPORTS = readFileSync(join(REPOSITORY, 'docs/reports.md'), 'utf8');

const START_MS = 60_000;

interface Example {
  readonly curl: string;
  readonly reply: string;
}

/** A `curl` in a shell block, and the JSON block that follows it; none where the reply is a file. */
function examplesOf(markdown: string): Example[] {
  const pattern = /^```sh\n(curl [\s\S]*?)\n```\n(?:\n```json\n([\s\S]*?)\n```$)?/gm;
  return Array.from(markdown.matchAll(pattern), ([, curl = '', reply = '']) => ({ curl, reply }));
}

/** Media types of files by the ending of their names. */
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  csv: 'text/csv; charset=utf-8',
  html: 'text/html; charset=utf-8',
  pdf: 'application/pdf',
};

/** The words of a command line: quotes hold together, a backslash before the end of a line is nothing. */
function shellWords(line: string): string[] {
  const words = line.replaceAll('\\\n', ' ').matchAll(/'([^']*)'|"([^"]*)"|([^\s'"]+)/g);
  return Array.from(words, ([, single, double, bare]) => single ?? double ?? bare ?? '');
}

/** What the command line asks for. Throws on an option that it does not know. */
function requestOf(curl: string): {
  path: string;
  body: string | undefined;
  /** Where the reply is to be kept. */
  file: string | undefined;
  headers: Record<string, string>;
} {
  let url = '';
  let body: string | undefined;
  let file: string | undefined;
  const headers: Record<string, string> = {};
  const words = shellWords(curl).slice(1);
  for (let word = words.shift(); word !== undefined; word = words.shift()) {
    if (word === '-s') continue;
    if (word === '-d') body = words.shift();
    else if (word === '-o') file = words.shift();
    else if (word === '-H') {
      const header = words.shift() ?? '';
      // The shell's variable with the token: the client of this test sends it by itself.
      if (header === '$TOKEN') continue;
      const [name = '', value = ''] = header.split(': ');
      headers[name] = value;
    } else if (url === '' && !word.startsWith('-')) url = word;
    else throw new Error(`the test cannot read "${word}" in ${curl}`);
  }
  return { path: url.replace(/^localhost:8787/, ''), body, file, headers };
}

/** Names of fields that differ each time. */
const MASKED = new Set([
  'eventId',
  'hash',
  'previousHash',
  'headHash',
  'correlationId',
  'recordedAt',
  'asOf',
]);

/** The same JSON with the form of what differs each time: its letters and digits are gone, its length is not. */
function masked(json: string): unknown {
  return JSON.parse(json, (key, value) =>
    MASKED.has(key) && typeof value === 'string' ? value.replace(/[0-9a-f]/g, 'x') : value,
  );
}

describe('README.md and docs/reports.md', () => {
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
  const examples = [...tour, ...examplesOf(REPORTS)];

  it('send the token with every request', () => {
    for (const { curl } of examples) expect(curl).toContain('curl -s -H "$TOKEN" ');
  });

  it('have an example of each main thing', () => {
    expect(examples).toHaveLength(`${README}${REPORTS}`.match(/^curl /gm)?.length ?? -1);
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
    ]) {
      expect(all).toContain(part);
    }
  });

  it.each(examples)('are right about $curl', async ({ curl, reply }) => {
    const { path, body, file, headers } = requestOf(curl);
    const method = body === undefined ? 'GET' : 'POST';
    const got = await client.send({ method, path, headers, ...(body === undefined ? {} : { body }) });
    if (file === undefined) expect(masked(got.text)).toEqual(masked(reply));
    else
      expect(got).toMatchObject({
        status: 200,
        headers: { 'content-type': MEDIA_TYPES[extname(file).slice(1)] },
      });
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

  it('list every command of package.json, and no other', () => {
    const manifest = JSON.parse(readFileSync(join(REPOSITORY, 'package.json'), 'utf8')) as {
      scripts: Record<string, string>;
    };
    const listed = Array.from(README.matchAll(/^\| `npm (?:run )?([\w:-]+)`/gm), ([, name]) => name);
    expect(listed.toSorted()).toEqual(Object.keys(manifest.scripts).toSorted());
  });
});

/** The typed client as others get it, against the real local server: its calls, and a stream through torn connections. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as Folio from '../../client/index.ts';
import { type Platform, startPlatform } from '../../local/platform.ts';

const START_MS = 180_000;

const REPOSITORY = join(import.meta.dirname, '../..');

/** Sockets that tear themselves after some frames: a connection is never known to be broken before it is used. */
function tearing(afterFrames: number): { torn: number; Socket: Folio.SocketConstructor } {
  const tears = {
    torn: 0,
    Socket: class extends WebSocket {
      #frames = 0;
      constructor(url: string, protocols: string[]) {
        super(url, protocols);
        this.addEventListener('message', () => {
          if (++this.#frames % afterFrames !== 0 || tears.torn >= 20) return;
          tears.torn++;
          this.close();
        });
      }
    } as unknown as Folio.SocketConstructor,
  };
  return tears;
}

describe('the client', () => {
  const folder = mkdtempSync(join(tmpdir(), 'folio-client-'));
  let platform: Platform;
  let folio: typeof Folio;
  let client: Folio.FolioClient;

  beforeAll(async () => {
    const compiler = join(REPOSITORY, 'node_modules/typescript/bin/tsc');
    execFileSync(process.execPath, [compiler, '-p', 'client', '--outDir', join(folder, 'client')], {
      cwd: REPOSITORY,
    });
    folio = (await import(pathToFileURL(join(folder, 'client/index.js')).href)) as typeof Folio;
    platform = await startPlatform({ port: 0, stateDir: join(folder, 'state'), logLevel: 'error' });
    client = new folio.FolioClient({ url: platform.url, token: platform.token });
  }, START_MS);

  afterAll(async () => {
    await platform?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (accountId: string) =>
    client.call('openAccount', {
      body: {
        accountId,
        customerId: 'customer-1',
        accountType: 'INDIVIDUAL',
        currency: 'USD',
        initialBalance: '100',
      },
    });

  it('calls, replays, and says what is wrong', async () => {
    expect(await open('called')).toMatchObject({ status: 201, version: 1, isReplay: false });
    const trade = { tradeId: 't-1', symbol: 'IBM', side: 'BUY', quantity: '2', price: '10.5' } as const;
    const params = { id: 'called' };
    const first = await client.call('executeTrade', { params, body: trade });
    expect(first).toMatchObject({ status: 201, version: 2, data: { tradeId: 't-1', cash: '79' } });
    const again = await client.call('executeTrade', { params, body: trade });
    expect(again).toMatchObject({ status: 201, isReplay: true, data: first.data });
    const dear = client.call('withdrawFunds', { params, body: { amount: '1000' } });
    await expect(dear).rejects.toMatchObject({
      name: 'FolioProblem',
      status: 422,
      code: 'insufficient_funds',
    });
    const wrong = client.call('depositFunds', { params, body: { amount: '-1' } });
    await expect(wrong).rejects.toMatchObject({ code: 'invalid_request', errors: [{ path: 'amount' }] });
    const expected = client.call('depositFunds', { params, body: { amount: '1' } }, { expectedVersion: 1 });
    await expect(expected).rejects.toMatchObject({ code: 'version_conflict', currentVersion: 2 });
    const { data } = await client.call('getPortfolio', { params, query: { minVersion: 2 } });
    expect(data.positions).toMatchObject([{ symbol: 'IBM', quantity: '2' }]);
  });

  it(
    'sends commands and follows events through torn connections: none lost, none twice, in order',
    async () => {
      await open('torn');
      const tears = tearing(5);
      const torn = new folio.FolioClient({
        url: platform.url,
        token: platform.token,
        WebSocket: tears.Socket,
        retry: { firstPauseMs: 1 },
      });
      const stream = torn.stream();
      const deposits = 1_500;
      const events = stream.subscribe({
        topic: 'events',
        aggregateType: 'account',
        aggregateId: 'torn',
        afterVersion: 0,
      });
      const seen: Folio.Event[] = [];
      const followed = (async () => {
        for await (const event of events) {
          seen.push(event);
          if (event.version === deposits + 1) break;
        }
      })();
      const results: Promise<Folio.BatchResult>[] = [];
      for (let index = 0; index < deposits; index++) {
        const commandId = `c-${index}`;
        const data = { amount: '1' };
        results.push(
          stream.command({
            commandId,
            aggregateType: 'account',
            aggregateId: 'torn',
            type: 'DepositFunds',
            data,
          }),
        );
        // Some at a time, so that there are frames to be torn apart.
        if (index % 50 === 49) await results.at(-1);
      }
      const versions = (await Promise.all(results)).map(({ version }) => version);
      await followed;
      stream.close();
      expect(versions).toEqual(Array.from({ length: deposits }, (_, index) => index + 2));
      expect(seen.map(({ version }) => version)).toEqual(
        Array.from({ length: deposits + 1 }, (_, index) => index + 1),
      );
      expect(seen.slice(1).map(({ metadata }) => metadata.commandId)).toEqual(
        Array.from({ length: deposits }, (_, index) => `c-${index}`),
      );
      expect(tears.torn).toBeGreaterThan(3);
    },
    START_MS,
  );

  it('says goodbye to a server that answers', async () => {
    const socket = new WebSocket(`${platform.url.replace('http', 'ws')}/v1/stream`, [
      'folio.v1',
      `bearer.${platform.token}`,
    ]);
    await new Promise((resolve) => socket.addEventListener('message', resolve, { once: true }));
    const closed = new Promise<CloseEvent>((resolve) =>
      socket.addEventListener('close', resolve, { once: true }),
    );
    socket.close(1000, 'done');
    // Without an answer a runtime gives the connection up after a while, with 1006.
    expect((await closed).code).toBe(1000);
  });

  it('shows a portfolio as it changes', async () => {
    await open('shown');
    const stream = client.stream();
    const portfolios = stream.subscribe({
      topic: 'portfolio',
      aggregateType: 'account',
      aggregateId: 'shown',
      afterVersion: 0,
    });
    expect((await portfolios.next()).value).toMatchObject({ version: 1, cash: { total: '100' } });
    await client.call('depositFunds', { params: { id: 'shown' }, body: { amount: '5' } });
    expect((await portfolios.next()).value).toMatchObject({ version: 2, cash: { total: '105' } });
    stream.close();
  });

  it('does what its page says', () => {
    const page = readFileSync(join(REPOSITORY, 'docs/client.md'), 'utf8');
    const [, example = '', printed = ''] = /```ts\n([\s\S]*?)```\n\n```\n([\s\S]*?)```/.exec(page) ?? [];
    const script = join(folder, 'example.ts');
    const { url, token } = platform;
    const named = example.replace(
      "'@folio/client';",
      `'./client/index.js';\nconst [url, token] = ${JSON.stringify([url, token])};`,
    );
    writeFileSync(script, named);
    expect(execFileSync(process.execPath, [script], { encoding: 'utf8' })).toBe(printed);
  });

  it('is what the page of streams does by hand', () => {
    const page = readFileSync(join(REPOSITORY, 'docs/streams.md'), 'utf8');
    const [, example = '', printed = ''] = /```js\n([\s\S]*?)```\n\n```\n([\s\S]*?)```/.exec(page) ?? [];
    mkdirSync(join(folder, '.folio'));
    writeFileSync(join(folder, '.folio/dev-token'), platform.token);
    const script = join(folder, 'follow.mjs');
    writeFileSync(script, example.replace('localhost:8787', new URL(platform.url).host));
    const run = () => execFileSync(process.execPath, [script], { encoding: 'utf8', cwd: folder });
    expect(run()).toBe(printed);
    expect(run()).toBe(printed.replace('2 accepted, 0 replayed', '0 accepted, 2 replayed'));
  });

  it('may be a service, with a key as the page of security has it', async () => {
    await open('alice-1');
    const page = readFileSync(join(REPOSITORY, 'docs/security.md'), 'utf8');
    const [, body = ''] = /\/v1\/service-keys .* -d '\n([\s\S]*?\})'\n/.exec(page) ?? [];
    const [, token = ''] = /"Authorization: Bearer (folio~\S+)"/.exec(page) ?? [];
    const secret = 'ab'.repeat(32);
    const secretHash = createHash('sha256').update(secret).digest('hex');
    await client.call('issueServiceKey', { body: JSON.parse(body.replace("'$HASH'", secretHash)) });
    const service = new folio.FolioClient({ url: platform.url, token: token.replace('$SECRET', secret) });
    const { data } = await service.call('getAccount', { params: { id: 'alice-1' } });
    expect(data.customerId).toBe('customer-1');
    const other = service.call('getAccount', { params: { id: 'called' } });
    await expect(other).rejects.toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('is told that its token is none, over HTTP and over a stream', async () => {
    const stranger = new folio.FolioClient({ url: platform.url, token: 'nobody' });
    await expect(stranger.call('getAccount', { params: { id: 'called' } })).rejects.toMatchObject({
      status: 401,
    });
    const stream = stranger.stream();
    const command = {
      commandId: 'x',
      aggregateType: 'account',
      aggregateId: 'called',
      type: 'DepositFunds',
      data: { amount: '1' },
    } as const;
    await expect(stream.command(command)).rejects.toMatchObject({ code: 'unauthenticated' });
  });
});

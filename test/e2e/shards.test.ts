/** A local server whose objects are in two runtimes: it is one platform, whatever becomes of either. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FolioClient } from '../../client/index.ts';
import { type Platform, type PlatformOptions, startPlatform } from '../../local/platform.ts';
import { ownerOf } from '../../local/shards/ownership.ts';

/** A start on a slow machine with other tests beside it. */
const START_MS = 120_000;

const POLL_MS = 50;

/** A runtime that was killed is back within a second; what it has then to answer comes on top. */
const RETRY = { attempts: 60, firstPauseMs: 50, pauseMsMax: 500 };

const SHARDS = 2;

const folder = mkdtempSync(join(tmpdir(), 'folio-shards-'));
let platform: Platform;
let client: FolioClient;

async function start(options: Partial<PlatformOptions> = {}): Promise<void> {
  platform = await startPlatform({ port: 0, stateDir: folder, crons: false, logLevel: 'error', ...options });
  client = new FolioClient({ url: platform.url, token: platform.token, retry: RETRY });
}

beforeAll(() => start({ shards: SHARDS }), START_MS);

afterAll(async () => {
  await platform?.stop();
  rmSync(folder, { recursive: true, force: true });
});

let made = 0;

/** Names that nobody has used, as many in each shard. */
function namesInEach(count: number, prefix: string): string[] {
  const names: string[][] = [[], []];
  while (names.some(({ length }) => length < count)) {
    const name = `${prefix}-${made++}`;
    const own = names[ownerOf(name, SHARDS)] as string[];
    if (own.length < count) own.push(name);
  }
  return names.flat();
}

const OPENING = { customerId: 'customer-1', accountType: 'INDIVIDUAL', currency: 'USD' } as const;

async function open(accountId: string, initialBalance = '100'): Promise<void> {
  const answer = await client.call('openAccount', { body: { accountId, ...OPENING, initialBalance } });
  expect(answer).toMatchObject({ status: 201, version: 1 });
}

async function openInEach(count: number, prefix: string): Promise<string[]> {
  const ids = namesInEach(count, prefix);
  await Promise.all(ids.map((id) => open(id)));
  return ids;
}

const account = async (id: string) => (await client.call('getAccount', { params: { id } })).data;

async function eventually<Found>(look: () => Promise<Found | undefined>): Promise<Found> {
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    await sleep(POLL_MS);
  }
}

const deposit = (aggregateId: string, commandId: string) => ({
  commandId,
  aggregateType: 'account' as const,
  aggregateId,
  type: 'DepositFunds' as const,
  data: { amount: '1' },
});

/** The log as the account tells it, whose versions have to be whole. */
async function logOf(id: string) {
  const { data } = await client.call('getAccountEvents', { params: { id }, query: { limit: 1_000 } });
  expect(data.events.map(({ version }) => version)).toEqual(data.events.map((_, index) => index + 1));
  return data.events;
}

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

function shardPid(): number {
  const [pid] = platform.shardPids();
  if (pid === undefined) throw new Error('the second runtime does not run');
  return pid;
}

describe('a server in two shards', () => {
  it('is three processes, and keeps the objects of each by its name', async () => {
    const pids = [platform.runtimePid(), platform.storagePid(), ...platform.shardPids()];
    expect(pids.every((pid) => typeof pid === 'number')).toBe(true);
    expect(new Set(pids).size).toBe(3);
  });

  it('answers single commands, refusals and batches wherever their accounts are', async () => {
    const ids = await openInEach(3, 'single');
    for (const id of ids) {
      const params = { id };
      const body = { tradeId: `t-${id}`, symbol: 'IBM', side: 'BUY', quantity: '2', price: '10' } as const;
      expect(await client.call('executeTrade', { params, body })).toMatchObject({ status: 201, version: 2 });
      expect(await client.call('executeTrade', { params, body })).toMatchObject({ isReplay: true });
      const dear = client.call('withdrawFunds', { params, body: { amount: '81' } });
      await expect(dear).rejects.toMatchObject({ status: 422, code: 'insufficient_funds' });
      const late = client.call('depositFunds', { params, body: { amount: '1' } }, { expectedVersion: 1 });
      await expect(late).rejects.toMatchObject({ status: 412, currentVersion: 2 });
    }
    const commands = Array.from({ length: 60 }, (_, index) => {
      const id = ids[index % ids.length] as string;
      return deposit(id, `batch-${index}`);
    });
    const { data } = await client.call('runCommands', { body: { commands } });
    expect(data).toMatchObject({ accepted: 60, refused: 0 });
    expect(data.results.map(({ version }) => version)).toEqual(
      commands.map((_, index) => 3 + Math.floor(index / ids.length)),
    );
    for (const id of ids) {
      expect((await logOf(id)).length).toBe(12);
      const audit = { params: { aggregateType: 'account', id } } as const;
      expect((await client.call('auditAggregate', audit)).data).toMatchObject({ ok: true, version: 12 });
    }
    await expect(account('nobody-0')).rejects.toMatchObject({ status: 404, code: 'account_not_found' });
    await expect(account('nobody-1')).rejects.toMatchObject({ status: 404, code: 'account_not_found' });
    expect(ownerOf('nobody-0', SHARDS)).not.toBe(ownerOf('nobody-1', SHARDS));
  });

  it('moves money between accounts of different shards, both ways', async () => {
    const [here, there] = (await openInEach(1, 'transfer')) as [string, string];
    for (const [from, to] of [
      [here, there],
      [there, here],
    ] as const) {
      const transferId = `transfer-${from}`;
      const body = { transferId, fromAccountId: from, toAccountId: to, amount: '30', currency: 'USD' };
      const { data } = await client.call('transferFunds', { body });
      const sagaId = (data as { sagaId: string }).sagaId;
      await eventually(async () => {
        const { status } = (await client.call('getSaga', { params: { id: sagaId } })).data;
        return status === 'COMPLETED' ? true : undefined;
      });
      const cash = [(await account(here)).cash.total, (await account(there)).cash.total];
      expect(cash).toEqual(from === here ? ['70', '130'] : ['100', '100']);
    }
  });

  it('takes orders from their placing until they are confirmed', async () => {
    const [orders, products] = [namesInEach(2, 'order'), namesInEach(1, 'product')];
    for (const id of products) {
      await client.call('receiveStock', { params: { id }, body: { quantity: '10' } });
    }
    for (const orderId of orders) {
      const { status } = await client.call('placeOrder', {
        body: {
          orderId,
          customerId: 'customer-1',
          currency: 'GBP',
          items: products.map((productId) => ({ productId, quantity: '2', unitPrice: '2.55' })),
          payment: { method: 'card', token: 'tok_ok' },
          shipTo: { name: 'A. Lovelace', line1: '1 High St', country: 'United Kingdom' },
        },
      });
      expect(status).toBe(202);
    }
    for (const id of orders) {
      const order = await eventually(async () => {
        const { data } = await client.call('getOrder', { params: { id } });
        return data.status === 'PENDING' ? undefined : data;
      });
      expect(order).toMatchObject({ status: 'CONFIRMED', total: '10.2' });
    }
    for (const id of products) {
      const { data } = await client.call('getInventory', { params: { id } });
      expect(data).toMatchObject({ reserved: '8', available: '2' });
    }
  });

  it('runs the commands of a socket in the order sent, and tells what they did, each once and in order', async () => {
    const ids = namesInEach(3, 'framed');
    const followers = ids.map((id) => follow(id, FRAMED_COMMANDS));
    await Promise.all(ids.map((id) => open(id)));
    const socket = await RawSocket.open(platform);
    const sent = new Map(ids.map((id) => [id, 1]));
    // Small frames overtake large ones wherever something lets them.
    const sizes = [1, 200, 1, 3, 90, 1, 1, 300, 2, 1];
    const frames: Promise<readonly [string, number, unknown][]>[] = [];
    for (let count = 0, frame = 0; count < ids.length * (FRAMED_COMMANDS - 1); frame++) {
      const commands = Array.from({ length: sizes[frame % sizes.length] as number }, () => {
        const id = ids[count++ % ids.length] as string;
        const version = (sent.get(id) ?? 0) + 1;
        sent.set(id, version);
        return { ...deposit(id, `${id}-${version}`), version };
      }).filter(({ version }) => version <= FRAMED_COMMANDS);
      if (commands.length === 0) continue;
      frames.push(
        socket
          .frame(commands.map(({ version: _, ...command }) => command))
          .then((results) =>
            results.map((result, index) => [
              (commands[index] as { aggregateId: string }).aggregateId,
              (commands[index] as { version: number }).version,
              result,
            ]),
          ),
      );
    }
    const answers = (await Promise.all(frames)).flat();
    expect(answers).toHaveLength(ids.length * (FRAMED_COMMANDS - 1));
    for (const [id, version, result] of answers) {
      expect(result).toMatchObject({ commandId: `${id}-${version}`, status: 'accepted', version });
    }
    for (const [index, id] of ids.entries()) {
      expect(socket.resultsOf(id)).toEqual(upTo(FRAMED_COMMANDS).slice(1));
      expect(await followers[index]).toEqual(upTo(FRAMED_COMMANDS));
    }
    socket.close();
  });

  it('has views that come to what the objects of both shards have', async () => {
    const ids = await openInEach(2, 'viewed');
    await Promise.all(
      ids.map((id) => client.call('depositFunds', { params: { id }, body: { amount: '5' } })),
    );
    for (const id of ids) {
      const shown = await eventually(async () => {
        const answer = await client.call('getPortfolio', { params: { id } }).catch(notThereYet);
        const isViewed = answer?.headers.get('X-Read-Source') === 'view' && answer.version === 2;
        return isViewed ? answer.data : undefined;
      });
      expect(shown.cash).toMatchObject({ total: '105' });
    }
  });

  it.each([
    ['second', () => shardPid()],
    ['first', () => platform.runtimePid() as number],
  ])(
    'loses and doubles nothing where the %s runtime is killed amid commands, and has it back',
    {
      timeout: START_MS,
    },
    async (which, pidOf) => {
      const ids = await openInEach(2, `killed-${which}`);
      const followers = ids.map((id) => follow(id, 61));
      const pid = pidOf();
      let killed = false;
      const commands = ids.map(async (id) => {
        for (let index = 0; index < 60; index++) {
          if (index === 20 && !killed) {
            killed = true;
            process.kill(pid, 'SIGKILL');
          }
          const idempotencyKey = `${id}-${index}`;
          await client.call('depositFunds', { params: { id }, body: { amount: '1' } }, { idempotencyKey });
        }
      });
      await Promise.all(commands);
      for (const id of ids) {
        expect((await account(id)).cash.total).toBe('160');
        const log = await logOf(id);
        expect(log.slice(1).map(({ metadata }) => metadata.commandId)).toEqual(
          Array.from({ length: 60 }, (_, index) => `${id}-${index}`),
        );
      }
      expect(await Promise.all(followers)).toEqual(ids.map(() => upTo(61)));
      expect(pidOf()).not.toBe(pid);
    },
  );

  it('is not ready while a shard does not answer, and says which', { timeout: START_MS }, async () => {
    // A good answer is remembered for a second.
    const answered = (status: number) =>
      eventually(async () => {
        const answer = await fetch(`${platform.url}/readyz`);
        const body = (await answer.json()) as object;
        return answer.status === status ? body : undefined;
      });
    process.kill(shardPid(), 'SIGSTOP');
    try {
      expect(await answered(503)).toMatchObject({ detail: 'No answer yet from shard 1.' });
    } finally {
      process.kill(shardPid(), 'SIGCONT');
    }
    expect(await answered(200)).toEqual({ status: 'ready' });
  });

  it('is read back as it was without being told, also by one that is started while it still ends', {
    timeout: START_MS,
  }, async () => {
    const ids = await openInEach(2, 'kept');
    const stopping = platform.stop();
    await start();
    await stopping;
    expect(platform.shardPids()).toHaveLength(1);
    for (const id of ids) {
      expect((await account(id)).cash.total).toBe('100');
      expect(await client.call('depositFunds', { params: { id }, body: { amount: '1' } })).toMatchObject({
        version: 2,
      });
    }
  });

  it('is not opened as another number of shards', { timeout: START_MS }, async () => {
    await platform.stop();
    await expect(start({ shards: 3 })).rejects.toThrow('are in 2 shards, not 3: choose another --state');
    await expect(start({ shards: 1 })).rejects.toThrow('are in 2 shards, not 1');
    await expect(start({ oneProcess: true })).rejects.toThrow('2 shards need a process of its own');
  });
});

/** Versions that each account of the frames comes to. */
const FRAMED_COMMANDS = 400;

/** The first versions of an account that does not have to be there yet, as a subscriber hears of them. */
async function follow(aggregateId: string, count: number): Promise<number[]> {
  await eventually(() => account(aggregateId).catch(notThereYet));
  const stream = client.stream();
  const versions: number[] = [];
  const followed = { topic: 'events', aggregateType: 'account', aggregateId, afterVersion: 0 } as const;
  for await (const { version } of stream.subscribe(followed)) if (versions.push(version) === count) break;
  stream.close();
  return versions;
}

function notThereYet(error: unknown): undefined {
  if ((error as { status?: unknown }).status !== 404) throw error;
}

/** A socket on which frames go out as they are given. */
class RawSocket {
  readonly #socket: WebSocket;
  readonly #waiting = new Map<string, (results: readonly unknown[]) => void>();
  readonly #results: { readonly commandId: string; readonly version: number }[] = [];
  #frames = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  static async open({ url, token }: Platform): Promise<RawSocket> {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/v1/stream`, ['folio.v1', `bearer.${token}`]);
    const raw = new RawSocket(socket);
    await new Promise<void>((resolve, reject) => {
      socket.addEventListener('error', () => reject(new Error('no socket')));
      socket.addEventListener('message', ({ data }) => {
        const frame = JSON.parse(String(data));
        if (frame.type === 'welcome') resolve();
        else raw.#take(frame);
      });
    });
    return raw;
  }

  #take(frame: { type: string; id: string; receipt?: unknown; results?: never[] }): void {
    const { type, id, receipt, results } = frame;
    if (receipt !== undefined) this.#socket.send(JSON.stringify({ type: 'receipt', receipt }));
    if (type === 'error') throw new Error(JSON.stringify(frame));
    if (results === undefined) return;
    this.#results.push(...results);
    this.#waiting.get(id)?.(results);
  }

  /** Sends a frame of commands; resolves with their results. */
  frame(commands: readonly object[]): Promise<readonly unknown[]> {
    const id = String(this.#frames++);
    this.#socket.send(JSON.stringify({ type: 'commands', id, commands }));
    return new Promise((resolve) => this.#waiting.set(id, resolve));
  }

  /** Versions of an account in the order in which results came. */
  resultsOf(id: string): number[] {
    return this.#results
      .filter(({ commandId }) => commandId.startsWith(`${id}-`))
      .map(({ version }) => version);
  }

  close(): void {
    this.#socket.close();
  }
}

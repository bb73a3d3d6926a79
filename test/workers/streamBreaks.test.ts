/** Streams that break off, fall behind, last too long or are sent nonsense: told clearly, resumable, never a crash. */
import { evictAllDurableObjects, runInDurableObject } from 'cloudflare:test';
import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { COMMANDS_IN_FLIGHT_MAX } from '../../workers/streams/commands.ts';
import { SUBSCRIPTIONS_MAX } from '../../workers/streams/connection.ts';
import { RECEIPT_BYTES, UNCONFIRMED_BYTES_MAX } from '../../workers/streams/flow.ts';
import { FRAME_BYTES_MAX, FRAME_COMMANDS_MAX } from '../../workers/streams/frames.ts';
import { SESSION_MS_MAX } from '../../workers/streams/handshake.ts';
import { call, eventually, opened, testEnv } from '../support/api.ts';
import { as, withClaims } from '../support/callers.ts';
import { numbersOf } from '../support/random.ts';
import { deposit, range, StreamClient } from '../support/stream.ts';

const pay = (id: string) => call('POST', `/v1/accounts/${id}/deposits`, { body: { amount: '1' } });

const events = (aggregateId: string, id = 's', afterVersion?: number) => ({
  type: 'subscribe',
  id,
  topic: 'events',
  aggregateType: 'account',
  aggregateId,
  ...(afterVersion === undefined ? {} : { afterVersion }),
});

/** Runs with another time of day. */
async function at<Result>(time: number, run: () => Promise<Result>): Promise<Result> {
  vi.useFakeTimers({ toFake: ['Date'], now: time });
  try {
    return await run();
  } finally {
    vi.useRealTimers();
  }
}

describe('a subscription that is interrupted', () => {
  it('loses and doubles nothing over fifty disconnects while events come (seed 11)', async () => {
    const id = await opened('storm');
    const random = numbersOf(11);
    const seen: number[] = [];
    let isOver = false;
    const load = (async () => {
      while (!isOver) await pay(id);
    })();
    for (let round = 0; round < 50; round++) {
      const client = await StreamClient.open();
      client.send(events(id, 's', seen.at(-1) ?? 0));
      await client.next('subscribed');
      const wanted = (seen.at(-1) ?? 0) + 1 + Math.floor(random() * 4);
      await eventually(async () => expect(client.versions('s').at(-1) ?? 0).toBeGreaterThanOrEqual(wanted));
      client.close();
      // What arrives after the client has given up counts as lost to it.
      seen.push(...client.versions('s'));
    }
    isOver = true;
    await load;
    const last = await StreamClient.open();
    last.send(events(id, 's', seen.at(-1)));
    const { version } = await last.next('subscribed');
    await eventually(async () => expect([...seen, ...last.versions('s')].at(-1)).toBe(version));
    expect([...seen, ...last.versions('s')]).toEqual(range(1, version));
  });

  it('goes on through the eviction of every object, with its socket open', async () => {
    const id = await opened('evicted');
    const client = await StreamClient.open();
    client.send(events(id, 's', 0));
    client.send({ ...events(id, 'p', 0), topic: 'portfolio' });
    for (let round = 1; round <= 3; round++) {
      await pay(id);
      await eventually(async () => expect(client.versions('s').at(-1)).toBe(1 + round));
      await eventually(async () => expect(client.all('portfolio').at(-1)?.version).toBe(1 + round));
      await evictAllDurableObjects({ webSockets: 'hibernate' });
    }
    expect(client.versions('s')).toEqual(range(1, 4));
    client.send({ type: 'commands', id: 'c', commands: [deposit(id)] });
    expect(await client.next('results')).toMatchObject({ accepted: 1 });
    await eventually(async () => expect(client.versions('s')).toEqual(range(1, 5)));
  });

  it('ends when its client says so, and the others go on', async () => {
    const id = await opened('ended');
    const client = await StreamClient.open();
    for (const name of ['a', 'b']) client.send(events(id, name));
    await client.next('subscribed');
    await client.next('subscribed');
    client.send({ type: 'unsubscribe', id: 'a' });
    expect(await client.next('unsubscribed')).toMatchObject({ id: 'a' });
    await pay(id);
    await eventually(async () => expect(client.versions('b')).toEqual([2]));
    expect(client.versions('a')).toEqual([]);
    client.send({ type: 'unsubscribe', id: 'a' });
    expect(await client.next('error')).toMatchObject({ id: 'a', code: 'invalid_request' });
  });
});

describe('a hub that was given up', () => {
  it('is told again when the sweeper asks the aggregate for its head', async () => {
    const id = await opened('given-up');
    const stub = testEnv.ACCOUNTS.getByName(id);
    const hub = { isDown: true, told: [] as number[] };
    const notify = async ({ toVersion }: { toVersion: number }) => {
      hub.told.push(toVersion);
      if (hub.isDown) throw new Error('down');
      return true;
    };
    const told = async (versions: number[]) => {
      for (let turn = 0; turn < 1_000 && hub.told.length < versions.length; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(hub.told).toEqual(versions);
    };
    await runInDurableObject(stub as DurableObjectStub, (instance) => {
      const streams = { getByName: () => ({ notify }) };
      Object.assign(instance, { env: { ...testEnv, STREAMS: streams } });
    });
    await stub.watch('hub-that-is-down');
    // No time passes in which it would be tried again.
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    try {
      await pay(id);
      await told([2]);
      hub.isDown = false;
      await stub.head();
      await told([2, 2]);
      await stub.head();
      await told([2, 2]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a connection of a service', () => {
  it('ends when the key of its service is revoked or replaced', async () => {
    const secret = 'one'.padEnd(43, '-');
    const secretHash = createHash('sha256').update(secret).digest('hex');
    const issue = { keyId: 'stream-key', secretHash, roles: ['auditor'], description: 'A test' };
    await call('POST', '/v1/service-keys', { body: issue });
    const headers = { Authorization: `Bearer folio~stream-key~${secret}` };
    const rotated = await StreamClient.open(headers);
    // Evicted in between: whoever wakes has to know what the connection hangs on.
    await evictAllDurableObjects({ webSockets: 'hibernate' });
    const other = createHash('sha256').update('two'.padEnd(43, '-')).digest('hex');
    await call('POST', '/v1/service-keys/stream-key/rotate', {
      body: { secretHash: other, graceSeconds: 600 },
    });
    const graced = await StreamClient.open(headers);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(rotated.closed).toBeUndefined();
    await call('POST', '/v1/service-keys/stream-key/revoke', { body: { reason: 'leaked' } });
    for (const client of [rotated, graced]) {
      await eventually(async () => expect(client.closed).toMatchObject({ code: 4001 }));
    }
    // The isolate may still remember the key for some seconds: the hub does not.
    const late = await StreamClient.open(headers).catch(() => undefined);
    if (late !== undefined) await eventually(async () => expect(late.closed).toMatchObject({ code: 4001 }));
  });
});

describe('a client that does not keep up', () => {
  /** Bytes on their way of a line of which nothing is known. */
  const UNPROVEN = 128 * 1024;
  /** Frames of 2,000 commands whose results take more than a window. */
  const FULL = 20;
  const fill = async (id: string, bytes: number) => {
    // An event of a deposit takes about seven hundred bytes.
    const commands = range(1, FRAME_COMMANDS_MAX).map(() => deposit(id));
    for (let sent = 0; sent < bytes; sent += commands.length * 700) {
      const lines = commands.map(() => JSON.stringify(deposit(id))).join('\n');
      await call('POST', '/v1/commands', {
        body: lines,
        headers: { 'Content-Type': 'application/x-ndjson' },
      });
    }
  };

  it('is sent no more than fits, beside which commands still have room for their results, until it gives a receipt', async () => {
    const id = await opened('slow');
    await fill(id, 2 * UNCONFIRMED_BYTES_MAX);
    const other = await opened('slow-other');
    const client = await StreamClient.open();
    client.givesReceipts = false;
    client.send(events(id, 's', 0));
    const bytes = () => client.frames.reduce((sum, frame) => sum + JSON.stringify(frame).length, 0);
    await eventually(async () => expect(bytes()).toBeGreaterThan(UNPROVEN / 2));
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(bytes()).toBeLessThan(UNPROVEN + RECEIPT_BYTES);
    client.send({ type: 'commands', id: 'c', commands: [deposit(id)] });
    expect(await client.next('results')).toMatchObject({ id: 'c', accepted: 1 });
    for (let frame = 0; frame < FULL; frame++) {
      const commands = Array.from({ length: 2_000 }, () => deposit(other));
      client.send({ type: 'commands', id: `many-${frame}`, commands });
      const answers = () => client.frames.filter((each) => 'id' in each && each.id === `many-${frame}`);
      await eventually(async () => expect(answers()).toHaveLength(1));
    }
    expect(client.all('results').length).toBeGreaterThan(2);
    expect(client.all('error').at(-1)).toMatchObject({ id: `many-${FULL - 1}`, code: 'too_many_in_flight' });
    client.givesReceipts = true;
    const { receipt } = client.all('receiptRequested').at(-1) as { receipt: number };
    client.send({ type: 'receipt', receipt });
    const { body } = await call('GET', `/v1/accounts/${id}`);
    await eventually(async () => expect(client.versions('s').at(-1)).toBe(body.version));
    expect(client.versions('s')).toEqual(range(1, body.version as number));
  });

  it('is told that a receipt was not asked for', async () => {
    const client = await StreamClient.open();
    client.send({ type: 'receipt', receipt: 5 });
    expect(await client.next('error')).toMatchObject({ id: null, code: 'invalid_request' });
  });
});

describe('a connection', () => {
  it('ends with an hour or the token, whichever is first, and says so', async () => {
    const id = await opened('session');
    const now = Date.now();
    const token = await withClaims({ sub: 'brief', roles: ['auditor'], exp: Math.floor(now / 1_000) + 600 });
    const [long, brief] = [await StreamClient.open(), await StreamClient.open(token)];
    const endOf = (client: StreamClient) => Date.parse(client.all('welcome')[0]?.endsAt ?? '') - now;
    expect(Math.abs(endOf(long) - SESSION_MS_MAX)).toBeLessThan(60_000);
    expect(Math.abs(endOf(brief) - 600_000)).toBeLessThan(60_000);
    for (const client of [long, brief]) {
      client.send(events(id));
      await client.next('subscribed');
    }
    await at(now + 700_000, async () => {
      await pay(id);
      await eventually(async () => expect(brief.closed?.code).toBe(4001));
      await eventually(async () => expect(long.versions('s')).toEqual([2]));
    });
    expect(brief.versions('s')).toEqual([]);
    await at(now + SESSION_MS_MAX + 60_000, async () => {
      long.send(events(id, 't'));
      await eventually(async () => expect(long.closed).toMatchObject({ code: 4001 }));
    });
  });

  it(`has at most ${SUBSCRIPTIONS_MAX} subscriptions, whose ids are taken once`, async () => {
    const id = await opened('many');
    const client = await StreamClient.open();
    for (const n of range(1, SUBSCRIPTIONS_MAX)) client.send(events(id, `s${n}`));
    await eventually(async () => expect(client.all('subscribed')).toHaveLength(SUBSCRIPTIONS_MAX));
    client.send(events(id, 'one-more'));
    expect(await client.next('error')).toMatchObject({ id: 'one-more', code: 'too_many_subscriptions' });
    client.send({ type: 'unsubscribe', id: 's1' });
    client.send(events(id, 's2'));
    expect(await client.next('error')).toMatchObject({ id: 's2', code: 'invalid_request' });
    client.send(events(id, 's1'));
    await eventually(async () => expect(client.all('subscribed')).toHaveLength(SUBSCRIPTIONS_MAX + 1));
  });

  it('does not take more commands than may wait, and runs none of the frame that is too much', async () => {
    const id = await opened('flood');
    const client = await StreamClient.open();
    const frames = COMMANDS_IN_FLIGHT_MAX / FRAME_COMMANDS_MAX + 4;
    for (const n of range(1, frames)) {
      const commands = range(1, FRAME_COMMANDS_MAX).map(() => deposit(id));
      client.send({ type: 'commands', id: `f${n}`, commands });
    }
    await eventually(async () =>
      expect(client.all('results').length + client.all('error').length).toBe(frames),
    );
    const errors = client.all('error');
    expect(errors.every(({ code }) => code === 'too_many_in_flight')).toBe(true);
    const { body } = await call('GET', `/v1/accounts/${id}`);
    expect(body.version).toBe(1 + client.all('results').length * FRAME_COMMANDS_MAX);
  });

  it('runs nothing that was sent after a frame that it turned away, once its sender says what it knows', async () => {
    const id = await opened('turns');
    const client = await StreamClient.open();
    const frames = COMMANDS_IN_FLIGHT_MAX / FRAME_COMMANDS_MAX + 4;
    for (const n of range(1, frames)) {
      const commands = range(1, FRAME_COMMANDS_MAX).map(() => deposit(id));
      client.send({ type: 'commands', id: `f${n}`, afterRefusal: 0, commands });
    }
    await eventually(async () =>
      expect(client.all('results').length + client.all('error').length).toBe(frames),
    );
    const last = client.all('error').at(-1);
    expect(last?.refusal).toBe(client.all('error').length);
    // There is room again.
    client.send({ type: 'commands', id: 'late', afterRefusal: 0, commands: [deposit(id)] });
    await eventually(async () =>
      expect(client.all('error').at(-1)).toMatchObject({ id: 'late', code: 'out_of_turn' }),
    );
    const { refusal } = client.all('error').at(-1) ?? {};
    client.send({ type: 'commands', id: 'late', afterRefusal: refusal, commands: [deposit(id)] });
    await eventually(async () => expect(client.all('results').at(-1)).toMatchObject({ id: 'late' }));
  });
});

describe('a frame that is none', () => {
  const wrong: readonly [string, unknown, string][] = [
    ['bytes', new Uint8Array([1, 2, 3]), 'null invalid_request '],
    ['no JSON', '{"type":', 'null invalid_request '],
    ['an empty text', '', 'null invalid_request '],
    ['no object', '7', 'null invalid_request type'],
    ['null', 'null', 'null invalid_request type'],
    ['a list', '[[[]]]', 'null invalid_request type'],
    ['no type', '{"id":"x"}', 'x invalid_request type'],
    ['an unknown type', '{"id":"x","type":"welcome"}', 'x invalid_request type'],
    ['a type out of the prototype', '{"id":"x","type":"constructor"}', 'x invalid_request type'],
    ['a key twice', '{"type":"unsubscribe","id":"x","id":"y"}', 'null invalid_request id'],
    ['a prototype', '{"type":"unsubscribe","id":"x","__proto__":{}}', 'x invalid_request __proto__'],
    [
      'a number of many digits',
      '{"type":"commands","id":"x","commands":[{"data":{"amount":0.30000000000000004}}]}',
      'x invalid_request commands',
    ],
    ['half a character', '{"type":"unsubscribe","id":"x","more":"\\ud800"}', 'x invalid_request more'],
    ['an unknown field', '{"type":"unsubscribe","id":"x","more":1}', 'x invalid_request more'],
    ['an id that is none', '{"type":"unsubscribe","id":"a b"}', 'null invalid_request id'],
    ['nesting', `{"type":${'['.repeat(100_000)}`, 'null invalid_request '],
    ['no commands', '{"type":"commands","id":"x","commands":[]}', 'x invalid_request commands'],
    ['an unknown topic', JSON.stringify({ ...events('a'), topic: 'secrets' }), 's invalid_request topic'],
    [
      'an unknown aggregate',
      JSON.stringify({ ...events('a'), aggregateType: 'x' }),
      's invalid_request aggregateType',
    ],
    ['a version below none', JSON.stringify(events('a', 's', -1)), 's invalid_request afterVersion'],
    ['a number as exact as none', '{"type":"receipt","receipt":1e400}', 'null invalid_request receipt'],
    ['too much', `"${'x'.repeat(FRAME_BYTES_MAX)}"`, 'null request_too_large '],
    ['too much in few characters', `"${'€'.repeat(FRAME_BYTES_MAX / 3)}"`, 'null request_too_large '],
  ];

  it.each(wrong)('%s is answered with an error, and the connection goes on', async (_, sent, expected) => {
    const client = await StreamClient.open();
    client.send(sent);
    const { id, code, errors = [] } = await client.next('error');
    const path = errors[0]?.path ?? '';
    expect(`${id} ${code} ${path}`.trim()).toMatch(new RegExp(`^${expected.trim().replace('type', '.*')}`));
    client.send({ type: 'unsubscribe', id: 'nothing' });
    expect(await client.next('error')).toMatchObject({ id: 'nothing' });
    expect(client.closed).toBeUndefined();
  });

  it("names no account that is not the caller's, whether there is one or not", async () => {
    const [mine, theirs] = [await opened('mine'), await opened('theirs')];
    const client = await StreamClient.open(await as('trader', [mine]));
    for (const [name, account] of [
      ['a', theirs],
      ['b', 'nobody'],
    ] as const)
      client.send(events(account, name));
    for (const name of ['a', 'b']) {
      expect(await client.next('error')).toEqual({
        type: 'error',
        id: name,
        code: 'forbidden',
        detail: 'The token does not allow this.',
      });
    }
    client.send(events(mine, 'c'));
    expect(await client.next('subscribed')).toMatchObject({ id: 'c' });
  });

  it('of an aggregate that does not exist, or of a version that it does not have yet', async () => {
    const id = await opened('here');
    const client = await StreamClient.open();
    client.send(events('not-here'));
    expect(await client.next('error')).toMatchObject({ id: 's', code: 'aggregate_not_found' });
    client.send(events(id, 's', 2));
    expect(await client.next('error')).toMatchObject({
      code: 'invalid_request',
      errors: [{ path: 'afterVersion' }],
    });
    client.send({ ...events(id), topic: 'portfolio', aggregateType: 'order' });
    expect(await client.next('error')).toMatchObject({ errors: [{ path: 'aggregateType' }] });
  });
});

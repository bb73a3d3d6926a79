/** Streams of the typed client over sockets made up for it: breaks at any moment, repeats, refusals, slow readers. */
import * as fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { BEAT_MS } from '../../client/heartbeat.ts';
import { FolioProblem, FolioUnreachable } from '../../client/index.ts';
import { command, LIMITS, MadeUpPlatform, refusing } from '../support/madeUpPlatform.ts';

const seed = Number(process.env.CLIENT_STREAM_SEED ?? Date.now() % 2 ** 31);
console.log(`client stream: CLIENT_STREAM_SEED=${seed}`);

const all = { topic: 'events', aggregateType: 'account', aggregateId: 'a', afterVersion: 0 } as const;

describe('commands', () => {
  it('take effect once and in their order, wherever connections break', async () => {
    const property = fc.asyncProperty(
      fc.array(fc.integer({ min: -1, max: 6 }), { maxLength: 5 }),
      fc.integer({ min: 1, max: 40 }),
      async (breaks, count) => {
        const platform = new MadeUpPlatform();
        platform.breaks = [...breaks];
        const stream = platform.client.stream();
        const ids = Array.from({ length: count }, (_, index) => `c-${index}`);
        const results = await Promise.all(ids.map((id) => stream.command(command(id))));
        expect(platform.log).toEqual(ids);
        expect(results.map(({ version }) => version)).toEqual(ids.map((_, index) => index + 1));
        stream.close();
      },
    );
    await fc.assert(property, { seed, numRuns: 60 });
  });

  it.each(['unavailable', 'internal_error'])(
    'whose aggregate did not answer (%s) may have run: that is no refusal',
    async (code) => {
      const platform = new MadeUpPlatform();
      const refused = { commandId: 'c', status: 'refused', detail: 'so it is' };
      platform.answersWith = ({ id }) => ({ type: 'results', id, results: [{ ...refused, code }] });
      const stream = platform.client.stream();
      const failure = await stream.command(command('c')).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(FolioUnreachable);
      expect(failure).toMatchObject({ attempts: 1, cause: { code } });
      platform.answersWith = refusing(() => true, 'internal_error');
      await expect(stream.command(command('c'))).rejects.toMatchObject({ cause: { code: 'internal_error' } });
      platform.answersWith = ({ id }) => ({
        type: 'results',
        id,
        results: [{ ...refused, code: 'insufficient_funds' }],
      });
      expect(await stream.command(command('c'))).toMatchObject({ code: 'insufficient_funds' });
      stream.close();
    },
  );

  it('wait while as many are on their way as the platform takes', async () => {
    const platform = new MadeUpPlatform();
    platform.answersWith = () => ({ type: 'pong' });
    const stream = platform.client.stream();
    const results = Array.from({ length: 20 }, (_, index) => stream.command(command(`c-${index}`)));
    for (const result of results) result.catch(() => undefined);
    const sent = () => platform.sockets[0]?.received.map(({ commands }) => (commands as unknown[]).length);
    await vi.waitFor(() => expect(sent()).toEqual([3, 3]));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(sent()).toEqual([3, 3]);
    stream.close();
    expect(await results[0]?.catch(String)).toContain('the stream was closed');
    expect(await stream.command(command('late')).catch(String)).toContain('the stream was closed');
  });

  it('that fit into no frame reject, and others go on', async () => {
    const platform = new MadeUpPlatform();
    const stream = platform.client.stream();
    const reference = '\u20ac'.repeat(LIMITS.frameBytes / 3);
    const large = stream.command({ ...command('large'), data: { amount: '1', reference } });
    const next = stream.command(command('next'));
    await expect(large).rejects.toMatchObject({ name: 'FolioProblem', code: 'request_too_large' });
    expect(await next).toMatchObject({ status: 'accepted' });
    expect(platform.log).toEqual(['next']);
    stream.close();
  });

  it('of a frame that is refused reject with the reason, and others go on', async () => {
    const platform = new MadeUpPlatform();
    platform.answersWith = refusing(({ id }) => id === '1', 'invalid_request');
    const stream = platform.client.stream();
    const settled = await Promise.allSettled(
      Array.from({ length: 5 }, (_, index) => stream.command(command(`c-${index}`))),
    );
    expect(settled.map(({ status }) => status)).toEqual([
      ...Array(3).fill('rejected'),
      ...Array(2).fill('fulfilled'),
    ]);
    stream.close();
  });
});

describe('a subscription', () => {
  it('goes on after the last version that came, whatever breaks', async () => {
    const platform = new MadeUpPlatform();
    for (let index = 0; index < 5; index++) platform.run(`c-${index}`);
    const stream = platform.client.stream();
    const events = stream.subscribe({
      topic: 'events',
      aggregateType: 'account',
      aggregateId: 'a',
      afterVersion: 0,
    });
    const versions: number[] = [];
    for await (const { version } of events) {
      versions.push(version);
      if (version % 5 === 0 && version < 30) {
        platform.sockets.at(-1)?.break();
        for (let index = 0; index < 5; index++) platform.run(`c-${version}-${index}`);
      }
      if (version === 30) break;
    }
    expect(versions).toEqual(Array.from({ length: 30 }, (_, index) => index + 1));
    expect(events.version).toBe(30);
    expect(platform.sockets.length).toBe(6);
    expect(platform.sockets.at(-1)?.received.at(-1)).toMatchObject({ type: 'unsubscribe' });
    stream.close();
  });

  it.each(['{"type":"events","id', 'null', '"busy"'])(
    'goes on over another connection where what came is no frame: %s',
    async (text) => {
      const platform = new MadeUpPlatform();
      platform.run('c-1');
      const stream = platform.client.stream();
      const events = stream.subscribe(all);
      expect((await events.next()).value).toMatchObject({ version: 1 });
      platform.sockets[0]?.garble(text);
      platform.run('c-2');
      expect((await events.next()).value).toMatchObject({ version: 2 });
      expect(platform.sockets.map(({ isOpen }) => isOpen)).toEqual([false, true]);
      stream.close();
    },
  );

  it('gives everybody who waits for it an item of their own, in the order in which they asked, or its end', async () => {
    const platform = new MadeUpPlatform();
    platform.run('c-1');
    platform.run('c-2');
    const stream = platform.client.stream();
    const events = stream.subscribe(all);
    const waiting = [1, 2, 3, 4].map(() => events.next());
    await Promise.all(waiting.slice(0, 2));
    stream.close();
    const versions = (await Promise.all(waiting)).map(({ value }) => value?.version);
    expect(versions).toEqual([1, 2, undefined, undefined]);
  });

  it('gives an item to who waited for it, also where somebody else asks in the moment in which it comes', async () => {
    const platform = new MadeUpPlatform();
    const stream = platform.client.stream();
    const events = stream.subscribe(all);
    const order: string[] = [];
    const first = events.next().then(({ value }) => order.push(`first ${value?.version}`));
    await vi.waitFor(() => expect(platform.sockets[0]?.received).toHaveLength(1));
    platform.sockets[0]?.garble('{"type":"events","id":"1","version":1,"events":[{"version":1}]}');
    const second = events.next().then(({ value }) => order.push(`second ${value?.version}`));
    platform.sockets[0]?.garble('{"type":"events","id":"1","version":2,"events":[{"version":2}]}');
    await Promise.all([first, second]);
    expect(order).toEqual(['first 1', 'second 2']);
    expect(events.version).toBe(2);
    stream.close();
  });

  it('gives nothing twice that is sent twice', async () => {
    const platform = new MadeUpPlatform();
    platform.answersWith = ({ type, id }) =>
      type === 'subscribe'
        ? { type: 'events', id, version: 3, events: [1, 2, 2, 1, 3].map((version) => ({ version })) }
        : undefined;
    const stream = platform.client.stream();
    const versions: number[] = [];
    for await (const { version } of stream.subscribe({
      topic: 'events',
      aggregateType: 'account',
      aggregateId: 'a',
      afterVersion: 0,
    })) {
      versions.push(version);
      if (version === 3) break;
    }
    expect(versions).toEqual([1, 2, 3]);
    stream.close();
  });

  it('is of a type of aggregate that there is and that has the topic, as the compiler knows', () => {
    const stream = new MadeUpPlatform().client.stream();
    // @ts-expect-error: there is no such type.
    stream.subscribe({ topic: 'events', aggregateType: 'acount', aggregateId: 'a' });
    // @ts-expect-error: accounts alone have one.
    stream.subscribe({ topic: 'portfolio', aggregateType: 'order', aggregateId: 'a' });
    stream.close();
  });

  it('that is refused throws the reason', async () => {
    const platform = new MadeUpPlatform();
    platform.answersWith = ({ id }) => ({ type: 'error', id, code: 'forbidden', detail: 'not yours' });
    const stream = platform.client.stream();
    const events = stream.subscribe({ topic: 'portfolio', aggregateType: 'account', aggregateId: 'a' });
    expect(await events.next().catch((error: unknown) => error)).toBeInstanceOf(FolioProblem);
    stream.close();
  });

  it('is asked for again where the reason passes, for as long as attempts go, and not sooner than the platform says', async () => {
    const platform = new MadeUpPlatform();
    platform.run('c');
    const refusals = [
      { code: 'unavailable', detail: 'the aggregate does not answer' },
      { code: 'rate_limited', detail: 'too much', retryAfterSeconds: 3 },
    ];
    platform.answersWith = ({ id }) => {
      const refusal = refusals.shift();
      return refusal && { type: 'error', id, ...refusal };
    };
    const stream = platform.client.stream();
    const events = stream.subscribe(all);
    expect((await events.next()).value).toMatchObject({ version: 1 });
    expect(platform.pauses).toEqual([0, 3_000]);
    platform.answersWith = ({ id }) => ({ type: 'error', id, code: 'unavailable', detail: 'for good' });
    const lost = stream.subscribe(all);
    expect(await lost.next().catch((error: unknown) => error)).toMatchObject({ code: 'unavailable' });
    stream.close();
  });

  it('that the platform had to end is begun once, also where the connection breaks in that moment', async () => {
    const platform = new MadeUpPlatform();
    platform.run('c-1');
    const stream = platform.client.stream();
    const events = stream.subscribe(all);
    await events.next();
    let subscribed = 0;
    platform.answersWith = ({ type, id }) => {
      if (type !== 'subscribe' || ++subscribed === 1) return undefined;
      return { type: 'error', id, code: 'invalid_request', detail: 'is a subscription of this connection' };
    };
    const [socket] = platform.sockets;
    socket?.tell({ type: 'ended', id: '1', code: 'unavailable', detail: 'it failed', version: 1 });
    await new Promise((resolve) => setTimeout(resolve));
    socket?.break();
    platform.run('c-2');
    expect((await events.next()).value).toMatchObject({ version: 2 });
    await new Promise((resolve) => setTimeout(resolve, 40));
    expect(subscribed).toBe(1);
    stream.close();
  });

  it('keeps no more than came over one connection, however often a slow reader is left', async () => {
    const platform = new MadeUpPlatform();
    for (let index = 0; index < 5; index++) platform.run(`c-${index}`);
    const stream = platform.client.stream();
    const events = stream.subscribe(all);
    await events.next();
    const frames = () => platform.sockets.map(({ received }) => received.length);
    for (let round = 0; round < 3; round++) {
      for (let index = 0; index < 5; index++) platform.run(`more-${round}-${index}`);
      platform.sockets.at(-1)?.break();
      await vi.waitFor(() => expect(platform.sockets).toHaveLength(round + 2));
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    // The connections after the first were asked for nothing as long as there was something to read.
    expect(frames()).toEqual([1, 0, 0, 0]);
    const versions = [];
    for await (const { version } of events) if (versions.push(version) === 19) break;
    expect(versions).toEqual(Array.from({ length: 19 }, (_, index) => index + 2));
    stream.close();
  });

  it('gives a receipt when what came before was read, and not sooner', async () => {
    const platform = new MadeUpPlatform();
    for (let index = 0; index < 3; index++) platform.run(`c-${index}`);
    const stream = platform.client.stream();
    const events = stream.subscribe({
      topic: 'events',
      aggregateType: 'account',
      aggregateId: 'a',
      afterVersion: 0,
    });
    await events.next();
    platform.sockets[0]?.tell({ type: 'receiptRequested', receipt: 77 });
    await new Promise((resolve) => setTimeout(resolve, 5));
    const receipts = () => platform.sockets[0]?.received.filter(({ type }) => type === 'receipt');
    expect(receipts()).toEqual([]);
    await events.next();
    await events.next();
    expect(receipts()).toEqual([{ type: 'receipt', receipt: 77 }]);
    stream.close();
  });
});

describe('a connection that dies without a word', () => {
  it('is noticed, and what it left undone goes over the next one', async () => {
    vi.useFakeTimers();
    try {
      const platform = new MadeUpPlatform();
      const stream = platform.client.stream();
      await vi.advanceTimersByTimeAsync(10 * BEAT_MS);
      // As long as pings are answered it is alive, though nothing comes.
      expect(platform.sockets).toHaveLength(1);
      platform.isSilent = true;
      const result = stream.command(command('c'));
      await vi.advanceTimersByTimeAsync(3 * BEAT_MS);
      platform.isSilent = false;
      await vi.advanceTimersByTimeAsync(3 * BEAT_MS);
      expect(await result).toMatchObject({ status: 'accepted', version: 1 });
      stream.close();
      await vi.runAllTimersAsync();
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a platform that is gone for long', () => {
  it('is waited for by a stream that it has let in, which says how it stands', async () => {
    const platform = new MadeUpPlatform();
    platform.status = 503;
    // The first connection breaks with the second command; then many are not opened at all.
    platform.breaks = [1, ...Array(30).fill(-1)];
    const states: string[] = [];
    const stream = platform.client.stream({ onState: (state) => void states.push(state) });
    expect(await stream.command(command('c-1'))).toMatchObject({ version: 1 });
    expect(await stream.command(command('c-2'))).toMatchObject({ version: 2 });
    expect((await stream.subscribe(all).next()).value).toMatchObject({ version: 1 });
    expect(platform.sockets).toHaveLength(32);
    stream.close();
    await vi.waitFor(() => expect(states).toEqual(['connected', 'disconnected', 'connected', 'ended']));
  });

  it('breaks nothing where who listens throws', async () => {
    const thrown: unknown[] = [];
    vi.stubGlobal('queueMicrotask', (turn: () => void) => {
      Promise.resolve()
        .then(turn)
        .catch((error: unknown) => thrown.push(error));
    });
    const platform = new MadeUpPlatform();
    platform.breaks = [0];
    const fault = new Error('of the page');
    const onState = () => {
      throw fault;
    };
    const stream = platform.client.stream({ onState });
    expect(await stream.command(command('c'))).toMatchObject({ status: 'replayed', version: 1 });
    stream.close();
    await vi.waitFor(() => expect(thrown).toEqual(Array(4).fill(fault)));
    vi.unstubAllGlobals();
  });
});

describe('a platform that was there', () => {
  it.each([404, 302])(
    'comes back, whatever something on the way says for it meanwhile: %i',
    async (status) => {
      const platform = new MadeUpPlatform();
      const stream = platform.client.stream();
      expect(await stream.command(command('c-1'))).toMatchObject({ status: 'accepted' });
      platform.status = status;
      platform.breaks = [-1, -1];
      platform.sockets[0]?.break();
      expect(await stream.command(command('c-2'))).toMatchObject({ status: 'accepted' });
      expect(platform.sockets).toHaveLength(4);
      stream.close();
    },
  );
});

describe('a platform that lets somebody in no more', () => {
  it('says nothing of commands whose answers were lost before: they may have run', async () => {
    const platform = new MadeUpPlatform();
    // Another token is asked for once.
    platform.breaks = [0, -1, -1];
    platform.status = 401;
    const stream = platform.client.stream();
    const lost = stream.command(command('lost')).catch((error: unknown) => error);
    await vi.waitFor(() => expect(platform.log).toEqual(['lost']));
    const unsent = stream.command(command('unsent')).catch((error: unknown) => error);
    platform.sockets[0]?.tell({ type: 'unsubscribed', id: 'x' });
    expect(await lost).toBeInstanceOf(FolioUnreachable);
    expect(await lost).toMatchObject({ cause: { status: 401 } });
    expect(await unsent).toMatchObject({ name: 'FolioProblem', status: 401 });
  });

  it('nor does one that still answers, and takes the command of nobody like this', async () => {
    const platform = new MadeUpPlatform();
    platform.breaks = [0];
    platform.answersWith = ({ type, id }) => ({
      type: type === 'commands' ? 'results' : type,
      id,
      results: [{ commandId: 'c', status: 'refused', code: 'forbidden', detail: 'not yours any more' }],
    });
    const stream = platform.client.stream();
    const failure = await stream.command(command('c')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FolioUnreachable);
    expect(failure).toMatchObject({ attempts: 2, cause: { code: 'forbidden' } });
    expect(await stream.command(command('c'))).toMatchObject({ status: 'refused', code: 'forbidden' });
    stream.close();
  });
});

describe('a platform that lets nobody in', () => {
  it('is asked again when it says', async () => {
    const platform = new MadeUpPlatform();
    platform.status = 429;
    platform.headers = { 'Retry-After': '7' };
    platform.breaks = [-1];
    const stream = platform.client.stream();
    await stream.command(command('c'));
    expect(platform.pauses).toEqual([7_000]);
    stream.close();
  });

  it('and never answers why, is asked again all the same', async () => {
    const platform = new MadeUpPlatform();
    platform.isDeaf = true;
    platform.breaks = [-1];
    const stream = platform.client.stream();
    expect(await stream.command(command('c'))).toMatchObject({ version: 1 });
    stream.close();
  });

  it('for its token is given another, asked for once', async () => {
    const platform = new MadeUpPlatform();
    platform.status = 401;
    platform.breaks = [-1];
    platform.tokenFor = (refused) => (refused === undefined ? 'kept' : `after-${refused.code}`);
    const stream = platform.client.stream();
    expect(await stream.command(command('c'))).toMatchObject({ version: 1 });
    const offered = platform.sockets.map(({ offered: [, bearer] }) => bearer);
    expect(offered).toEqual(['bearer.kept', 'bearer.after-unauthenticated']);
    stream.close();
  });

  it('is tried again where a token was waited for too long', async () => {
    const platform = new MadeUpPlatform();
    let asked = 0;
    // Asked for the document that says why as well, which then is not there either.
    platform.tokenFor = () => (++asked <= 2 ? new Promise(() => undefined) : 'token\n');
    const stream = platform.client.stream();
    expect(await stream.command(command('c'))).toMatchObject({ version: 1 });
    expect(platform.sockets.map(({ offered }) => offered)).toEqual([['folio.v1', 'bearer.token']]);
    stream.close();
  });

  it('right after its welcome is left alone for longer and longer, and given up in the end', async () => {
    const platform = new MadeUpPlatform();
    platform.breaks = Array(20).fill(0);
    const stream = platform.client.stream();
    const failure = await stream.command(command('c')).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FolioUnreachable);
    expect(platform.sockets).toHaveLength(8);
    expect(() => stream.subscribe({ topic: 'events', aggregateType: 'account', aggregateId: 'a' })).toThrow();
  });

  it('is told apart from one that does not answer', async () => {
    for (const [status, kind] of [
      [401, FolioProblem],
      [503, FolioUnreachable],
    ] as const) {
      const platform = new MadeUpPlatform();
      platform.status = status;
      platform.breaks = Array(20).fill(-1);
      const onState = vi.fn();
      const stream = platform.client.stream({ onState });
      const failure = await stream.command(command('c')).catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(kind);
      // The reason that the platform gave, and not the code with which sockets end that were never open.
      expect(String(failure)).toMatch(/unauthenticated: /);
      expect(onState.mock.calls).toEqual([['ended', expect.any(kind)]]);
      expect(platform.sockets[0]?.offered).toEqual(['folio.v1', 'bearer.token']);
    }
  });
});

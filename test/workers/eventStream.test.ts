/** `GET /v1/stream/{aggregateType}/{id}`: subscriptions by Server-Sent Events. */
import { runInDurableObject } from 'cloudflare:test';
import { exports } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { accountStub } from '../../workers/aggregates.ts';
import type { Env } from '../../workers/env.ts';
import { app } from '../../workers/http/app.ts';
import { SERVER_FRAMES, type ServerFrame } from '../../workers/streams/frames.ts';
import { call, eventually, opened, TEST_TOKEN, testEnv, verdict } from '../support/api.ts';
import { as } from '../support/callers.ts';
import { deposit, range } from '../support/stream.ts';

const worker = (exports as unknown as { default: Fetcher }).default;

interface Message {
  readonly id: string | undefined;
  readonly event: string;
  readonly frame: ServerFrame;
}

/** A reader of an event stream, as a browser takes it apart. */
class Source {
  readonly messages: Message[] = [];
  isOver = false;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;

  private constructor(body: ReadableStream<Uint8Array>) {
    this.#reader = body.getReader();
  }

  static async open(path: string, headers: Record<string, string> = {}): Promise<Source> {
    const sent = { Authorization: `Bearer ${TEST_TOKEN}`, ...headers };
    const response = await worker.fetch(`http://folio.test${path}`, { headers: sent });
    if (response.status !== 200 || response.body === null) {
      throw new Error(`${response.status} ${await response.text()}`);
    }
    expect(response.headers.get('Content-Type')).toBe('text/event-stream');
    // What lies between it and its reader has to pass it on as it comes.
    expect(response.headers.get('Cache-Control')).toBe('no-store, no-transform');
    expect(response.headers.get('X-Accel-Buffering')).toBe('no');
    return new Source(response.body);
  }

  /** Reads until the messages are as a test wants them. */
  async until(isEnough: (source: Source) => boolean): Promise<void> {
    const decoder = new TextDecoder();
    let text = '';
    while (!isEnough(this)) {
      const { done, value } = await this.#reader.read();
      if (done) {
        this.isOver = true;
        return;
      }
      text += decoder.decode(value, { stream: true });
      const parts = text.split('\n\n');
      text = parts.pop() ?? '';
      for (const part of parts) this.#take(part);
    }
  }

  get versions(): number[] {
    return this.messages.flatMap(({ frame }) =>
      frame.type === 'events' ? frame.events.map(({ version }) => version) : [],
    );
  }

  close(): Promise<void> {
    return this.#reader.cancel();
  }

  #take(part: string): void {
    const fields = new Map(part.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string]));
    const data = fields.get('data');
    if (data === undefined) return;
    const frame = JSON.parse(data) as ServerFrame;
    expect(SERVER_FRAMES[frame.type].parse(frame)).toEqual(frame);
    this.messages.push({ id: fields.get('id'), event: fields.get('event') ?? '', frame });
  }
}

/** Hubs that the account tells of its commits. */
function hubsOf(id: string): Promise<unknown[]> {
  return runInDurableObject(accountStub(testEnv, id), (_instance, state) =>
    state.storage.sql.exec('SELECT hub FROM watchers').toArray(),
  );
}

const pay = (id: string) => call('POST', `/v1/accounts/${id}/deposits`, { body: { amount: '1' } });

describe('an event stream', () => {
  it('replays, goes on with what is committed, and resumes after Last-Event-ID', async () => {
    const id = await opened('sse');
    await pay(id);
    const first = await Source.open(`/v1/stream/account/${id}?afterVersion=0`);
    await first.until(({ versions }) => versions.length >= 2);
    await pay(id);
    await first.until(({ versions }) => versions.length >= 3);
    await first.close();
    expect(first.versions).toEqual([1, 2, 3]);
    expect(first.messages.map(({ event }) => event)[0]).toBe('subscribed');
    await pay(id);
    const lastId = first.messages.at(-1)?.id as string;
    const second = await Source.open(`/v1/stream/account/${id}?afterVersion=0`, { 'Last-Event-ID': lastId });
    await second.until(({ versions }) => versions.length >= 1);
    expect([lastId, second.versions]).toEqual(['3', [4]]);
    await second.close();
  });

  it('begins now where no version is given, and shows portfolios as well', async () => {
    const id = await opened('sse-now');
    const source = await Source.open(`/v1/stream/account/${id}?topic=portfolio`);
    await source.until(({ messages }) => messages.length === 1);
    await pay(id);
    await source.until(({ messages }) => messages.length === 2);
    expect(source.messages[1]).toMatchObject({
      id: '2',
      event: 'portfolio',
      frame: { portfolio: { version: 2 } },
    });
    await source.close();
  });

  it('goes at the pace of its reader, whose whole log arrives', async () => {
    const id = await opened('sse-slow');
    for (const round of range(1, 5)) {
      const commands = range(1, 2_000).map((n) => ({ ...deposit(id), commandId: `sse-${round}-${n}` }));
      const body = commands.map((command) => JSON.stringify(command)).join('\n');
      await call('POST', '/v1/commands', { body, headers: { 'Content-Type': 'application/x-ndjson' } });
    }
    const source = await Source.open(`/v1/stream/account/${id}?afterVersion=0`);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await source.until(({ versions }) => versions.length >= 10_001);
    expect(source.versions).toEqual(range(1, 10_001));
    await source.close();
  });

  it('refuses as any route does, before anything is streamed', async () => {
    const [mine, theirs] = [await opened('sse-mine'), await opened('sse-theirs')];
    const headers = await as('trader', [mine]);
    const get = async (path: string, more: Record<string, string> = {}) =>
      verdict(await call('GET', `/v1/stream/${path}`, { headers: { ...headers, ...more } }));
    expect(await get(`account/${mine}`)).toBe('200');
    expect(await get(`account/${theirs}`)).toBe('403 forbidden');
    expect(await get('order/o-1')).toBe('403 forbidden');
    expect(await get(`account/${mine}?afterVersion=9`)).toBe('400 invalid_request afterVersion');
    expect(await get(`account/${mine}`, { 'Last-Event-ID': 'x' })).toBe('400 invalid_request Last-Event-ID');
    expect(await get(`account/${mine}`, { 'Last-Event-ID': '9' })).toBe('400 invalid_request Last-Event-ID');
    expect(await get('planet/p-1')).toMatch(/^40[03] /);
    expect(verdict(await call('GET', '/v1/stream/account/sse-nobody'))).toBe('404 aggregate_not_found');
    expect(verdict(await call('GET', '/v1/stream/order/o-1?topic=portfolio'))).toBe(
      '400 invalid_request aggregateType',
    );
  });

  it('opens no socket for a Last-Event-ID that is no version', async () => {
    const id = await opened('sse-bad-id');
    const asked: string[] = [];
    const getByName = (hub: string) => {
      asked.push(hub);
      return testEnv.STREAMS.getByName(hub);
    };
    const ask = async (lastId: string) => {
      const headers = { Authorization: `Bearer ${TEST_TOKEN}`, 'Last-Event-ID': lastId };
      const env = { ...testEnv, STREAMS: { getByName } as unknown as Env['STREAMS'] };
      const response = await app.fetch(
        new Request(`http://folio.test/v1/stream/account/${id}`, { headers }),
        env,
      );
      await response.body?.cancel();
      return response.status;
    };
    expect([await ask('x'), asked.length]).toEqual([400, 0]);
    expect([await ask('1'), asked.length]).toEqual([200, 1]);
  });

  it('ends the subscription when its reader leaves', async () => {
    const id = await opened('sse-left');
    const source = await Source.open(`/v1/stream/account/${id}`);
    await source.until(({ messages }) => messages.length === 1);
    expect(await hubsOf(id)).toHaveLength(1);
    await source.close();
    // The account hears that nobody is left when it next tells something.
    await eventually(async () => {
      await pay(id);
      expect(await hubsOf(id)).toEqual([]);
    });
  });
});

describe('HEAD', () => {
  it('is answered as GET is, and follows nothing', async () => {
    const id = await opened('sse-head');
    const query = `subscription { events(aggregateType: account, id: "${id}") { version } }`;
    const headers = { Authorization: `Bearer ${TEST_TOKEN}`, Accept: 'text/event-stream' };
    for (const path of [`/v1/stream/account/${id}`, `/v1/graphql?query=${encodeURIComponent(query)}`]) {
      const { status, headers: answered } = await worker.fetch(`http://folio.test${path}`, {
        method: 'HEAD',
        headers,
      });
      expect([status, answered.get('Content-Type')]).toEqual([200, 'text/event-stream']);
    }
    await eventually(async () => {
      await pay(id);
      expect(await hubsOf(id)).toEqual([]);
    });
  });
});

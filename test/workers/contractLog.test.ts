/** The public contract, statement by statement: the log of an account, its trades, and section "Events". */
import canonicalize from 'canonicalize';
import { describe, expect, it } from 'vitest';
import { EVENT_TYPE_NAMES } from '../../schemas/eventTypes.ts';
import { call, eventually, opened } from '../support/api.ts';

interface Envelope {
  eventId: string;
  aggregateType: string;
  aggregateId: string;
  version: number;
  eventType: string;
  schemaVersion: number;
  recordedAt: string;
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
  previousHash: string;
  hash: string;
}

const GENESIS = '0'.repeat(64);

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** What an auditor does with nothing of ours: docs/adr/0004. */
async function checkChain(
  events: readonly Envelope[],
  previousHash = GENESIS,
  firstVersion = 1,
): Promise<void> {
  let before = previousHash;
  let version = firstVersion;
  for (const { eventId, hash, ...covered } of events) {
    expect(covered.version).toBe(version++);
    expect(covered.previousHash).toBe(before);
    expect(await sha256(canonicalize(covered) as string)).toBe(hash);
    // RFC 9562, 5.8: version 8 and variant 10 stand in their places, everything else is the hash.
    const plain = eventId.replaceAll('-', '');
    expect(eventId).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    const same = [...plain].filter((digit, index) => index === 12 || index === 16 || digit === hash[index]);
    expect(same).toHaveLength(32);
    before = hash;
  }
}

async function page(
  path: string,
): Promise<{ events: Envelope[]; next: string; nextFromVersion: number | null }> {
  return (await call('GET', path)).body as never;
}

/** An account with `count` trades of one symbol in turn with another, bought and sold. */
async function traded(id: string, count: number): Promise<void> {
  await opened(id, { initialBalance: '1000000' });
  const commands = Array.from({ length: count }, (_, index) => ({
    commandId: `t-${index}`,
    aggregateType: 'account',
    aggregateId: id,
    type: 'ExecuteTrade',
    data: {
      tradeId: `t-${index}`,
      symbol: index % 2 === 0 ? 'IBM' : 'BRK.B',
      quantity: '1',
      price: '1.25',
      side: index % 4 < 2 ? 'BUY' : 'SELL',
      executedAt: new Date(Date.UTC(2024, 0, 1, 0, 0, index)).toISOString(),
    },
  }));
  expect((await call('POST', '/v1/commands', { body: { commands } })).body.accepted).toBe(count);
}

describe('the log of an account', () => {
  it('comes in pages of full envelopes whose chain anybody can recompute', async () => {
    await traded('log-1', 7);
    const { body } = await call('GET', '/v1/accounts/log-1/events');
    await checkChain(body.events as never);
    const collected: Envelope[] = [];
    const sizes: number[] = [];
    for (let from: number | null = 1; from !== null; ) {
      const { events, nextFromVersion } = await page(`/v1/accounts/log-1/events?fromVersion=${from}&limit=3`);
      await checkChain(events, collected.at(-1)?.hash, from);
      collected.push(...events);
      sizes.push(events.length);
      from = nextFromVersion;
    }
    expect(sizes).toEqual([3, 3, 2]);
    expect(collected).toEqual(body.events);
    expect((await page('/v1/accounts/log-1/events?fromVersion=9')).events).toEqual([]);
    expect((await call('GET', '/v1/accounts/nobody/events')).status).toBe(404);
    expect((await call('GET', '/v1/audit/account/log-1')).body).toEqual({
      ok: true,
      version: 8,
      headHash: collected.at(-1)?.hash,
      eventsChecked: 8,
    });
  });

  it('has hashes that notice any change', async () => {
    await traded('log-2', 1);
    const { events } = await page('/v1/accounts/log-2/events');
    const [first, second] = events as [Envelope, Envelope];
    await expect(
      checkChain([{ ...first, data: { ...first.data, cash: '1000001' } }, second]),
    ).rejects.toThrow();
    await expect(checkChain([second])).rejects.toThrow();
  });

  it('says what happened in each event', async () => {
    await opened('log-3');
    const limits = { allowShort: true, maxOrderNotional: '500' };
    await call('PUT', '/v1/accounts/log-3/limits', { body: limits });
    await call('POST', '/v1/accounts/log-3/deposits', { body: { amount: '1', reference: 'wire 7 é😀' } });
    const { events } = await page('/v1/accounts/log-3/events');
    await checkChain(events);
    expect(events).toMatchObject([
      { eventType: 'AccountOpened', schemaVersion: 2, data: { cash: '100000', currency: 'USD' } },
      {
        eventType: 'LimitsSet',
        data: {
          allowShort: true,
          maxOrderNotional: '500',
          maxPositionNotional: null,
          maxPositionQuantity: null,
        },
      },
      { eventType: 'FundsDeposited', data: { amount: '1', cash: '100001', reference: 'wire 7 é😀' } },
    ]);
  });
});

describe('trades', () => {
  it('come newest first, filtered, page by page', async () => {
    await traded('tr-1', 10);
    const read = async (query: string) => {
      const { body } = await call('GET', `/v1/accounts/tr-1/trades${query}`);
      return body as unknown as { trades: { tradeId: string; version: number }[]; nextCursor: string | null };
    };
    const ids = async (query: string) =>
      (await read(query)).trades.map(({ tradeId }) => tradeId.slice(2)).join(' ');
    await eventually(async () => expect((await read('')).trades).toHaveLength(10));
    expect(await ids('')).toBe('9 8 7 6 5 4 3 2 1 0');
    expect(await ids('?symbol=BRK.B')).toBe('9 7 5 3 1');
    expect(await ids('?side=SELL')).toBe('7 6 3 2');
    expect(await ids('?symbol=IBM&side=SELL')).toBe('6 2');
    expect(await ids('?from=2024-01-01T00:00:03Z&to=2024-01-01T00:00:06Z')).toBe('5 4 3');
    expect(await ids('?symbol=NONE')).toBe('');
    const pages: string[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const query: string = `?symbol=IBM&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`;
      pages.push(await ids(query));
      cursor = (await read(query)).nextCursor;
    }
    expect(pages).toEqual(['8 6', '4 2', '0']);
    expect((await read('?limit=1')).trades).toMatchObject([
      {
        tradeId: 't-9',
        version: 11,
        price: '1.25',
        notional: '1.25',
        fee: '0',
        executedAt: '2024-01-01T00:00:09.000Z',
      },
    ]);
  });

  it('are none for an account without any, and 404 for no account', async () => {
    await opened('tr-2');
    expect((await call('GET', '/v1/accounts/tr-2/trades')).body).toEqual({ trades: [], nextCursor: null });
    expect((await call('GET', '/v1/accounts/nobody/trades')).status).toBe(404);
  });
});

describe('events across aggregates', () => {
  it('come once each, in version order within an aggregate, and the end stays usable', async () => {
    const accounts = ['ev-1', 'ev-2', 'ev-3', 'ev-4'];
    for (const id of accounts) await traded(id, 5);
    const ours = (events: Envelope[]) => events.filter(({ aggregateId }) => accounts.includes(aggregateId));
    const { events, next } = await eventually(async () => {
      const collected: Envelope[] = [];
      let after = '';
      for (;;) {
        const read = await page(`/v1/events?limit=7${after === '' ? '' : `&after=${after}`}`);
        after = read.next;
        if (read.events.length === 0) break;
        collected.push(...ours(read.events));
      }
      expect(collected).toHaveLength(24);
      return { events: collected, next: after };
    });
    for (const id of accounts) await checkChain(events.filter(({ aggregateId }) => aggregateId === id));
    expect(ours((await page(`/v1/events?after=${next}`)).events)).toEqual([]);
    await call('POST', '/v1/accounts/ev-1/deposits', { body: { amount: '1' } });
    await eventually(async () => {
      const later = await page(`/v1/events?after=${next}`);
      // Those of tests before may come as late as they like.
      expect(ours(later.events)).toMatchObject([
        { aggregateId: 'ev-1', version: 7, eventType: 'FundsDeposited' },
      ]);
    });
  });

  it('are filtered by type, aggregate and time', async () => {
    await traded('ev-5', 3);
    await call('POST', '/v1/accounts/ev-5/freeze', { body: { reason: 'r' } });
    const read = (query: string) => page(`/v1/events?aggregateId=ev-5${query}`);
    const all = await eventually(async () => {
      const { events } = await read('');
      expect(events).toHaveLength(5);
      return events;
    });
    const types = async (query: string) => (await read(query)).events.map(({ eventType }) => eventType);
    expect(await types('&type=AccountFrozen')).toEqual(['AccountFrozen']);
    expect(await types('&aggregateType=account&type=TradeExecuted&limit=2')).toHaveLength(2);
    const last = all.at(-1)?.recordedAt as string;
    const before = all.filter(({ recordedAt }) => recordedAt < last).length;
    expect(await types(`&to=${last}`)).toHaveLength(before);
    expect(await types(`&from=${last}`)).toHaveLength(5 - before);
    expect((await page('/v1/events?type=LimitsSet&aggregateId=ev-5')).events).toEqual([]);
    await checkChain(all);
  });

  it('have types with their schema versions and JSON Schemas', async () => {
    const { body } = await call('GET', '/v1/event-types');
    const types = body.eventTypes as unknown as {
      eventType: string;
      schemaVersions: number[];
      jsonSchema: object;
    }[];
    expect(types.map(({ eventType }) => eventType)).toEqual(EVENT_TYPE_NAMES);
    expect(types[0]).toMatchObject({
      aggregateType: 'account',
      schemaVersion: 2,
      schemaVersions: [1, 2],
      jsonSchema: {
        type: 'object',
        required: ['customerId', 'accountType', 'currency', 'cash'],
        properties: { cash: { type: 'string' }, currency: { pattern: '^[A-Z]{3}$' } },
        additionalProperties: false,
      },
    });
  });
});

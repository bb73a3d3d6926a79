/** What bytes mean, today and in ten years: canonical JSON, hashes, event ids, fingerprints, partitions and upcasts. */
import canonicalize from 'canonicalize';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { commandFingerprint } from '../../actors/kernel/fingerprint.ts';
import { eventHash, timeText } from '../../actors/kernel/hashChain.ts';
import { AccountOpened, accountCommands, accountEvents } from '../../schemas/account.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { eventIdText, GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import { eventTypes } from '../../schemas/eventTypes.ts';
import { DIRECTORY_PARTS, partOf } from '../../schemas/partition.ts';
import { newestSchemaVersion, upcast } from '../../schemas/upcasts.ts';
import { holds } from '../support/property.ts';

const RUN = { seed: 20260104, runs: 3_000 };

const safeInteger = fc.integer({ min: Number.MIN_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });
const integer = fc.oneof(fc.integer(), safeInteger).filter((value) => !Object.is(value, -0));
const text = fc.string({ unit: 'grapheme' });
/** Keys that only sorting by UTF-16 code units puts right are among them. */
const key = fc
  .oneof(
    text,
    fc.constantFrom(
      'a',
      'B',
      'é',
      '\u{1f600}',
      '\ufb33',
      '\u0080',
      '\u20ac',
      '',
      '"',
      '\\',
      '\n',
      '__proto__',
    ),
  )
  .filter((name) => !/^(0|[1-9]\d*)$/.test(name));
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { depthSize: 'medium' },
    text,
    integer,
    fc.constantFrom(null, true, false),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.array(fc.tuple(key, tie('json')), { maxLength: 5 }).map((entries) => Object.fromEntries(entries)),
  ),
}));

/** The same value with the keys of every object in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, item]) => [name, reordered(item)]),
  );
}

describe('canonical JSON', () => {
  it('is what another implementation of RFC 8785 writes', () => {
    holds(
      fc.property(json, (value) => {
        expect(canonicalJson(value)).toBe(canonicalize(value));
      }),
      RUN,
    );
  });

  it('does not depend on the order in which keys were set', () => {
    holds(
      fc.property(json, (value) => {
        expect(canonicalJson(reordered(value))).toBe(canonicalJson(value));
      }),
      RUN,
    );
  });

  it('sorts by UTF-16 code units, as the example of RFC 8785 (3.2.3) does', () => {
    const example = { '€': 1, '\r': 2, '\ufb33': 3, a1: 4, '\u{1f600}': 5, '\u0080': 6, ö: 7 };
    expect(Object.keys(JSON.parse(canonicalJson(example)))).toEqual([
      '\r',
      'a1',
      '\u0080',
      'ö',
      '€',
      '\u{1f600}',
      '\ufb33',
    ]);
  });

  it.each<[string, unknown]>([
    ['a fraction', 0.5],
    ['a number beyond 2^53', 2 ** 53],
    ['negative zero', -0],
    ['NaN', Number.NaN],
    ['infinity', Number.POSITIVE_INFINITY],
    ['a bigint', 1n],
    ['undefined', undefined],
    ['undefined in an object', { a: undefined }],
    ['undefined in an array', [undefined]],
    ['a function', { a: () => 1 }],
    ['a symbol', Symbol('a')],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a key', { '\udc00': 1 }],
    ['a lone surrogate, deep', { a: [{ b: 'x\udfff' }] }],
    ['a key that JavaScript would move to the front', { '9': 1, '10': 2 }],
  ])('has no form for %s', (_name, value) => {
    expect(() => canonicalJson(value)).toThrow(TypeError);
  });

  it('takes a backslash before "ud" for what it is', () => {
    expect(canonicalJson('\\ud800')).toBe('"\\\\ud800"');
  });
});

/** Two events of one account, with the hashes that Python's json and hashlib make of them. */
const GOLDEN = [
  {
    version: 1,
    eventType: 'AccountOpened',
    schemaVersion: 2,
    recordedAt: Date.UTC(2026, 0, 2, 3, 4, 5, 678),
    data: { accountType: 'INDIVIDUAL', cash: '100', currency: 'USD', customerId: 'c-1' },
    metadata: { causationId: null, commandId: 'k-1', correlationId: 'corr-1', userId: 'u-1' },
    hash: '19325054a5572117224228200bc74b93fec20a32f184f662e43b7474660c6960',
    eventId: '19325054-a557-8117-a242-28200bc74b93',
  },
  {
    version: 2,
    eventType: 'FundsDeposited',
    schemaVersion: 1,
    recordedAt: Date.UTC(2026, 0, 2, 3, 4, 6),
    data: { amount: '0.5', cash: '100.5', reference: 'Gehalt – März € "x"' },
    metadata: { causationId: 'e-1', commandId: 'k-2', correlationId: 'corr-1', sagaId: 's-1', userId: 'u-1' },
    hash: '9fd10eca46d6ce4e36a603c4e3503153e74f5c24a5b2ed17a00000d8e0e39a05',
    eventId: '9fd10eca-46d6-8e4e-b6a6-03c4e3503153',
  },
] as const;

/** The hash of one of the events above, some of its fields changed. */
function hashOf(index: number, changed: Partial<Record<string, unknown>> = {}): string {
  const {
    hash: _,
    eventId: __,
    data,
    metadata,
    ...event
  } = { ...(GOLDEN[index] as object), ...changed } as never as Record<string, unknown> & {
    previousHash?: string;
  };
  return eventHash((event.previousHash as string) ?? GOLDEN[index - 1]?.hash ?? GENESIS_HASH_TEXT, {
    aggregateType: 'account',
    aggregateId: 'acc-1',
    ...(event as { version: number; eventType: string; schemaVersion: number; recordedAt: number }),
    data: canonicalJson(data),
    metadata: canonicalJson(metadata),
  });
}

describe('hashes and event ids', () => {
  it('are those that another language computes', () => {
    expect(GOLDEN.map((_, index) => hashOf(index))).toEqual(GOLDEN.map(({ hash }) => hash));
    expect(GOLDEN.map(({ hash }) => eventIdText(hash))).toEqual(GOLDEN.map(({ eventId }) => eventId));
  });

  it.each<[string, Record<string, unknown>]>([
    ['aggregateType', { aggregateType: 'order' }],
    ['aggregateId', { aggregateId: 'acc-2' }],
    ['version', { version: 3 }],
    ['eventType', { eventType: 'FundsWithdrawn' }],
    ['schemaVersion', { schemaVersion: 2 }],
    ['recordedAt', { recordedAt: Date.UTC(2026, 0, 2, 3, 4, 6, 1) }],
    ['data', { data: { ...GOLDEN[1].data, amount: '0.6' } }],
    ['metadata', { metadata: { ...GOLDEN[1].metadata, userId: 'u-2' } }],
    ['previousHash', { previousHash: GENESIS_HASH_TEXT }],
  ])('cover %s', (_field, changed) => {
    expect(hashOf(1, changed)).not.toBe(GOLDEN[1].hash);
  });

  it('make ids that are UUIDs of version 8, variant 10', () => {
    const hash = fc.array(fc.constantFrom(...'0123456789abcdef'), { minLength: 64, maxLength: 64 });
    holds(
      fc.property(hash, (digits) => {
        const id = eventIdText(digits.join(''));
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
        expect(id.replaceAll('-', '').slice(0, 12)).toBe(digits.join('').slice(0, 12));
      }),
      RUN,
    );
  });

  it('write times to the millisecond, whichever was asked for before', () => {
    const times = [0, 1, Date.UTC(2026, 10, 21), 1, 0, Date.UTC(1999, 11, 31, 23, 59, 59, 999)];
    expect(times.map(timeText)).toEqual(times.map((time) => new Date(time).toISOString()));
  });
});

describe('command fingerprints', () => {
  const fingerprint = (type: string, data: unknown) => commandFingerprint(type, canonicalJson(data));
  const trade = { tradeId: 't-1', symbol: 'IBM', quantity: '1', price: '10', side: 'BUY' };

  it('are equal for bodies that differ in the order of their keys alone', () => {
    expect(fingerprint('ExecuteTrade', trade)).toBe(fingerprint('ExecuteTrade', reordered(trade)));
    holds(
      fc.property(json, (value) => {
        expect(fingerprint('T', reordered(value))).toBe(fingerprint('T', value));
      }),
      RUN,
    );
  });

  it('differ for another type, another value, another key, and a value that moved', () => {
    const others = [
      fingerprint('DepositFunds', trade),
      ...Object.keys(trade).map((name) => fingerprint('ExecuteTrade', { ...trade, [name]: '2' })),
      fingerprint('ExecuteTrade', { ...trade, fee: '0' }),
      fingerprint('ExecuteTrade', { ...trade, price: trade.quantity, quantity: trade.price }),
    ];
    expect(new Set([fingerprint('ExecuteTrade', trade), ...others]).size).toBe(others.length + 1);
  });

  it('are safe integers without a collision among a hundred thousand bodies that differ in one digit', () => {
    const seen = new Set<number>();
    for (let index = 0; index < 100_000; index++) {
      const print = fingerprint('ExecuteTrade', { ...trade, tradeId: `t-${index}` });
      expect(Number.isSafeInteger(print) && print >= 0).toBe(true);
      seen.add(print);
    }
    expect(seen.size).toBe(100_000);
  });

  it('are stored for good: the same body gives the same number in every release', () => {
    expect(fingerprint('ExecuteTrade', trade)).toBe(2049906153936487);
    expect(fingerprint('DepositFunds', { amount: '1' })).toBe(5157674428967177);
  });
});

describe('parts', () => {
  it('are stable: an id stays where it is', () => {
    const ids = ['acc-1', 'account-42', 'A', '_', 'x'.repeat(64)];
    // FNV-1a, computed apart from this code.
    expect(ids.map((id) => partOf(id, 2))).toEqual([0, 1, 0, 0, 1]);
    expect(ids.map((id) => partOf(id, 16))).toEqual([12, 5, 12, 14, 5]);
    expect(ids.map((id) => partOf(id, 1))).toEqual([0, 0, 0, 0, 0]);
  });

  it.each([
    ['counted ids', (index: number) => `acc-${index}`],
    ['padded ids', (index: number) => `ACC${String(index).padStart(10, '0')}`],
    ['hexadecimal ids', (index: number) => (index * 2_654_435_761).toString(16)],
  ])('take an even share each of %s', (_name, id) => {
    for (const parts of [2, 3, DIRECTORY_PARTS]) {
      const counts = Array<number>(parts).fill(0);
      for (let index = 0; index < 20_000; index++) {
        const part = partOf(id(index), parts);
        counts[part] = (counts[part] ?? Number.NaN) + 1;
      }
      const share = 20_000 / parts;
      for (const count of counts) expect(Math.abs(count - share) / share).toBeLessThan(0.15);
    }
  });
});

describe('upcasts', () => {
  const first = { cash: '5', currency: 'USD', customerId: 'c-1' };

  it('make a version 1 opening the opening of an individual', () => {
    const today = upcast('AccountOpened', 1, first);
    expect(today).toEqual({ ...first, accountType: 'INDIVIDUAL' });
    expect(AccountOpened.parse(today)).toEqual(today);
    expect(first).not.toHaveProperty('accountType');
  });

  it('leave the newest version alone', () => {
    const data = { ...first, accountType: 'CORPORATE' };
    expect(upcast('AccountOpened', newestSchemaVersion('AccountOpened'), data)).toBe(data);
    expect(upcast('FundsDeposited', 1, data)).toBe(data);
  });

  it('refuse an event of a newer writer', () => {
    expect(() => upcast('AccountOpened', 3, first)).toThrow(/no upcast from AccountOpened@3/);
    expect(() => upcast('FundsDeposited', 2, first)).toThrow(/no upcast/);
    expect(() => upcast('FundsDeposited', 0, first)).toThrow(/no upcast/);
  });

  it('lead from every version that the catalogue names to the newest', () => {
    for (const { eventType, schemaVersions, schemaVersion } of eventTypes()) {
      expect(schemaVersions.at(-1), eventType).toBe(schemaVersion);
      // As much of an old event's data as any step looks into.
      const data = { shipTo: {} };
      for (const version of schemaVersions) expect(() => upcast(eventType, version, data)).not.toThrow();
    }
  });

  it('know the names that are stored: none is ever renamed', () => {
    expect(Object.keys(accountEvents)).toEqual(
      ['AccountOpened', 'FundsDeposited', 'FundsWithdrawn', 'TradeExecuted'].concat([
        'TradeCorrected',
        'TradeCancelled',
        'LimitsSet',
        'AccountFrozen',
        'AccountUnfrozen',
        'AccountClosed',
        'FundsReserved',
        'FundsReleased',
        'FundsReservationExpired',
        'FundsTransferredOut',
        'TransferAccepted',
        'TransferCancelled',
        'FundsTransferredIn',
      ]),
    );
    expect(Object.keys(accountCommands)).toEqual(
      ['OpenAccount', 'DepositFunds', 'WithdrawFunds', 'ExecuteTrade'].concat([
        'SetLimits',
        'FreezeAccount',
        'UnfreezeAccount',
        'CloseAccount',
      ]),
    );
  });
});

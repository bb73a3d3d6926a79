/** The account as a Durable Object: what it remembers, what it refuses, and what it costs. */
import { runDurableObjectAlarm } from 'cloudflare:test';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { LOG_MIGRATIONS } from '../../actors/kernel/eventLog.ts';
import { eventHash } from '../../actors/kernel/hashChain.ts';
import { migrate } from '../../actors/kernel/migrations.ts';
import { SNAPSHOT_EVERY_EVENTS } from '../../actors/kernel/snapshots.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import type { Outcome } from '../../schemas/envelope.ts';
import { eventIdText, GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import { buy, deposit, freeze, open, sell, setLimits, trade, withdraw } from '../support/account.ts';
import { accountActor, command } from '../support/actors.ts';
import { holdsEventually } from '../support/property.ts';

/** An account that was opened with a command of id `open`. */
async function openAccount(id: string, initialBalance = '1000000') {
  const account = accountActor(id);
  expect(await account.run(command(open({ initialBalance }), 'open'))).toMatchObject({ status: 'accepted' });
  return account;
}

const versions = (outcomes: readonly Outcome[]) =>
  outcomes.map((outcome) => (outcome.status === 'refused' ? outcome.code : outcome.version));

describe('eviction', () => {
  it('in the middle changes no answer', async () => {
    const account = await openAccount('evicted');
    const look = async () => ({
      state: await account.read(),
      past: await account.read({ version: 2 }),
      events: await account.events(),
      messages: await account.messages(1, 100),
      chain: await account.verify(),
      head: await account.head(),
    });
    const steps = [deposit('5'), buy('2', '10', { tradeId: 'a' }), sell('1', '11', { tradeId: 'b' }), freeze];
    for (const step of steps) {
      expect(await account.run(command(step))).toMatchObject({ status: 'accepted' });
      const before = await look();
      await account.evict();
      expect(await look()).toEqual(before);
    }
    expect(await account.head()).toBe(5);
    expect((await account.read())?.state).toMatchObject({ status: 'FROZEN', cash: '999996' });
  });

  it('leaves what was decided before and what is decided after in one chain', async () => {
    const account = await openAccount('chained');
    for (let round = 0; round < 3; round++) {
      await account.run(command(deposit('1')));
      await account.evict();
    }
    const events = await account.events();
    expect(events.map(({ version }) => version)).toEqual([1, 2, 3, 4]);
    expect(events.map(({ previousHash }) => previousHash)).toEqual([
      GENESIS_HASH_TEXT,
      ...events.slice(0, -1).map(({ hash }) => hash),
    ]);
  });
});

describe('a repeated command', () => {
  it('is answered as the first time, for good: at once, later, and after eviction', async () => {
    const account = await openAccount('repeat');
    const bought = command(buy('3', '7', { tradeId: 'trade-1' }), 'key-1');
    const [first, twin] = await account.execute(bought, bought);
    expect(first).toMatchObject({ status: 'accepted', version: 2, reply: { tradeId: 'trade-1' } });
    const again = { ...first, status: 'replayed' };
    expect(twin).toEqual(again);
    expect(await account.run(bought)).toEqual(again);
    await account.run(command(deposit('1')));
    await account.evict();
    expect(await account.run(bought)).toEqual(again);
    expect(await account.head()).toBe(3);
    expect(await account.executeBrief([bought])).toEqual([{ status: 'replayed', version: 2 }]);
  });

  it('is answered although it would be refused by now, and whatever version it expects', async () => {
    const account = await openAccount('repeat-frozen', '10');
    const all = command(withdraw('10'), 'all');
    await account.execute(all, command(freeze));
    expect(await account.run(all)).toMatchObject({ status: 'replayed', version: 2 });
    expect(await account.run({ ...all, expectedVersion: 1 })).toMatchObject({
      status: 'replayed',
      version: 2,
    });
  });

  it('with another body is refused by name and changes nothing, after eviction too', async () => {
    const account = await openAccount('reused');
    await account.run(command(deposit('5'), 'key'));
    const others = [deposit('6'), deposit('5', 'with a reference'), withdraw('5'), freeze];
    for (const other of others) {
      const outcome = await account.run(command(other, 'key'));
      expect(outcome).toMatchObject({ status: 'refused', code: 'command_id_reused', currentVersion: 2 });
    }
    await account.evict();
    expect(await account.run(command(deposit('6'), 'key'))).toMatchObject({ code: 'command_id_reused' });
    expect(await account.run(command(open({ initialBalance: '1' }), 'open'))).toMatchObject({
      code: 'command_id_reused',
    });
    expect(await account.head()).toBe(2);
  });

  it('that was refused is decided again: it was not remembered', async () => {
    const account = await openAccount('refused-first', '1');
    const bought = command(buy('1', '10'), 'key');
    expect(await account.run(bought)).toMatchObject({ code: 'insufficient_funds' });
    await account.run(command(deposit('9')));
    expect(await account.run(bought)).toMatchObject({ status: 'accepted', version: 3 });
  });
});

describe('a trade id', () => {
  it('is recognised under another command id, at once, later, and after eviction', async () => {
    const account = await openAccount('alias');
    const bought = buy('1', '10', { tradeId: 'trade-1' });
    const [first, twin] = await account.execute(command(bought, 'key-1'), command(bought, 'key-2'));
    expect(twin).toEqual({ ...first, status: 'replayed' });
    expect(await account.run(command(bought, 'key-3'))).toEqual({ ...first, status: 'replayed' });
    await account.evict();
    expect(await account.run(command(bought, 'key-4'))).toEqual({ ...first, status: 'replayed' });
    expect(await account.run(command(bought, 'trade-1'))).toEqual({ ...first, status: 'replayed' });
    expect(await account.head()).toBe(2);
  });

  it('that was its own command id is recognised under another one', async () => {
    const account = await openAccount('own-id');
    const bought = buy('1', '10', { tradeId: 'trade-1' });
    const [first, twin] = await account.execute(command(bought, 'trade-1'), command(bought, 'key-2'));
    expect(twin).toEqual({ ...first, status: 'replayed' });
    await account.evict();
    expect(await account.run(command(bought, 'key-3'))).toEqual({ ...first, status: 'replayed' });
    expect(await account.sql('SELECT * FROM resources')).toEqual([]);
  });

  it('with another body is refused, under whichever command id', async () => {
    const account = await openAccount('alias-reused');
    await account.run(command(buy('1', '10', { tradeId: 'trade-1' }), 'key-1'));
    for (const key of ['key-1', 'key-2', 'trade-1']) {
      const outcome = await account.run(command(buy('1', '11', { tradeId: 'trade-1' }), key));
      expect(outcome, key).toMatchObject({ status: 'refused', code: 'command_id_reused' });
    }
    expect(await account.head()).toBe(2);
  });

  it.each([
    ['after', [deposit('5'), buy('1', '10', { tradeId: '1' })], ['1', 'key']],
    ['before', [buy('1', '10', { tradeId: '1' }), deposit('5')], ['key', '1']],
  ] as const)('"1" stands beside a deposit with key "1", the trade %s it', async (order, sent, keys) => {
    for (const together of [true, false]) {
      const account = await openAccount(`namesake-${order}-${together}`);
      const both = sent.map((one, index) => command(one, keys[index]));
      const run = async (...commands: typeof both) => {
        if (together) return account.execute(...commands);
        const outcomes: Outcome[] = [];
        for (const one of commands) {
          outcomes.push(await account.run(one));
          await account.evict();
        }
        return outcomes;
      };
      expect(versions(await run(...both))).toEqual([2, 3]);
      expect((await run(...both)).map(({ status }) => status)).toEqual(['replayed', 'replayed']);
      // The trade is found by its id, though a command of that id is a deposit.
      const again = await account.run(command(buy('1', '10', { tradeId: '1' }), 'another'));
      expect(again).toMatchObject({ status: 'replayed', version: order === 'after' ? 3 : 2 });
      expect(await account.head()).toBe(3);
    }
  });

  it('may be the command id of another trade', async () => {
    const account = await openAccount('crossed');
    const outcomes = await account.execute(
      command(buy('1', '10', { tradeId: 'a' }), 'b'),
      command(buy('2', '10', { tradeId: 'b' }), 'c'),
      command(buy('3', '10', { tradeId: 'c' }), 'a'),
    );
    expect(versions(outcomes)).toEqual([2, 3, 4]);
    await account.evict();
    const again = await account.execute(
      ...['a', 'b', 'c'].map((id, index) => command(buy(`${index + 1}`, '10', { tradeId: id }), `new-${id}`)),
    );
    expect(again.map((outcome) => [outcome.status, (outcome as { version: number }).version])).toEqual([
      ['replayed', 2],
      ['replayed', 3],
      ['replayed', 4],
    ]);
  });
});

describe('an expected version', () => {
  it('that differs is refused with the version that is', async () => {
    const account = await openAccount('expected');
    const conflict = { status: 'refused', code: 'version_conflict', currentVersion: 1 };
    expect(await account.run(command(deposit('1'), 'a', 0))).toMatchObject(conflict);
    expect(await account.run(command(deposit('1'), 'b', 2))).toMatchObject(conflict);
    expect(await account.run(command(deposit('1'), 'c', 1))).toMatchObject({
      status: 'accepted',
      version: 2,
    });
  });

  it('is held against each command of a batch in its turn', async () => {
    const account = await openAccount('expected-batch');
    const outcomes = await account.execute(
      command(deposit('1'), 'a', 1),
      command(deposit('1'), 'b', 1),
      command(deposit('1'), 'c', 2),
      command(withdraw('99999999'), 'd', 3),
      command(deposit('1'), 'e', 3),
    );
    expect(versions(outcomes)).toEqual([2, 'version_conflict', 3, 'insufficient_funds', 4]);
  });

  it('of 0 opens an account that must not exist yet', async () => {
    expect(await accountActor('new').run(command(open(), 'a', 0))).toMatchObject({ status: 'accepted' });
    expect(await accountActor('new').run(command(open(), 'b', 0))).toMatchObject({
      code: 'version_conflict',
    });
    expect(await accountActor('newer').run(command(open(), 'a', 1))).toMatchObject({
      code: 'version_conflict',
      currentVersion: 0,
    });
  });

  it('lets one of several writers through', async () => {
    const account = await openAccount('racing');
    const racers = Array.from({ length: 20 }, (_, index) =>
      account.run(command(deposit('1'), `r-${index}`, 1)),
    );
    const outcomes = await Promise.all(racers);
    expect(outcomes.filter(({ status }) => status === 'accepted')).toHaveLength(1);
    expect(outcomes.filter((outcome) => versions([outcome])[0] === 'version_conflict')).toHaveLength(19);
    expect(await account.head()).toBe(2);
  });
});

describe('callers that come together', () => {
  it('each get their own answers, in their own order', async () => {
    const account = await openAccount('together', '0');
    const CALLERS = 40;
    const answers = await Promise.all(
      Array.from({ length: CALLERS }, (_, caller) =>
        account.execute(
          command(deposit(`${caller + 1}`), `in-${caller}`),
          command(withdraw('99999999'), `no-${caller}`),
          command(deposit('0.01'), `cent-${caller}`),
        ),
      ),
    );
    const events = await account.events();
    const idOf = new Map(events.map(({ version, metadata }) => [version, metadata.commandId]));
    const seen = new Set<number>();
    answers.forEach(([first, refused, last], caller) => {
      expect(refused).toMatchObject({ status: 'refused', code: 'insufficient_funds' });
      const [one, two] = versions([first as Outcome, last as Outcome]) as [number, number];
      expect([idOf.get(one), idOf.get(two)]).toEqual([`in-${caller}`, `cent-${caller}`]);
      expect(two).toBeGreaterThan(one);
      seen.add(one).add(two);
    });
    expect([...seen].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 2 * CALLERS }, (_, index) => index + 2),
    );
    expect((await account.read())?.state.cash).toBe('820.4');
    expect(await account.verify()).toMatchObject({ ok: true, version: 2 * CALLERS + 1 });
  });

  it('with the same command all get the one answer', async () => {
    const account = await openAccount('same');
    const sent = command(deposit('1'), 'same');
    const answers = await Promise.all(Array.from({ length: 20 }, () => account.run(sent)));
    expect(answers.filter(({ status }) => status === 'accepted')).toHaveLength(1);
    expect(new Set(answers.map((answer) => JSON.stringify({ ...answer, status: '' }))).size).toBe(1);
    expect(await account.head()).toBe(2);
  });
});

describe('a refused command', () => {
  it('to an account that was never opened creates nothing', async () => {
    const account = accountActor('never');
    const sent = [deposit('1'), withdraw('1'), buy('1', '1'), freeze, setLimits({ allowShort: true })];
    for (const one of sent)
      expect(await account.run(command(one))).toMatchObject({ code: 'account_not_found' });
    expect(await account.run(command(open({ initialBalance: '0.001' })))).toMatchObject({
      code: 'amount_precision',
    });
    expect(await account.sql('SELECT name FROM sqlite_master')).toEqual([]);
    expect(await account.rowsWritten()).toBe(0);
    expect(await account.inside((_core, { storage }) => storage.getAlarm())).toBeNull();
    expect([await account.read(), await account.head(), await account.events()]).toEqual([null, 0, []]);
    expect(await account.messages(1, 10)).toEqual([]);
    expect(await account.verify()).toEqual({
      ok: true,
      version: 0,
      headHash: GENESIS_HASH_TEXT,
      eventsChecked: 0,
    });
  });

  it('costs no row, alone or among accepted ones', async () => {
    const account = await openAccount('cheap', '10');
    await account.run(command(deposit('1'), 'known'));
    const refused = [withdraw('99'), buy('9', '9'), open(), sell('1', '1')].map((one) => command(one));
    const rows = await account.rowsWritten();
    await account.execute(...refused, command(deposit('2'), 'known'), command(deposit('2'), 'x', 99));
    expect(await account.rowsWritten()).toBe(rows);
    await account.execute(...refused, command(deposit('1')), ...refused);
    // The accepted one's two, and perhaps how far was announced meanwhile.
    expect((await account.rowsWritten()) - rows).toBeLessThanOrEqual(3);
    expect(await account.head()).toBe(3);
  });
});

describe('the log', () => {
  it.each([
    ["UPDATE events SET data = '{}' WHERE version = 1"],
    ['UPDATE events SET version = 9 WHERE version = 1'],
    ['DELETE FROM events WHERE version = 2'],
    ['DELETE FROM events'],
    [
      "INSERT OR REPLACE INTO events SELECT 1, type, 1, 0, NULL, NULL, '{}', '{}', '' FROM events WHERE version = 1",
    ],
  ])('refuses: %s', async (statement) => {
    const account = accountActor('append-only');
    await account.execute(command(open(), 'open'), command(deposit('1'), 'deposit'));
    const before = await account.sql('SELECT * FROM events');
    const error = await account.sql(statement).catch((reason: Error) => reason);
    expect(String(error)).toMatch(/append-only/);
    expect(await account.sql('SELECT * FROM events')).toEqual(before);
  });

  it.each([
    ['data = replace(data, \'"5"\', \'"6"\')', 3],
    ["metadata = replace(metadata, 'user-1', 'user-2')", 3],
    ['recorded_at = recorded_at + 1', 3],
    ["type = 'FundsWithdrawn'", 3],
    ['schema_version = 2', 3],
    ["hash = replace(hash, substr(hash, 1, 1), 'x')", 3],
    ['version = 99', 3],
  ])('shows a changed byte: %s', async (change, firstBad) => {
    const account = await openAccount(`tampered ${change}`.replaceAll(/[^a-z]+/g, '-'));
    const deposits = Array.from({ length: 5 }, () => command(deposit('5')));
    await account.execute(...deposits);
    expect(await account.verify()).toMatchObject({ ok: true, version: 6, eventsChecked: 6 });
    await account.sql('DROP TRIGGER events_no_update');
    await account.sql(`UPDATE events SET ${change} WHERE version = 3`);
    const expected = { ok: false, firstBadVersion: firstBad, eventsChecked: 2 };
    expect(await account.verify()).toMatchObject(expected);
  });

  it('shows a missing event, in the middle and at the end', async () => {
    const account = await openAccount('cut');
    await account.execute(...Array.from({ length: 5 }, () => command(deposit('5'))));
    await account.sql('DROP TRIGGER events_no_delete');
    await account.sql('DELETE FROM events WHERE version = 6');
    expect(await account.verify()).toMatchObject({ ok: false, firstBadVersion: 6 });
    await account.sql('DELETE FROM events WHERE version = 4');
    expect(await account.verify()).toMatchObject({ ok: false, firstBadVersion: 4, eventsChecked: 3 });
  });

  it('is verified by whoever has the envelopes, with nothing but a hash function', async () => {
    const account = await openAccount('outsider');
    await account.execute(command(buy('1', '10')), command(deposit('5', 'Gehalt – März')), command(freeze));
    let previousHash = GENESIS_HASH_TEXT;
    for (const envelope of await account.events()) {
      const { eventId, hash, ...covered } = envelope;
      expect(covered.previousHash).toBe(previousHash);
      const bytes = new TextEncoder().encode(canonicalJson(covered));
      const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
      previousHash = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
      expect(hash).toBe(previousHash);
      expect(eventId).toBe(eventIdText(hash));
    }
  });

  it('gives pages of it as envelopes and as messages, whichever part is still in memory', async () => {
    const account = await openAccount('pages');
    await account.execute(...Array.from({ length: 9 }, () => command(deposit('1'))));
    const all = await account.events();
    for (const evicted of [false, true]) {
      if (evicted) await account.evict();
      expect(await account.events(4, 3)).toEqual(all.slice(3, 6));
      expect(await account.events(10, 5)).toEqual(all.slice(9));
      expect(await account.events(11, 5)).toEqual([]);
      const [message] = (await account.messages(4, 3)).map((text) => JSON.parse(text));
      expect(message).toMatchObject({ fromVersion: 4, toVersion: 6, previousHash: all[2]?.hash });
      expect(message.events.map(({ hash }: { hash: string }) => hash)).toEqual(
        all.slice(3, 6).map(({ hash }) => hash),
      );
    }
  });
});

describe('an opening stored as schema version 1', () => {
  it('is read as an individual account, goes on, and keeps its bytes', async () => {
    const account = accountActor('of-old');
    const data = canonicalJson({ cash: '100', currency: 'USD', customerId: 'customer-1' });
    const metadata = canonicalJson({ causationId: null, commandId: 'open', correlationId: 'c', userId: 'u' });
    const event = { version: 1, eventType: 'AccountOpened', schemaVersion: 1, recordedAt: 1_600_000_000_000 };
    const source = { aggregateType: 'account', aggregateId: 'of-old' };
    const hash = eventHash(GENESIS_HASH_TEXT, { ...source, ...event, data, metadata });
    await account.inside((_core, { storage }) => {
      migrate(storage, LOG_MIGRATIONS);
      storage.sql.exec(
        "INSERT INTO events VALUES (1, 'AccountOpened', 1, ?, 'open', 0, ?, ?, ?)",
        event.recordedAt,
        data,
        metadata,
        hash,
      );
    });
    await account.evict();
    expect((await account.read())?.state).toMatchObject({
      accountType: 'INDIVIDUAL',
      cash: '100',
      status: 'OPEN',
    });
    expect(await account.run(command(deposit('1')))).toMatchObject({ status: 'accepted', version: 2 });
    const [first, second] = await account.events();
    expect(first).toMatchObject({ schemaVersion: 1, data: JSON.parse(data), hash });
    expect(second).toMatchObject({ schemaVersion: 1, eventType: 'FundsDeposited', previousHash: hash });
    expect(await account.verify()).toMatchObject({ ok: true, eventsChecked: 2 });
    expect(await account.run(command(open(), 'open'))).toMatchObject({ code: 'command_id_reused' });
  });

  it('is written as version 2 today', async () => {
    const account = await openAccount('of-today');
    expect(await account.events()).toMatchObject([{ schemaVersion: 2, data: { accountType: 'INDIVIDUAL' } }]);
  });
});

describe('time', () => {
  afterEach(() => void vi.useRealTimers());

  it('never runs backwards in the log, though the clock does, also after eviction', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const account = accountActor('clock');
    const clock = ['2026-01-01T12:00:00.500Z', '2026-01-01T11:00:00.000Z', '2026-01-01T12:00:01.000Z'];
    for (const time of [...clock, '2025-01-01T00:00:00.000Z']) {
      vi.setSystemTime(new Date(time));
      await account.run((await account.head()) === 0 ? command(open()) : command(deposit('1')));
      await account.evict();
    }
    expect((await account.events()).map(({ recordedAt }) => recordedAt)).toEqual([
      '2026-01-01T12:00:00.500Z',
      '2026-01-01T12:00:00.500Z',
      '2026-01-01T12:00:01.000Z',
      '2026-01-01T12:00:01.000Z',
    ]);
  });

  it('of receipt is what a trade without a time of its own was executed at, as the log says it', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(new Date('2026-01-01T12:00:00.500Z'));
    const account = await openAccount('receipt');
    vi.setSystemTime(new Date('2026-01-01T11:00:00.000Z'));
    await account.run(command(buy('1', '1')));
    const [, traded] = await account.events();
    expect(traded).toMatchObject({
      recordedAt: '2026-01-01T12:00:00.500Z',
      data: { executedAt: '2026-01-01T12:00:00.500Z' },
    });
  });

  it('and version of the past give the state of then', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const account = accountActor('past');
    const at = (second: number) => Date.UTC(2026, 0, 1, 12, 0, second);
    const cash = ['0', '1', '3', '6', '10'];
    for (const [index, amount] of ['0', '1', '2', '3', '4'].entries()) {
      // Two events share each time: 0 and 1 at 10 s, 2 and 3 at 20 s, 4 at 30 s.
      vi.setSystemTime(at(10 + Math.floor(index / 2) * 10));
      await account.run(command(index === 0 ? open() : deposit(amount)));
    }
    for (const evicted of [false, true]) {
      if (evicted) await account.evict();
      for (const [index, held] of cash.entries()) {
        const past = await account.read({ version: index + 1 });
        expect(past).toMatchObject({ version: index + 1, state: { cash: held } });
      }
      const states = [9, 10, 19, 20, 29, 30, 99].map(async (second) => {
        const past = await account.read({ at: at(second) });
        return past && [past.version, past.state.cash, past.recordedAt];
      });
      expect(await Promise.all(states)).toEqual([
        null,
        [2, '1', at(10)],
        [2, '1', at(10)],
        [4, '6', at(20)],
        [4, '6', at(20)],
        [5, '10', at(30)],
        [5, '10', at(30)],
      ]);
      expect(await account.read({ version: 0 })).toBeNull();
      expect(await account.read({ version: 6 })).toBeNull();
    }
  });
});

describe('many trades', () => {
  const SYMBOLS = ['IBM', 'AAPL', 'BTC-USD', 'BRK.B', '7203'];
  const BATCHES = 25;

  /** Batches of 100 trades, each with its id as its command id, through longs, shorts and flips. */
  function batchOf(batch: number) {
    return Array.from({ length: 100 }, (_, index) => {
      const number = batch * 100 + index;
      const tradeId = `t-${number}`;
      const side = (number * 7) % 3 === 0 ? 'SELL' : 'BUY';
      const symbol = SYMBOLS[number % SYMBOLS.length] as string;
      return command(
        trade(side, `${(number % 13) + 0.5}`, `${(number % 89) + 1}.25`, { tradeId, symbol, fee: '0.01' }),
        tradeId,
      );
    });
  }

  it('cost at most 2.1 rows each in batches of 100, and give the same state from any snapshot', async () => {
    const account = await openAccount('many', '99999999');
    await account.run(command(setLimits({ allowShort: true })));
    const rowsBefore = await account.rowsWritten();
    for (let batch = 0; batch < BATCHES; batch++) {
      const outcomes = await account.executeBrief(batchOf(batch));
      expect(outcomes.every(({ status }) => status === 'accepted')).toBe(true);
    }
    // The rest of the bill: what was announced, and the alarm that saves how far.
    await vi.waitFor(async () => {
      await runDurableObjectAlarm(account.stub);
      expect(await account.inside(publishedVersion)).toBe(BATCHES * 100 + 2);
    }, 5_000);
    const rows = (await account.rowsWritten()) - rowsBefore;
    expect(rows / (BATCHES * 100)).toBeLessThanOrEqual(2.1);
    expect(rows).toBeGreaterThanOrEqual(BATCHES * 100 * 2);
    const snapshots = await account.sql<{ version: number }>(
      'SELECT version FROM snapshots ORDER BY version',
    );
    expect(snapshots).toHaveLength(Math.floor((BATCHES * 100) / SNAPSHOT_EVERY_EVENTS));
    expect(await account.sql('SELECT published FROM outbox')).toEqual([{ published: BATCHES * 100 + 2 }]);

    const last = await account.head();
    const near = snapshots.flatMap(({ version }) => [version - 1, version, version + 1]);
    const anyVersion = fc.oneof(fc.integer({ min: 1, max: last }), fc.constantFrom(last, ...near));
    await holdsEventually(
      fc.asyncProperty(anyVersion, async (version) => {
        const both = await account.inside(({ aggregate }) => ({
          fast: structuredClone(aggregate.stateAt(version)),
          full: aggregate.stateFromEvents(version),
        }));
        expect(both.fast).toEqual(both.full);
        expect((await account.read({ version }))?.state).toEqual(both.full.state);
      }),
      { seed: 20260106, runs: 30 },
    );
    await account.evict();
    expect((await account.read())?.state).toEqual(
      await account.inside(({ aggregate }) => aggregate.stateFromEvents(last).state),
    );
    let report = await account.verify();
    while (report.next !== undefined) report = await account.verify(report.next);
    expect(report).toMatchObject({ ok: true, version: last, eventsChecked: last });
  });

  function publishedVersion(_core: unknown, { storage }: DurableObjectState): number {
    return (
      storage.sql.exec<{ published: number }>('SELECT published FROM outbox').toArray()[0]?.published ?? 0
    );
  }
});

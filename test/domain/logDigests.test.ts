/** Digests of a log's stretches: made as events come in, lost in every way, and always what the log itself would give. */
import { describe, expect, it } from 'vitest';
import { accountDecider } from '../../actors/account/decider.ts';
import { STRETCH_EVENTS } from '../../actors/kernel/decider.ts';
import { textReader } from '../../actors/kernel/fieldText.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { AmendedAccount, opening } from '../support/amendedAccount.ts';
import { numbersOf } from '../support/random.ts';

const SEED = 20261128;

const deposit = (amount: string) => ({ type: 'DepositFunds', data: { amount } });
const trade = (tradeId: string) => ({
  type: 'ExecuteTrade',
  data: { tradeId, symbol: 'IBM', side: 'BUY', quantity: '1', price: '0.07' },
});

/** An account with `events` events over some days, in turns of random sizes. */
function busyAccount(events: number, between: (account: AmendedAccount) => void = () => undefined) {
  const account = new AmendedAccount();
  const random = numbersOf(SEED);
  account.run(opening('900'));
  for (let version = 1; version < events; ) {
    const count = Math.min(events - version, 1 + Math.floor(random() * 300));
    const turn = Array.from({ length: count }, (_, index) =>
      random() < 0.3 ? deposit(`${1 + Math.floor(random() * 90)}.5`) : trade(`t-${version + index}`),
    );
    account.now += Math.floor(random() * 20_000_000);
    account.run(...turn);
    version += count;
    between(account);
  }
  return account;
}

const kept = (account: AmendedAccount) =>
  account.storage.sql
    .exec<{ stretch: number; digest: string }>('SELECT stretch, digest FROM digests ORDER BY stretch')
    .toArray();

/** What a log without digests gives when it is asked. */
function madeAnew(account: AmendedAccount, stretches: number) {
  account.storage.sql.exec('DELETE FROM digests');
  const { digests } = account.reopened();
  for (let stretch = 0; stretch < stretches; stretch++) digests?.of(stretch);
  return kept(account);
}

describe('digests', () => {
  it('are there when a stretch ends, at a row each, and are what the log gives', () => {
    const account = busyAccount(3.4 * STRETCH_EVENTS);
    const asItWent = kept(account);
    expect(asItWent.map(({ stretch }) => stretch)).toEqual([0, 1, 2]);
    expect(madeAnew(account, 3)).toEqual(asItWent);
  });

  it('are the same wherever the actor was evicted, and where one turn ends several stretches', () => {
    const asItWent = kept(busyAccount(2.5 * STRETCH_EVENTS));
    const evicted = busyAccount(2.5 * STRETCH_EVENTS, (account) => account.aggregate.forget());
    expect(kept(evicted)).toEqual(asItWent);
    const atOnce = new AmendedAccount();
    atOnce.run(
      opening('900'),
      ...Array.from({ length: 2.5 * STRETCH_EVENTS }, (_, index) => trade(`t-${index}`)),
    );
    const digests = kept(atOnce);
    expect(digests).toHaveLength(2);
    expect(madeAnew(atOnce, 2)).toEqual(digests);
  });

  it('have nothing of a transaction that was undone', () => {
    const account = busyAccount(STRETCH_EVENTS - 1);
    const context = { userId: 'tester', correlationId: 'undone', causationId: null };
    const undone = { command: { commandId: 'undone', ...deposit('77777') }, context };
    const fails = () =>
      account.storage.transactionSync(() => {
        account.aggregate.execute([undone], account.now);
        throw new Error('undone');
      });
    expect(fails).toThrow('undone');
    account.aggregate.forget();
    account.run(deposit('0.01'));
    const asItWent = kept(account);
    expect(asItWent[0]?.digest).not.toContain('77777');
    expect(madeAnew(account, 1)).toEqual(asItWent);
  });

  it('go into a log that is restored as into one that is written', () => {
    const account = busyAccount(2.2 * STRETCH_EVENTS);
    const copy = new AmendedAccount();
    const events = account.aggregate.log.readStored(1, -1);
    for (let from = 0; from < events.length; from += 700) {
      const page = events
        .slice(from, from + 700)
        .map((event) => ({ ...event, commandId: null, resourceId: null }));
      copy.storage.transactionSync(() => copy.aggregate.restore(page));
    }
    expect(kept(copy)).toEqual(kept(account));
  });
});

describe('the text of a field', () => {
  it('is read where it comes first as where it does not, and only from the top', () => {
    const read = textReader('cash');
    const text = (data: object) => read(canonicalJson(data));
    expect(text({ cash: '1.5', fee: '"cash":"2"' })).toBe('1.5');
    expect(text({ amount: '3', cash: '1.5' })).toBe('1.5');
    expect(text({ cash: 'a "quoted\\" text', z: 1 })).toBe('a "quoted\\" text');
    expect(text({ changes: { cash: '7' } })).toBeUndefined();
    expect(text({ amount: '{"cash":"7"' })).toBeUndefined();
    expect(text({ cash: 7 })).toBeUndefined();
    expect(text({ cash: '' })).toBe('');
  });

  it('comes first in every event that trading makes many of', () => {
    const account = new AmendedAccount();
    account.run(opening('900'), trade('t-1'));
    const [, booked] = account.aggregate.log.readStored(1, 2);
    expect(booked?.data.startsWith(`{"${accountDecider.digest?.field}":"`)).toBe(true);
  });
});

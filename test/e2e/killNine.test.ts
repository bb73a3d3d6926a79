import { describe, expect, it } from 'vitest';
import type { Envelope } from '../../demo/api.ts';
import type { Command } from '../../demo/commands.ts';
import { refundOf } from '../../demo/orders/orderBooks.ts';
import { makePlan } from '../../demo/orders/plan.ts';
import { sampleInvoices } from '../../demo/orders/sampleInvoices.ts';
import { type BankBooks, bankFaults } from './chaos/bank.ts';
import { type Answer, Ledger } from './chaos/ledger.ts';
import { runOrderChaos } from './chaos/orders.ts';
import { runChaos } from './chaos/run.ts';
import { commandFaults } from './chaos/verify.ts';

/** Two kills, three starts and the checks, on a slow machine with other tests beside it. */
const RUN_MS = 300_000;

const deposit = (commandId: string): Command => ({
  commandId,
  aggregateType: 'account',
  aggregateId: 'a',
  type: 'DepositFunds',
  data: { amount: '1' },
});

const SENT_AT = Date.parse('2026-11-20T10:00:00.000Z');

const event = (version: number, commandId: string, recordedAt = '2026-11-20T10:00:01.000Z') =>
  ({ version, recordedAt, metadata: { commandId } }) as never as Envelope;

function faults(answers: Record<string, Answer | undefined>, log: readonly Envelope[], isUncertain = false) {
  const ledger = new Ledger();
  for (const [commandId, answer] of Object.entries(answers)) {
    const entry = ledger.enter(deposit(commandId));
    entry.isUncertain = isUncertain;
    entry.sentAt = SENT_AT;
    if (answer !== undefined) ledger.answer(entry, answer);
  }
  return commandFaults(ledger, new Map([['a', log]]));
}

describe('kill -9 of npm run serve under load', () => {
  it('loses and doubles nothing, and the views come to what the logs have', { timeout: RUN_MS }, async () => {
    const seed = Date.now() % 2 ** 32;
    console.log(`seed ${seed}: npm run chaos -- --kills 2 --seed ${seed}`);
    const result = await runChaos({ kills: 2, seed, clients: 12, shards: 1, onProgress: () => undefined });
    expect(result.faults).toEqual([]);
    expect(result.acknowledged).toBeGreaterThan(0);
    expect(result.events).toBeGreaterThanOrEqual(result.acknowledged);
  });

  it('leaves no order, no unit and no penny behind, and the bank takes nothing twice', {
    timeout: RUN_MS,
  }, async () => {
    const seed = Date.now() % 2 ** 32;
    const options = { kills: 1, invoices: 12, shards: 1, seed };
    console.log(`seed ${seed}: npm run chaos -- --scenario orders --kills 1 --invoices 12 --seed ${seed}`);
    const result = await runOrderChaos({ ...options, onProgress: () => undefined });
    expect(result.faults).toEqual([]);
    expect(result.kills).toBe(1);
    expect(result.orders).toBeGreaterThan(5);
  });

  it('would be told of a payment that the bank has otherwise than the plan', async () => {
    const plan = await makePlan(sampleInvoices(40, 3), { limit: 40, seed: 3 });
    const none = { authorized: '0', captured: '0', released: '0', refunded: '0' };
    const books = plan.orders.map((order): [string, BankBooks] => {
      if (order.ending !== 'DELIVERED') return [order.orderId, none];
      const [total, refunded] = [order.total.toFixed(), refundOf(order).toFixed()];
      return [order.orderId, { authorized: total, captured: total, released: '0', refunded }];
    });
    const [id, right] = books.find(([, { captured }]) => captured !== '0') as [string, BankBooks];
    const faultsWith = (change: Partial<BankBooks>) =>
      bankFaults(plan, new Map([...books, [id, { ...right, ...change }]]));
    expect(faultsWith({})).toEqual([]);
    const twice = String(2 * Number(right.captured));
    expect(faultsWith({ captured: twice, authorized: twice })).toHaveLength(1);
    expect(faultsWith({ refunded: right.captured })).toHaveLength(1);
    expect(faultsWith({ authorized: twice })).toEqual([expect.stringContaining('still held')]);
    expect(bankFaults(plan, new Map([...books, ['stranger', right]]))).toHaveLength(1);
    expect(bankFaults(plan, new Map())).not.toEqual([]);
  });

  const accepted = (version: number): Answer => ({ status: 'accepted', version });
  const refused: Answer = { status: 'refused', code: 'insufficient_funds' };

  it('would be told of an acknowledged command that is lost, moved, doubled or unknown', () => {
    expect(faults({ c1: accepted(1), c2: refused }, [event(1, 'c1')])).toEqual([]);
    expect(faults({ c1: accepted(1) }, [])).toEqual([
      'c1 was answered {"status":"accepted","version":1} and is at []',
    ]);
    expect(faults({ c1: accepted(1) }, [event(2, 'c1')])).toHaveLength(1);
    expect(faults({ c1: accepted(1) }, [event(1, 'c1'), event(2, 'c1')])).toHaveLength(1);
    expect(faults({ c1: undefined }, [])).toHaveLength(1);
    expect(faults({}, [event(1, 'c9')])).toEqual(['nobody sent c9']);
  });

  it('would be told of a refused command that ran all the same, unless a given up attempt came after it', () => {
    expect(faults({ c1: refused }, [event(1, 'c1')])).toHaveLength(1);
    expect(faults({ c1: refused }, [event(1, 'c1')], true)).toEqual([]);
    expect(faults({ c1: refused }, [event(1, 'c1', '2026-11-20T09:59:59.999Z')], true)).toHaveLength(1);
    expect(faults({ c1: refused }, [event(1, 'c1'), event(2, 'c1')], true)).toHaveLength(1);
  });

  it('would be told of a repeat that is answered otherwise', () => {
    const ledger = new Ledger();
    const entry = ledger.enter(deposit('c1'));
    ledger.answer(entry, accepted(3));
    ledger.answer(entry, { status: 'replayed', version: 3 });
    expect(ledger.faults).toEqual([]);
    ledger.answer(entry, accepted(4));
    expect(ledger.faults).toHaveLength(1);
  });
});

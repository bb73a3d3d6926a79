/** Personal data never reaches a turn, and everything that is true of commands without it is true of those that have some. */
import { describe, expect, it } from 'vitest';
import { Protection, type ProtectionDeps } from '../../actors/kernel/protection.ts';
import { type OrderState, orderDecider } from '../../actors/order/decider.ts';
import { orderPersonal } from '../../actors/order/personal.ts';
import type { CommandEnvelope } from '../../schemas/envelope.ts';
import type { Encrypted } from '../../schemas/personal.ts';
import { type LocalWorld, localCore } from '../support/localCore.ts';
import { localSubject } from '../support/localSubject.ts';

const NAME = 'Augusta Ada King';
const TOKEN = 'tok_lovelace_4242';
const context = { userId: 'u', correlationId: 'r', causationId: null };

const placing = (more: object = {}) => ({
  orderId: 'local',
  customerId: 'local',
  currency: 'GBP',
  items: [{ productId: 'tea', quantity: '1', unitPrice: '1' }],
  payment: { method: 'card', token: TOKEN },
  shipTo: { name: NAME, line1: '12 St James Square', country: 'United Kingdom' },
  ...more,
});

const command = (commandId: string, type: string, data: object): CommandEnvelope => ({
  commandId,
  type,
  data,
});
const place = (commandId: string, more: object = {}) => command(commandId, 'PlaceOrder', placing(more));
const cancel = (commandId: string) => command(commandId, 'CancelOrder', { reason: 'changed my mind' });

/** An order without a runtime, protected as its actor protects it, and the subject of its customer. */
function order({
  subject = localSubject(),
  world = undefined as LocalWorld | undefined,
  seal = undefined as ProtectionDeps['seal'] | undefined,
  answered = undefined as Promise<never> | undefined,
} = {}) {
  // The order tells shipments of nothing here.
  const { core, world: own } = localCore<OrderState>({ ...orderDecider, effects: undefined } as never, world);
  const protection = new Protection(
    {
      ...orderPersonal,
      seal: seal ?? ((_, ...values) => subject.keys.seal(...values)),
    },
    {
      rehearse: (each) => core.aggregate.rehearse({ command: each, context }, own.now),
      version: () => core.head(),
      inTime: (_, answer) => (answered === undefined ? answer : Promise.race([answer, answered])),
    },
  );
  const send = (...commands: CommandEnvelope[]) =>
    protection.execute(commands, context, (ready) => core.execute(ready, context));
  const sendOne = async (each: CommandEnvelope) => {
    const [outcome] = await send(each);
    return outcome?.status === 'refused' ? outcome.code : outcome?.status;
  };
  const state = () => core.aggregate.current().state;
  return { core, world: own, subject, send, sendOne, state, log: () => core.events(1, 100) };
}

describe('an order of a customer', () => {
  it('is in its log without name, address and token, which their subject can decrypt', async () => {
    const one = order();
    expect(await one.sendOne(place('k-1'))).toBe('accepted');
    for (const secret of [NAME, TOKEN, 'James']) expect(one.log()).not.toContain(secret);
    const { shipTo, payment, country } = one.state();
    expect(country).toBe('United Kingdom');
    expect(
      await one.subject.keys.open([
        { kind: 'address', encrypted: shipTo as Encrypted },
        { kind: 'paymentToken', encrypted: payment.token as Encrypted },
      ]),
    ).toEqual([
      {
        status: 'open',
        text: '{"country":"United Kingdom","line1":"12 St James Square","name":"Augusta Ada King"}',
      },
      { status: 'open', text: `"${TOKEN}"` },
    ]);
    expect(one.core.verify()).toMatchObject({ ok: true });
  });

  it('is recognised when it is sent again: by its command, by its own id, and after a rotation', async () => {
    const one = order();
    await one.sendOne(place('k-1'));
    expect(await one.sendOne(place('k-1'))).toBe('replayed');
    expect(await one.sendOne(place('k-2'))).toBe('replayed');
    await one.subject.send('RotateSubjectKey');
    expect(await one.sendOne(place('k-1'))).toBe('replayed');
    // Also by an instance that comes after an eviction.
    const again = order({ subject: one.subject, world: one.world });
    expect(await again.sendOne(place('k-3'))).toBe('replayed');
    expect(again.core.head()).toBe(1);
  });

  it.each<[string, object]>([
    ['address', { shipTo: { name: NAME, line1: '13 St James Square', country: 'United Kingdom' } }],
    ['token', { payment: { method: 'card', token: `${TOKEN}1` } }],
    ['item', { items: [{ productId: 'tea', quantity: '2', unitPrice: '1' }] }],
  ])('is another one with another %s', async (_, more) => {
    const one = order();
    await one.sendOne(place('k-1'));
    expect(await one.sendOne(place('k-1', more))).toBe('command_id_reused');
    expect(await one.sendOne(place('k-2', more))).toBe('command_id_reused');
  });

  it('is recognised though it was stored before there was encryption', async () => {
    const one = order();
    await one.core.execute([place('k-1')], context);
    expect(one.log()).toContain(NAME);
    expect(await one.sendOne(place('k-1'))).toBe('replayed');
    expect(await one.sendOne(place('k-2'))).toBe('replayed');
    expect(await one.sendOne(place('k-1', { currency: 'EUR' }))).toBe('command_id_reused');
  });

  it('is refused by name once the customer is erased, whether it is new or a repeat', async () => {
    const one = order();
    await one.sendOne(place('k-1'));
    await one.subject.send('EraseSubject');
    expect(await one.sendOne(place('k-1'))).toBe('subject_erased');
    expect(await order({ subject: one.subject }).sendOne(place('k-1'))).toBe('subject_erased');
    expect(await one.sendOne(cancel('k-2')), 'what names nobody goes on').toBe('accepted');
  });

  it('that is refused gives its customer no key, and costs neither of them a row', async () => {
    const one = order();
    expect(
      await one.sendOne(place('k-1', { items: [{ productId: 'tea', quantity: '1', unitPrice: '0' }] })),
    ).toBe('nothing_to_pay');
    expect(await one.sendOne({ ...place('k-1'), expectedVersion: 3 })).toBe('version_conflict');
    expect([one.core.head(), one.subject.core.head()]).toEqual([0, 0]);
    expect(await one.sendOne(place('k-1'))).toBe('accepted');
  });

  it('is one in a batch, whose answers stay in their places', async () => {
    const one = order();
    await one.subject.seal('"something"');
    const refused = place('k-2', { customerId: 'local', items: [] });
    const outcomes = await one.send(cancel('k-1'), place('k-3'), refused, cancel('k-4'), cancel('k-5'));
    expect(outcomes.map(({ status }) => status)).toEqual([
      'refused',
      'accepted',
      'refused',
      'accepted',
      'refused',
    ]);
  });
});

describe('calls that come one after another', () => {
  it('are decided in that order, whichever of them wait for a key', async () => {
    const one = order();
    const calls = [place('k-1'), cancel('k-2'), place('k-1'), cancel('k-3')].map(one.sendOne);
    expect(await Promise.all(calls)).toEqual(['accepted', 'accepted', 'replayed', 'order_cancelled']);
  });

  it('fail alone, and store nothing, where a key cannot be had', async () => {
    const subject = localSubject();
    let fails = true;
    const one = order({
      subject,
      seal: (_, ...values) => (fails ? Promise.reject(new Error('down')) : subject.keys.seal(...values)),
    });
    const first = one.sendOne(place('k-1'));
    const second = one.sendOne(cancel('k-2'));
    await expect(first).rejects.toThrow('down');
    expect(await second).toBe('order_not_found');
    expect(one.core.head()).toBe(0);
    fails = false;
    expect(await one.sendOne(place('k-1'))).toBe('accepted');
  });

  it('go on where the subject of one does not answer', async () => {
    const late = Promise.withResolvers<never>();
    const one = order({ seal: () => new Promise(() => undefined), answered: late.promise });
    const first = one.sendOne(place('k-1'));
    const second = one.sendOne(cancel('k-2'));
    late.reject(new Error('too late'));
    await expect(first).rejects.toThrow('too late');
    expect(await second).toBe('order_not_found');
  });

  it('never get in between an erasure: what is stored after it is what nobody can read', async () => {
    for (let delay = 0; delay < 6; delay++) {
      const one = order();
      await one.subject.seal('"before"');
      const placed = one.sendOne(place('k-1'));
      for (let turn = 0; turn < delay; turn++) await new Promise(setImmediate);
      await one.subject.send('EraseSubject');
      const outcome = await placed;
      expect(['accepted', 'subject_erased']).toContain(outcome);
      expect(one.log()).not.toContain(NAME);
      if (outcome === 'accepted') {
        const { shipTo } = one.state();
        const field = { kind: 'address' as const, encrypted: shipTo as Encrypted };
        expect(await one.subject.keys.open([field])).toEqual([{ status: 'erased' }]);
      }
    }
  });
});

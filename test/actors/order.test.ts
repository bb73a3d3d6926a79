/** An order as an object, and the shipments that it tells what becomes of them. */
import { describe, expect, it, vi } from 'vitest';
import type { OrderState } from '../../actors/order/decider.ts';
import type { ShipmentState } from '../../actors/shipment/decider.ts';
import type { OrderCommand } from '../../schemas/order.ts';
import { type Actor, aggregateActor, command } from '../support/actors.ts';
import { cancel, confirm, deliver, place, ship } from '../support/order.ts';

type Order = Actor<OrderState>;

const order = (id: string): Order => aggregateActor('order', id);
const shipment = (id: string): Actor<ShipmentState> => aggregateActor('shipment', id);
const send = (actor: Order, sent: OrderCommand, commandId?: string) => actor.run(command(sent, commandId));
const types = async (actor: Actor<unknown>) => (await actor.events()).map(({ eventType }) => eventType);
const eventually = (look: () => Promise<void>) => vi.waitFor(look, { timeout: 10_000, interval: 50 });

async function confirmed(id: string): Promise<Order> {
  const actor = order(id);
  await actor.execute(command(place({ orderId: id })), command(confirm));
  return actor;
}

describe('an order', () => {
  it('that is placed again is the same one, whatever the command is called', async () => {
    const actor = order('twice');
    const first = await send(actor, place({ orderId: 'twice' }), 'c-1');
    expect(first).toMatchObject({ status: 'accepted', reply: { sagaId: 'fulfil-twice' } });
    await actor.evict();
    expect(await send(actor, place({ orderId: 'twice' }), 'c-2')).toEqual({ ...first, status: 'replayed' });
    expect(await send(actor, place({ orderId: 'twice', customerId: 'other' }))).toMatchObject({
      code: 'command_id_reused',
    });
    expect(await actor.head()).toBe(1);
  });

  it('is confirmed or cancelled, whichever comes first, and never both', async () => {
    for (let round = 0; round < 10; round++) {
      const actor = order(`race-${round}`);
      await send(actor, place({ orderId: `race-${round}` }));
      const both = round % 2 === 0 ? [confirm, cancel()] : [cancel(), confirm];
      const outcomes = await Promise.all(both.map((sent) => send(actor, sent)));
      const names = outcomes.map((outcome) => ('code' in outcome ? outcome.code : outcome.status));
      // A confirmed order may still be cancelled; a cancelled one is not confirmed.
      expect(names).toEqual(round % 2 === 0 ? ['accepted', 'accepted'] : ['accepted', 'order_cancelled']);
      expect((await actor.read())?.state.status).toBe('CANCELLED');
    }
  });

  it('leaves once, though the carrier is told by many at a time', async () => {
    const actor = await confirmed('rush');
    const outcomes = await Promise.all(Array.from({ length: 8 }, () => send(actor, ship([[1, '1']]))));
    expect(outcomes.filter(({ status }) => status === 'accepted')).toHaveLength(3);
    expect((await actor.read())?.state.items[0]?.shipped).toBe('3');
  });
});

describe('the shipments of an order', () => {
  it('exist soon after, under way, and arrive with the order', async () => {
    const actor = await confirmed('tells');
    await send(actor, ship([[1, '2']]));
    await send(actor, ship());
    await send(actor, deliver);
    await eventually(async () => {
      const { shipments } = ((await actor.read()) as { state: OrderState }).state;
      expect(shipments.map(({ recorded }) => recorded)).toEqual(['DELIVERED', 'DELIVERED']);
    });
    for (const id of ['tells-1', 'tells-2']) {
      expect(await types(shipment(id))).toEqual([
        'ShipmentCreated',
        'ShipmentDispatched',
        'ShipmentDelivered',
      ]);
    }
    const [created] = await shipment('tells-1').events();
    const [, , shipped] = await actor.events();
    expect(created).toMatchObject({
      data: { orderId: 'tells', items: [{ line: 1, productId: 'tea', quantity: '2' }] },
      metadata: { userId: 'effect', correlationId: shipped?.metadata.correlationId },
    });
  });

  it('are told although the order was evicted as soon as it had shipped', async () => {
    const actor = await confirmed('evicted');
    await send(actor, ship());
    await actor.evict();
    await actor.head();
    await eventually(async () => expect(await types(actor)).toContain('ShipmentRecorded'));
    expect(await types(shipment('evicted-1'))).toEqual(['ShipmentCreated', 'ShipmentDispatched']);
  });

  it('that were told before a crash recognise what they are told again', async () => {
    const actor = await confirmed('told');
    // What the order sends, from a process that ended before the answer was recorded.
    const items = [
      { line: 1, productId: 'tea', quantity: '3' },
      { line: 2, productId: 'cup', quantity: '2' },
    ];
    const { shipTo } = place().data as { shipTo: Record<string, string> };
    await shipment('told-1').execute(
      {
        commandId: 'order:CreateShipment',
        type: 'CreateShipment',
        data: { orderId: 'told', carrier: 'Royal Mail', trackingNumber: 'RM1', shipTo, items },
      },
      { commandId: 'order:DispatchShipment', type: 'DispatchShipment', data: {} },
    );
    await send(actor, ship());
    await eventually(async () => expect(await types(actor)).toContain('ShipmentRecorded'));
    expect(await types(shipment('told-1'))).toEqual(['ShipmentCreated', 'ShipmentDispatched']);
  });
});

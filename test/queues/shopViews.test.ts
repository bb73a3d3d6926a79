import { beforeEach, describe, expect, it } from 'vitest';
import { inventoryDecider } from '../../actors/inventory/decider.ts';
import { shipmentDecider } from '../../actors/shipment/decider.ts';
import { seededRandom } from '../../demo/random.ts';
import { partOf } from '../../schemas/partition.ts';
import type { ViewName } from '../../schemas/tables/views.ts';
import { type InventoryRow, readInventory } from '../../workers/reads/inventory.ts';
import {
  type HistoryFilter,
  type HistoryRow,
  readHistory,
  withOwnLog,
} from '../../workers/reads/orderHistory.ts';
import { type PaymentFilter, type PaymentRow, readPayments } from '../../workers/reads/payments.ts';
import { DeciderLog } from '../support/deciderLog.ts';
import { OrderLog } from '../support/orderLog.ts';
import {
  authorize,
  capture,
  no,
  decider as paymentDecider,
  refund,
  voidIt,
  yes,
} from '../support/payment.ts';
import { positionsOf, type TestLog, upTo } from '../support/projection.ts';
import { apply, applyAll, badDay, databases, emptyViews, rebuildEverywhere } from '../support/shopViews.ts';

const VIEWS: readonly ViewName[] = ['order_history', 'inventory', 'payments'];

beforeEach(() => emptyViews(VIEWS));

const stock = (productId: string) => new DeciderLog(inventoryDecider, productId);
const payment = (paymentId: string) => new DeciderLog(paymentDecider, paymentId);
const shipment = (shipmentId: string) => new DeciderLog(shipmentDecider, shipmentId);

async function history(orderId: string, limit = 100): Promise<HistoryRow[]> {
  const rows: HistoryRow[] = [];
  for (let after: HistoryFilter['after']; ; ) {
    const page = await readHistory(databases, { orderId, after, limit });
    rows.push(...page.rows);
    if (page.next === null) return rows;
    expect(page.rows.length).toBe(limit);
    after = page.next;
  }
}

async function levels(limit = 100): Promise<InventoryRow[]> {
  const rows: InventoryRow[] = [];
  for (let after: string | undefined; ; ) {
    const page = await readInventory(databases, { after, limit });
    rows.push(...page.rows);
    if (page.next === null) return rows;
    after = page.next;
  }
}

async function payments(
  filter: Omit<PaymentFilter, 'limit' | 'after'> = {},
  limit = 100,
): Promise<PaymentRow[]> {
  const rows: PaymentRow[] = [];
  for (let after: PaymentFilter['after']; ; ) {
    const page = await readPayments(databases, { ...filter, after, limit });
    rows.push(...page.rows);
    if (page.next === null) return rows;
    after = page.next;
  }
}

/** An order that was paid, shipped and in part refunded: its own log, its payment's and its shipment's. */
function boughtOrder(orderId: string, paymentId: string): TestLog[] {
  const order = new OrderLog(orderId).at('2026-03-01T10:00:00.000Z').place({
    items: [{ productId: 'tea', quantity: '3', unitPrice: '2.55' }],
  });
  const paid = payment(paymentId)
    .at('2026-03-01T10:00:01.000Z')
    .run(authorize({ orderId, amount: '7.65', currency: 'GBP' }))
    .run(yes('authorize'));
  order.at('2026-03-01T10:00:02.000Z').confirm();
  order.at('2026-03-01T12:00:00.000Z').ship();
  const { items, carrier, trackingNumber } = { items: [], carrier: 'Royal Mail', trackingNumber: 'RM1' };
  const sent = shipment(`${orderId}-1`)
    .at('2026-03-01T12:00:01.000Z')
    .run({
      type: 'CreateShipment',
      data: {
        orderId,
        carrier,
        trackingNumber,
        shipTo: { country: 'EIRE' },
        items: [...items, { line: 1, productId: 'tea', quantity: '3' }],
      },
    });
  paid.at('2026-03-01T12:00:02.000Z').run(capture()).run(yes('capture-1'));
  sent.at('2026-03-02T09:00:00.000Z').run({ type: 'DeliverShipment', data: {} });
  paid.at('2026-03-05T09:00:00.000Z').run(refund('broken', '2.55')).run(yes('refund-broken'));
  return [order, paid, sent];
}

describe("an order's history", () => {
  it('tells every event of the order, its payment and its shipments in words, in the order of their times', async () => {
    await applyAll(...boughtOrder('o-1', 'p-1'), ...boughtOrder('o-2', 'p-2'));
    const told = await history('o-1', 3);
    expect(told.map(({ words }) => words)).toEqual([
      'Placed: 3 units in 1 line for 7.65 GBP',
      'Payment of 7.65 GBP by card asked for',
      'Payment authorised: 7.65 held',
      'Confirmed: stock and payment are sure',
      'Shipped: 3 units with Royal Mail, tracking number RM1, shipment o-1-1',
      'Packed for Royal Mail: 3 units, tracking number RM1',
      'Capture of 7.65 asked for',
      '7.65 captured',
      'Arrived at 2026-03-02T09:00:00.000Z',
      'Refund of 2.55 asked for',
      '2.55 refunded',
    ]);
    expect(told[1]).toMatchObject({
      aggregateType: 'payment',
      aggregateId: 'p-1',
      version: 1,
      eventType: 'PaymentAuthorizationRequested',
      recordedAt: Date.parse('2026-03-01T10:00:01.000Z'),
    });
  });

  it('knows the order of a payment from its first event, whenever that came', async () => {
    const [, paid] = boughtOrder('o-1', 'p-1') as [TestLog, TestLog];
    for (const version of upTo(paid.head)) await apply([paid], paid.messages(version, version));
    expect(await history('o-1')).toHaveLength(paid.head);
  });

  it('leaves out a payment that was barred before anybody asked for it', async () => {
    const barred = payment('p-barred').run(voidIt);
    await applyAll(barred);
    const part = partOf('p-barred', databases.length);
    expect(await positionsOf(part, 'p-barred')).toMatchObject({ order_history: 1, payments: 1 });
    expect(await payments()).toEqual([]);
    await rebuildEverywhere([barred], VIEWS, 'barred');
  });

  it("is told by the order's own log where the view is behind, beside what the view has of the rest", async () => {
    const [order, paid, sent] = boughtOrder('o-1', 'p-1') as [OrderLog, TestLog, TestLog];
    await apply([order], order.messages(1, 1));
    await applyAll(paid, sent);
    const view = await readHistory(databases, { orderId: 'o-1', limit: 4 });
    expect(view.version).toBe(1);
    const first = withOwnLog(view, order.messages(), { orderId: 'o-1', limit: 4 });
    expect(first.rows.map(({ aggregateType, version }) => `${aggregateType} ${version}`)).toEqual([
      'order 1',
      'payment 1',
      'payment 2',
      'order 2',
    ]);
    const after = first.next ?? undefined;
    const filter = { orderId: 'o-1', after, limit: 4 };
    const second = withOwnLog(await readHistory(databases, filter), order.messages(), filter);
    expect(second.rows.map(({ aggregateType, version }) => `${aggregateType} ${version}`)).toEqual([
      'order 3',
      'shipment 1',
      'payment 3',
      'payment 4',
    ]);
  });
});

describe('stock and payments', () => {
  it('show what the last event left, by product and page after page', async () => {
    const logs = upTo(15).map((number) =>
      stock(`product-${number}`)
        .run({ type: 'ReceiveStock', data: { quantity: String(number * 10) } })
        .run({ type: 'ReserveStock', data: { reservationId: 'r-1', quantity: '3' } })
        .run({ type: 'CommitReservation', data: { reservationId: 'r-1', quantity: '1' } }),
    );
    await applyAll(...logs);
    const shown = await levels(4);
    expect(shown.map(({ productId }) => productId)).toEqual(
      logs.map(({ aggregateId }) => aggregateId).sort(),
    );
    expect(shown.find(({ productId }) => productId === 'product-7')).toMatchObject({
      onHand: '69',
      reserved: '2',
      available: '67',
      version: 3,
    });
  });

  it('are found by order and by status, newest first', async () => {
    const logs = upTo(9).map((number) => {
      const log = payment(`p-${number}`)
        .at(`2026-03-01T10:00:0${number}.000Z`)
        .run(authorize({ orderId: `o-${number % 3}`, amount: '10', currency: 'GBP' }));
      return number % 2 === 0 ? log.run(yes('authorize')) : log.run(no('authorize'));
    });
    await applyAll(...logs);
    expect((await payments({}, 2)).map(({ paymentId }) => paymentId)).toEqual(
      upTo(9).map((number) => `p-${10 - number}`),
    );
    expect((await payments({ orderId: 'o-1' })).map(({ paymentId }) => paymentId)).toEqual([
      'p-7',
      'p-4',
      'p-1',
    ]);
    expect((await payments({ status: 'DECLINED' }, 2)).length).toBe(5);
    expect(await payments({ orderId: 'o-1', status: 'AUTHORIZED' })).toMatchObject([
      {
        paymentId: 'p-4',
        customerId: 'c-1',
        amount: '10',
        authorized: '10',
        captured: '0',
        provider: 'sandbox',
      },
    ]);
  });

  it.each([21, 22, 23])(
    'and histories are right whatever becomes of the messages (seed %i)',
    async (seed) => {
      const random = seededRandom(seed);
      // Payments that have the very ids of their orders are in the same database, and are told apart.
      const bought = upTo(12).flatMap((number) =>
        boughtOrder(`o-${number}`, random.chance(0.5) ? `o-${number}` : `p-${number}`),
      );
      const goods = upTo(10).map((number) => {
        const log = stock(`product-${number}`);
        for (let step = random.integer(20); step >= 0; step--)
          log.run({ type: 'ReceiveStock', data: { quantity: String(1 + random.integer(1_000)) } });
        return log;
      });
      const logs = [...bought, ...goods];
      const messages = badDay(random, logs);
      while (messages.length > 0) {
        const batches = [1, 2].map(() => messages.splice(0, 1 + random.integer(30)));
        await Promise.all(batches.map((batch) => apply(logs, batch)));
      }
      for (const number of upTo(12)) expect(await history(`o-${number}`, 4)).toHaveLength(11);
      expect((await levels()).map(({ productId, onHand }) => [productId, onHand])).toEqual(
        goods
          .map((log): [string, string] => [log.aggregateId, log.state.onHand])
          .sort(([one], [other]) => (one < other ? -1 : 1)),
      );
      const standing = {
        status: 'CAPTURED',
        authorized: '7.65',
        captured: '7.65',
        released: '0',
        refunded: '2.55',
      };
      expect(await payments()).toMatchObject(upTo(12).map(() => standing));
      await rebuildEverywhere(logs, VIEWS, `shop-${seed}`);
    },
  );
});

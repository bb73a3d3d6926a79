import { beforeEach, describe, expect, it } from 'vitest';
import { type Random, seededRandom } from '../../demo/random.ts';
import { advanceRebuild, startRebuild } from '../../queues/rebuild/rebuild.ts';
import { formatDecimal, multiply, parseDecimal, type Scaled } from '../../schemas/decimal.ts';
import { partOf } from '../../schemas/partition.ts';
import { type OrderFilter, type OrderRow, readOrders } from '../../workers/reads/orders.ts';
import { readSales, type Sales, type SalesFilter, type SalesKey } from '../../workers/reads/sales.ts';
import { DeciderLog } from '../support/deciderLog.ts';
import { OrderLog } from '../support/orderLog.ts';
import { authorize, capture, notice, decider as paymentDecider, refund, yes } from '../support/payment.ts';
import { databaseOf, rebuildDeps, type TestLog, upTo } from '../support/projection.ts';
import {
  apply,
  applyAll,
  badDay,
  databases,
  emptyViews,
  PARTS,
  rebuildEverywhere,
} from '../support/shopViews.ts';

beforeEach(() => emptyViews(['orders', 'sales']));

/** Every page of a list, one after the other. */
async function orders(filter: Omit<OrderFilter, 'limit' | 'after'> = {}, limit = 100): Promise<OrderRow[]> {
  const rows: OrderRow[] = [];
  for (let after: OrderFilter['after']; ; ) {
    const page = await readOrders(databases, { ...filter, after, limit });
    rows.push(...page.rows);
    if (page.next === null) return rows;
    expect(page.rows.length).toBe(limit);
    after = page.next;
  }
}

async function sales(filter: Omit<SalesFilter, 'limit' | 'after'>, limit = 100) {
  const groups: Sales[] = [];
  for (let after: SalesKey | undefined; ; ) {
    const page = await readSales(databases, { ...filter, after, limit });
    groups.push(...page.groups);
    if (page.next === null) return { groups, totals: page.totals };
    expect(page.groups.length).toBe(limit);
    after = page.next;
  }
}

/** A payment that was authorised and captured. */
const payment = (orderId: string, amount: string) =>
  new DeciderLog(paymentDecider, orderId)
    .run(authorize({ orderId, amount, currency: 'GBP' }))
    .run(yes('authorize'))
    .run(capture())
    .run(yes('capture-1'));

/** The bank takes a refund back that it had made. */
const bounced = (refundId: string) =>
  notice({
    notice: 'refund_failed',
    reference: 'pay_1',
    refundId,
    code: 'closed_card',
    detail: 'No such card.',
  });

const item = (productId: string, quantity: string, unitPrice: string) => ({ productId, quantity, unitPrice });

describe('the orders view', () => {
  it('shows an order as its last event left it', async () => {
    const log = new OrderLog('o-1')
      .at('2026-03-01T10:00:00Z')
      .place({ items: [item('tea', '3', '2.55'), item('cup', '2', '4')] });
    await applyAll(log);
    const placed = {
      orderId: 'o-1',
      customerId: 'c-1',
      status: 'PENDING',
      currency: 'GBP',
      total: '15.65',
      lines: 2,
      units: '5',
      country: 'United Kingdom',
      reason: null,
      staleSince: null,
      version: 1,
      placedAt: Date.parse('2026-03-01T10:00:00Z'),
      updatedAt: Date.parse('2026-03-01T10:00:00Z'),
    };
    expect(await orders()).toEqual([placed]);
    await applyAll(
      log
        .at('2026-03-02T10:00:00Z')
        .confirm()
        .ship([{ line: 1, quantity: '3' }]),
    );
    expect(await orders()).toMatchObject([{ status: 'CONFIRMED', version: 3, placedAt: placed.placedAt }]);
    await applyAll(log.ship());
    expect(await orders()).toMatchObject([{ status: 'SHIPPED', version: 4 }]);
    await applyAll(log.deliver());
    expect(await orders()).toMatchObject([{ status: 'DELIVERED', version: 5 }]);
  });

  it('says why an order was cancelled', async () => {
    await applyAll(new OrderLog('o-1').place().cancel('no stock'), new OrderLog('o-2').place().confirm());
    expect(await orders({ status: 'CANCELLED' })).toMatchObject([{ orderId: 'o-1', reason: 'no stock' }]);
    expect(await orders({ status: 'CONFIRMED' })).toMatchObject([{ orderId: 'o-2', reason: null }]);
  });

  it('lists by customer, status and time, newest first, page after page over all databases', async () => {
    const logs = upTo(60).map((number) => {
      // Some of the same moment: then the id decides.
      const at = new Date(Date.UTC(2026, 0, 1) + Math.floor(number / 3) * 60_000).toISOString();
      const log = new OrderLog(`o-${number}`).at(at).place({ customerId: `c-${number % 4}` });
      return number % 5 === 0 ? log.confirm() : log;
    });
    await applyAll(...logs);
    expect(new Set(logs.map(({ aggregateId }) => partOf(aggregateId, PARTS))).size).toBe(PARTS);
    const everything = await orders({}, 7);
    const sorted = everything.toSorted((one, other) =>
      one.placedAt === other.placedAt
        ? one.orderId < other.orderId
          ? 1
          : -1
        : other.placedAt - one.placedAt,
    );
    expect(everything).toEqual(sorted);
    expect(new Set(everything.map(({ orderId }) => orderId)).size).toBe(60);
    const from = Date.UTC(2026, 0, 1, 0, 5);
    const to = Date.UTC(2026, 0, 1, 0, 10);
    const filters: Omit<OrderFilter, 'limit'>[] = [
      { customerId: 'c-2' },
      { status: 'CONFIRMED' },
      { from, to },
      { customerId: 'c-0', status: 'PENDING', from },
      { customerId: 'nobody' },
    ];
    for (const filter of filters) {
      const wanted = everything.filter(
        (row) =>
          (filter.customerId === undefined || row.customerId === filter.customerId) &&
          (filter.status === undefined || row.status === filter.status) &&
          row.placedAt >= (filter.from ?? 0) &&
          row.placedAt < (filter.to ?? Number.POSITIVE_INFINITY),
      );
      expect(await orders(filter, 3)).toEqual(wanted);
    }
  });
});

describe('the sales view', () => {
  const shop = () => [
    new OrderLog('o-1')
      .at('2026-03-01T23:59:59Z')
      .place({ items: [item('tea', '3', '2.55'), item('cup', '2', '4'), item('tea', '1', '2.05')] })
      .confirm(),
    new OrderLog('o-2')
      .at('2026-03-02T00:00:00Z')
      .place({ items: [item('tea', '10', '2')], shipTo: { country: 'France' } })
      .confirm(),
    new OrderLog('o-3')
      .at('2026-03-02T12:00:00Z')
      .place({ items: [item('cup', '1', '4.25')], currency: 'EUR' })
      .confirm(),
    new OrderLog('o-4')
      .at('2026-03-02T12:00:00Z')
      .place({ shipTo: { line1: 'somewhere' } })
      .confirm(),
    new OrderLog('pending').at('2026-03-02T12:00:00Z').place(),
    new OrderLog('refused').at('2026-03-02T12:00:00Z').place().cancel(),
    new OrderLog('regretted').at('2026-03-02T12:00:00Z').place().confirm().cancel(),
  ];

  it('adds up confirmed orders by day, product and country, each currency by itself', async () => {
    await applyAll(...shop());
    const group = (key: string, orders: number, units: string, revenue: string, currency = 'GBP') => ({
      key,
      currency,
      orders,
      units,
      revenue,
    });
    const totals = [
      { currency: 'EUR', orders: 1, units: '1', revenue: '4.25' },
      { currency: 'GBP', orders: 3, units: '17', revenue: '38.7' },
    ];
    expect(await sales({ by: 'day' })).toEqual({
      groups: [
        group('2026-03-01', 1, '6', '17.7'),
        group('2026-03-02', 1, '1', '4.25', 'EUR'),
        group('2026-03-02', 2, '11', '21'),
      ],
      totals,
    });
    expect(await sales({ by: 'product' }, 1)).toEqual({
      groups: [group('cup', 1, '1', '4.25', 'EUR'), group('cup', 1, '2', '8'), group('tea', 3, '15', '30.7')],
      totals,
    });
    expect(await sales({ by: 'country' })).toEqual({
      groups: [
        group('', 1, '1', '1'),
        group('France', 1, '10', '20'),
        group('United Kingdom', 1, '1', '4.25', 'EUR'),
        group('United Kingdom', 1, '6', '17.7'),
      ],
      totals,
    });
    expect(
      (await sales({ by: 'day', from: '2026-03-02', to: '2026-03-03', country: 'France' })).groups,
    ).toEqual([group('2026-03-02', 1, '10', '20')]);
    expect((await sales({ by: 'day', productId: 'tea' })).totals).toEqual([
      { currency: 'GBP', orders: 3, units: '15', revenue: '30.7' },
    ]);
    expect(await sales({ by: 'day', to: '2026-03-01' })).toEqual({ groups: [], totals: [] });
  });

  it('takes off what was refunded of orders that stand, as the bank left it', async () => {
    const [order, regretted] = [
      new OrderLog('o-1')
        .at('2026-03-01T12:00:00Z')
        .place({ items: [item('tea', '3', '2.55'), item('cup', '2', '4')] })
        .confirm(),
      new OrderLog('o-2').at('2026-03-01T12:00:00Z').place().confirm(),
    ];
    const [paid, unpaid] = [
      payment('o-1', '15.65'),
      payment('o-2', '1').run(refund('all')).run(yes('refund-all')),
    ];
    paid.at('2026-04-05T12:00:00Z').run(refund('cup', '4')).run(yes('refund-cup')).run(refund('tea', '2.55'));
    const stray = payment('nobody', '9').run(refund('r')).run(yes('refund-r'));
    await applyAll(paid, unpaid, regretted, stray, order);
    const figures = { currency: 'GBP', orders: 2, units: '6', revenue: '11.65' };
    expect(await sales({ by: 'day' })).toEqual({
      groups: [{ key: '2026-03-01', ...figures }],
      totals: [figures],
    });
    expect((await sales({ by: 'product' }, 1)).groups).toMatchObject([
      { key: '', orders: 0, units: '0', revenue: '-5' },
      { key: 'cup', orders: 1, revenue: '8' },
      { key: 'tea', orders: 2, revenue: '8.65' },
    ]);
    expect((await sales({ by: 'country', productId: 'cup' })).totals).toMatchObject([
      { orders: 1, revenue: '8' },
    ]);
    await applyAll(paid.run(yes('refund-tea')), regretted.cancel());
    expect((await sales({ by: 'country' })).totals).toMatchObject([
      { orders: 1, units: '5', revenue: '9.1' },
    ]);
    await applyAll(paid.run(bounced('cup')));
    expect((await sales({ by: 'country' })).totals).toMatchObject([{ revenue: '13.1' }]);
    await rebuildEverywhere([order, regretted, paid, unpaid, stray], ['orders', 'sales'], 'refunds');
  });

  it('adds up what no floating point number and no 64-bit integer holds, to the last unit', async () => {
    const most = '999999999999999';
    const prices = upTo(30).map((number) => `0.${number + 10}`);
    await applyAll(
      ...prices.map((unitPrice, number) =>
        new OrderLog(`big-${number}`)
          .place({ items: [item('gold', most, unitPrice), item('dust', '1', '0.01')] })
          .confirm(),
      ),
    );
    const revenue = prices.reduce(
      (sum, price) => sum + multiply(parseDecimal(most), parseDecimal(price)) + parseDecimal('0.01'),
      0n,
    );
    expect((await sales({ by: 'country' })).totals).toEqual([
      {
        currency: 'GBP',
        orders: 30,
        units: String(30n * BigInt(most) + 30n),
        revenue: formatDecimal(revenue as Scaled),
      },
    ]);
    expect((await sales({ by: 'product' })).groups.map(({ units }) => units)).toEqual([
      '30',
      String(30n * BigInt(most)),
    ]);
  });
});

/** An order as the test itself knows it: whole pence, and whether it counts. */
interface Bought {
  readonly day: string;
  readonly country: string;
  readonly lines: readonly { productId: string; units: number; pence: number }[];
  readonly isSold: boolean;
  /** Whole pence that went back to the customer. */
  readonly refunded: number;
}

/** A random history of an order, and what it must come to. */
function randomOrder(random: Random, id: string): { log: OrderLog; paid: TestLog[]; bought: Bought } {
  const day = `2026-0${1 + random.integer(2)}-1${random.integer(5)}`;
  const country = random.pick(['United Kingdom', 'France', 'EIRE']);
  const lines = upTo(1 + random.integer(6)).map(() => ({
    productId: random.pick(['tea', 'cup', 'pot', 'spoon']),
    units: 1 + random.integer(50),
    price: 1 + random.integer(999),
  }));
  const items = lines.map(({ productId, units, price }) =>
    item(productId, String(units), `${Math.floor(price / 100)}.${String(price % 100).padStart(2, '0')}`),
  );
  const log = new OrderLog(id).at(`${day}T12:00:00Z`).place({ items, shipTo: { country } });
  const end = random.pick([
    'placed',
    'refused',
    'confirmed',
    'regretted',
    'shipped',
    'in parts',
    'delivered',
  ]);
  if (end === 'refused') log.cancel();
  if (end !== 'placed' && end !== 'refused') log.confirm();
  if (end === 'regretted') log.cancel();
  if (end === 'in parts') log.ship([{ line: 1, quantity: '1' }]);
  if (end === 'shipped' || end === 'delivered') log.ship();
  if (end === 'delivered') log.deliver();
  const isSold = !['placed', 'refused', 'regretted'].includes(end);
  const sold = lines.map(({ productId, units, price }) => ({ productId, units, pence: units * price }));
  const total = sold.reduce((sum, { pence }) => sum + pence, 0);
  const refunded = random.chance(0.5) ? 1 + random.integer(total) : 0;
  const pounds = (pence: number) => `${Math.floor(pence / 100)}.${String(pence % 100).padStart(2, '0')}`;
  const paid =
    refunded === 0
      ? []
      : [
          payment(id, pounds(total))
            .run(refund('r', pounds(refunded)))
            .run(yes('refund-r')),
        ];
  return { log, paid, bought: { day, country, lines: sold, isSold, refunded } };
}

/** What the sales must be, made in another way: from pence, in memory. */
function booked(all: readonly Bought[], keyOf: (order: Bought, productId: string) => string) {
  const groups = new Map<string, { orders: Set<Bought>; units: number; pence: number }>();
  for (const order of all.filter(({ isSold }) => isSold)) {
    for (const { productId, units, pence } of order.lines) {
      const key = keyOf(order, productId);
      const group = groups.get(key) ?? { orders: new Set(), units: 0, pence: 0 };
      group.orders.add(order);
      groups.set(key, { ...group, units: group.units + units, pence: group.pence + pence });
    }
    if (order.refunded === 0) continue;
    const key = keyOf(order, '');
    const group = groups.get(key) ?? { orders: new Set(), units: 0, pence: 0 };
    groups.set(key, { ...group, pence: group.pence - order.refunded });
  }
  return [...groups]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([key, { orders: counted, units, pence }]) => ({
      key,
      currency: 'GBP',
      orders: counted.size,
      units: String(units),
      revenue: formatDecimal(BigInt(pence * 1_000_000) as Scaled),
    }));
}

describe('orders and sales on a bad day', () => {
  it.each([11, 12, 13, 14])('are exact whatever becomes of the messages (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const made = upTo(80).map((number) => randomOrder(random, `o-${seed}-${number}`));
    const logs = made.map(({ log }) => log);
    const everything = made.flatMap(({ log, paid }) => [log, ...paid]);
    const all = made.map(({ bought }) => bought);
    const messages = badDay(random, everything);
    while (messages.length > 0) {
      const batches = [1, 2].map(() => messages.splice(0, 1 + random.integer(40)));
      // Two consumers at a time, which may have events of the same orders.
      await Promise.all(batches.map((batch) => apply(everything, batch)));
    }
    expect((await sales({ by: 'day' })).groups).toEqual(booked(all, ({ day }) => day));
    expect((await sales({ by: 'country' }, 1)).groups).toEqual(booked(all, ({ country }) => country));
    expect((await sales({ by: 'product' }, 2)).groups).toEqual(booked(all, (_, productId) => productId));
    const [total] = booked(all, () => '');
    const { key: _, ...figures } = total ?? { key: '' };
    expect((await sales({ by: 'product' })).totals).toEqual([figures]);
    const shown = await orders();
    expect(new Map(shown.map(({ orderId, status, version }) => [orderId, `${status} ${version}`]))).toEqual(
      new Map(logs.map((log) => [log.aggregateId, `${log.state.status} ${log.head}`])),
    );
    await rebuildEverywhere(everything, ['orders', 'sales'], `bad-day-${seed}`);
  });
});

describe('a rebuild of orders and sales', () => {
  it('mends rows that are not what the orders say, and tells which', async () => {
    const log = new OrderLog('o-1').place().confirm();
    await applyAll(log);
    const part = partOf('o-1', PARTS);
    await databaseOf(part).batch(
      ['UPDATE sales_blue SET units_low = 2', "UPDATE orders_blue SET total = '2'"].map((sql) => ({
        sql,
        parameters: [],
      })),
    );
    const deps = rebuildDeps(part, [log]);
    await startRebuild(deps, { id: 'mend', kind: 'rebuild', views: ['orders', 'sales'] });
    const job = await advanceRebuild(deps, () => false);
    expect(job).toMatchObject({ phase: 'SWITCHED', differencesFound: 4 });
    expect((await sales({ by: 'day' })).totals).toMatchObject([{ units: '1', revenue: '1' }]);
    expect(await orders()).toMatchObject([{ total: '1' }]);
  });

  it.each([
    ['sales', 'UPDATE sales_green SET amount_low = amount_low + 1'],
    ['sales', 'UPDATE sales_green SET is_sold = 0'],
    ['orders', "UPDATE orders_green SET status = 'DELIVERED'"],
  ] as const)('does not switch where %s contradict the orders: %s', async (view, sql) => {
    const log = new OrderLog('o-1').place().confirm();
    await applyAll(log);
    const database = databaseOf(partOf('o-1', PARTS));
    const deps = rebuildDeps(partOf('o-1', PARTS), [log], {
      database: {
        all: (statement) => database.all(statement),
        // Spoils what is built, once it is there.
        batch: (statements) => database.batch([...statements, { sql, parameters: [] }]),
      },
    });
    await startRebuild(deps, { id: `spoilt-${sql}`, kind: 'rebuild', views: [view] });
    const job = await advanceRebuild(deps, () => false);
    expect(job).toMatchObject({ phase: 'FAILED', reason: expect.stringContaining('contradicts its owner') });
  });
});

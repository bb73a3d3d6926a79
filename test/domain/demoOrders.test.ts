import { EventEmitter } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it, vi } from 'vitest';
import type { Client } from '../../demo/client.ts';
import { DIFFICULT_CARDS, dealCards } from '../../demo/orders/cards.ts';
import { checkOrders, type OrderEvidence } from '../../demo/orders/checkOrders.ts';
import { driveOrders } from '../../demo/orders/driveOrders.ts';
import { Interrupt } from '../../demo/orders/interrupt.ts';
import type { Invoice, InvoiceSource } from '../../demo/orders/invoice.ts';
import { openInvoices } from '../../demo/orders/invoiceFile.ts';
import { LineBudget } from '../../demo/orders/lineBudget.ts';
import type { ListedSales, OrderObservation } from '../../demo/orders/observeOrders.ts';
import { OrderBooks, onHand, refundOf, type SalesBook } from '../../demo/orders/orderBooks.ts';
import { Pace } from '../../demo/orders/pace.ts';
import { Patience } from '../../demo/orders/patience.ts';
import { makePlan } from '../../demo/orders/plan.ts';
import type { Plan, PlannedOrder, PlannedProduct } from '../../demo/orders/planned.ts';
import { reportOrders } from '../../demo/orders/reportOrders.ts';
import { sampleInvoices } from '../../demo/orders/sampleInvoices.ts';
import { Shop, type ShownSaga } from '../../demo/orders/shop.ts';
import { Warehouse } from '../../demo/orders/warehouse.ts';
import { seededRandom } from '../../demo/random.ts';

const folder = mkdtempSync(join(tmpdir(), 'folio-orders-'));
afterAll(() => rmSync(folder, { recursive: true }));

const HEADER = 'InvoiceNo,StockCode,Description,Quantity,InvoiceDate,UnitPrice,CustomerID,Country';
let files = 0;

async function read(rows: readonly string[], { header = HEADER, gzip = false } = {}): Promise<Invoice[]> {
  const file = join(folder, `book-${++files}.csv${gzip ? '.gz' : ''}`);
  const text = [header, ...rows].join('\n');
  writeFileSync(file, gzip ? gzipSync(text) : text);
  return Array.fromAsync(openInvoices(file));
}

describe('the reader of order books', () => {
  it('makes invoices of rows that follow each other, and tells what kind each is', async () => {
    const invoices = await read([
      '536365,85123A,"HEART, WHITE",6,2010-12-01T08:26,2.55,17850,United Kingdom',
      '536365,BANK CHARGES,,1,2010-12-01T08:26,0,17850,United Kingdom',
      'C536379,85123A,HEART,-1,12/1/2010 9:41,2.55,17850.0,United Kingdom',
      '536589,21777,lost,-10,2010-12-01T16:50,0,,United Kingdom',
      '536365,22752,BOXES,2,2010-12-01T08:26,7.65,17850,United Kingdom',
    ]);
    expect(invoices.map(({ number, kind, customerId }) => [number, kind, customerId])).toEqual([
      ['536365', 'SALE', '17850'],
      ['C536379', 'CREDIT', '17850'],
      ['536589', 'ADJUSTMENT', undefined],
      ['536365-2', 'SALE', '17850'],
    ]);
    expect(invoices[0]?.lines).toEqual([
      { productId: '85123A', name: 'HEART, WHITE', quantity: 6, unitPrice: '2.55' },
      { productId: 'BANK_CHARGES', name: '', quantity: 1, unitPrice: '0' },
    ]);
    expect(invoices.map(({ at }) => at).slice(0, 2)).toEqual([
      '2010-12-01T08:26:00.000Z',
      '2010-12-01T09:41:00.000Z',
    ]);
  });

  it('reads gzipped books and other editions of the header, and leaves out what sells nothing', async () => {
    const header = 'Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID,Country';
    const rows = [
      '1,a,A,0,2010-12-01T08:26,1,7,X',
      '1,b,B,2,2010-12-01T08:26,-5,7,X',
      '2,c,C,1,2010-12-01T08:26,1,7,',
    ];
    const invoices = await read(rows, { header, gzip: true });
    expect(invoices).toMatchObject([{ number: '2', country: 'Unspecified', lines: [{ productId: 'c' }] }]);
  });

  it.each([
    [['1,a,A,1.5,2010-12-01T08:26,1,7,X'], 'line 2: the quantity "1.5" is no whole number'],
    [['1,a,A,1,2010-12-01T08:26,free,7,X'], 'line 2: the price "free" is no number'],
    [['1,a,A,1,2010-02-30T08:26,1,7,X'], 'line 2: "2010-02-30T08:26" is no date'],
    [['1,a,A,1,2010-12-01T08:26,0.123456789,7,X'], 'line 2: the price 0.123456789 has more than 8 decimals'],
    [['1,,A,1,2010-12-01T08:26,1,7,X'], 'line 2: "" is no stock code'],
  ])('says where %j cannot be read', async (rows, message) => {
    await expect(read(rows)).rejects.toThrow(message);
  });

  it('says what a file lacks', async () => {
    await expect(read([], { header: 'a,b' })).rejects.toThrow(
      'no column invoiceno or invoice; the header has: a, b',
    );
    await expect(Array.fromAsync(openInvoices(join(folder, 'nowhere.csv')))).rejects.toThrow(
      'there is no such file',
    );
  });
});

/** Invoices as a source. */
function bookOf(invoices: readonly Invoice[]): InvoiceSource {
  return {
    name: 'test',
    rows: 0,
    skipped: 0,
    async *[Symbol.asyncIterator]() {
      yield* invoices;
    },
  };
}

const sale = (number: string, lines: [string, number, string][], more: Partial<Invoice> = {}): Invoice => ({
  number,
  kind: number.startsWith('C') ? 'CREDIT' : 'SALE',
  customerId: 'c-1',
  country: 'EIRE',
  at: `2010-12-01T08:00:00.000Z`,
  lines: lines.map(([productId, quantity, unitPrice]) => ({
    productId,
    name: productId,
    quantity,
    unitPrice,
  })),
  ...more,
});

describe('the plan', () => {
  it('takes credits from the latest orders that have the goods, and cancels what comes back whole', async () => {
    // The first orders are those that are cut short, cancelled and sent back without a credit.
    const before = Array.from({ length: 30 }, (_, index) =>
      sale(`${index}`, [[`x-${index}`, 1, '1']], { customerId: 'other' }),
    );
    const plan = await makePlan(
      bookOf([
        ...before,
        sale('a', [['tea', 5, '2']]),
        sale('b', [
          ['tea', 5, '3'],
          ['cup', 1, '4'],
        ]),
        sale('c', [['pot', 2, '9']]),
        sale(
          'C1',
          [
            ['tea', -7, '3'],
            ['gone', -1, '1'],
          ],
          { at: '2010-12-02T08:00:00.000Z' },
        ),
        sale('C2', [['pot', -2, '9']], { at: '2010-12-02T08:00:00.000Z' }),
        sale('C3', [['cup', -1, '4']], { at: '2010-11-02T08:00:00.000Z' }),
      ]),
      { limit: 1_000, seed: 2 },
    );
    const stand = (id: string) => plan.orders.find(({ orderId }) => orderId === id);
    const good = ['a', 'b', 'c'].filter((id) => stand(id)?.ending !== 'DECLINED');
    expect(good).toEqual(['a', 'b', 'c']);
    expect(stand('b')?.returns).toMatchObject([{ refundId: 'C1', goods: new Map([['tea', 5]]) }]);
    expect(stand('b')?.returns[0]?.amount.toFixed()).toBe('15');
    expect(stand('a')?.returns[0]?.amount.toFixed()).toBe('4');
    expect(stand('c')?.ending).toBe('CANCELLED');
    expect(plan.counts).toMatchObject({ credits: 3, creditedUnits: 11, strayUnits: 2 });
  });

  it.each([1, 2, 3, 4, 5])(
    'brings in what is wanted, and one unit less where that is meant (seed %i)',
    async (seed) => {
      const plan = await makePlan(sampleInvoices(300, seed), { limit: 300, seed });
      const wanted = new Map<string, number>();
      for (const { productId, quantity } of plan.orders.flatMap(({ lines }) => lines))
        wanted.set(productId, (wanted.get(productId) ?? 0) + quantity);
      for (const [productId, { received, adjusted }] of plan.products) {
        const short = plan.orders.filter(
          ({ ending, lines }) =>
            ending === 'OUT_OF_STOCK' && lines.some((line) => line.productId === productId),
        );
        const lacking = (wanted.get(productId) ?? 0) - (received + Math.min(adjusted, 0));
        if (lacking > 0) expect([lacking, short.length]).toEqual([1, 1]);
      }
      const endings = new Set(plan.orders.map(({ ending }) => ending));
      expect(endings).toEqual(new Set(['DELIVERED', 'CANCELLED', 'DECLINED', 'OUT_OF_STOCK']));
      expect(plan.orders.some(({ returns }) => returns.length > 0)).toBe(true);
      for (const order of plan.orders) expect(refundOf(order).lte(order.total)).toBe(true);
      for (const stock of new OrderBooks(plan).stock.values())
        expect(onHand(stock)).toBeGreaterThanOrEqual(0);
    },
  );

  it('corrects no stock that never came in, and lets nothing be found of what is to be short', async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const { orders, products } = await makePlan(sampleInvoices(60, seed), { limit: 60, seed });
      for (const { received, adjusted } of products.values())
        if (adjusted !== 0) expect(received, `seed ${seed}`).toBeGreaterThan(0);
      for (const { lines } of orders.filter(({ ending }) => ending === 'OUT_OF_STOCK')) {
        const isShort = lines.some(({ productId, quantity }) => {
          const { received, adjusted } = products.get(productId) as PlannedProduct;
          return quantity > received + adjusted;
        });
        expect(isShort, `seed ${seed}`).toBe(true);
      }
    }
  });

  it('deals every difficult card its share', () => {
    const cards = dealCards(1_000, seededRandom(1));
    for (const { token, share } of DIFFICULT_CARDS)
      expect(cards.filter((card) => card.token === token).length).toBe(Math.ceil(1_000 * share));
  });
});

/** What the platform would show if everything had gone right. */
function rightly(plan: Plan, books: OrderBooks): OrderObservation {
  const sales = (book: SalesBook): ListedSales[] =>
    [...book].map(([key, { orders, units, revenue }]) => ({
      key,
      currency: 'GBP',
      orders,
      units: String(units),
      revenue: revenue.toFixed(),
    }));
  const isDone = (ending: string) => ending === 'DELIVERED';
  return {
    orders: plan.orders.map(({ orderId, ending, total }) => ({
      orderId,
      status: isDone(ending) ? 'DELIVERED' : 'CANCELLED',
      total: total.toFixed(),
    })),
    payments: plan.orders.map((order) => ({
      orderId: order.orderId,
      status: '',
      authorized: isDone(order.ending) ? order.total.toFixed() : '0',
      captured: isDone(order.ending) ? order.total.toFixed() : '0',
      released: '0',
      refunded: isDone(order.ending) ? refundOf(order).toFixed() : '0',
    })),
    levels: [...books.stock].map(([productId, stock]) => ({
      productId,
      onHand: String(onHand(stock)),
      reserved: '0',
      available: String(onHand(stock)),
    })),
    byDay: [{ key: 'today', currency: 'GBP', orders: 0, units: '0', revenue: books.revenue.toFixed() }],
    byProduct: sales(books.byProduct),
    byCountry: sales(books.byCountry),
    sagas: new Map(
      plan.orders.map(({ orderId, ending }) => {
        const status = isDone(ending) || ending === 'CANCELLED' ? 'COMPLETED' : 'COMPENSATED';
        return [orderId, { sagaId: `fulfil-${orderId}`, status, reason: null, steps: [] }];
      }),
    ),
    unfinished: [],
    parked: 0,
    caughtUpMs: 0,
  };
}

describe('a long run', () => {
  it('has so many lines under way, first come first served, and alone what has more', async () => {
    const budget = new LineBudget(10);
    const begun: number[] = [];
    for (const lines of [4, 6, 25, 1]) void budget.take(lines).then(() => begun.push(lines));
    const after = async (lines: number) => {
      if (lines > 0) budget.give(lines);
      await Promise.resolve();
      return begun.splice(0);
    };
    expect(await after(0)).toEqual([4, 6]);
    expect(await after(4)).toEqual([]);
    expect(await after(6)).toEqual([25]);
    expect(await after(25)).toEqual([1]);
  });

  it('says how long the rest takes, by lines', () => {
    let now = 0;
    const order = (lines: number) => ({ lines: Array.from({ length: lines }) }) as unknown as PlannedOrder;
    const pace = new Pace({ orders: [order(100), order(5_000)] }, () => now);
    expect(pace.words()).toBe('0 of 2 orders through');
    now = 20_000;
    pace.ended(order(100));
    expect(pace.words()).toBe('1 of 2 orders through');
    // The first of many small ones: what the others have cost already would be taken for its price.
    const slow = new Pace({ orders: Array.from({ length: 400 }, () => order(2)) }, () => now);
    now += 20_000;
    for (let index = 0; index < 17; index++) slow.ended(order(2));
    expect(slow.words()).toBe('17 of 400 orders through');
    for (let index = 17; index < 64; index++) slow.ended(order(2));
    expect(slow.words()).toBe('64 of 400 orders through, 6.4 lines/s, 105.0 s left');
    const half = new Pace({ orders: [order(100), order(6_000 - 100)] }, () => now);
    now += 20_000;
    half.ended(order(100));
    half.ended(order(2_900));
    expect(half.words()).toBe('2 of 2 orders through, 150 lines/s, 20.0 s left');
  });

  it('brings every product in once, however long it takes, as long as batches are taken, each with all of a product', async () => {
    const batches: string[][] = [];
    const patience = new Patience(60_000);
    let late = 0;
    const client = {
      send: ({ body = '' }: { body?: string }) => {
        const { commands } = JSON.parse(body) as { commands: { commandId: string; aggregateId: string }[] };
        batches.push(commands.map(({ aggregateId }) => aggregateId));
        late += Number(patience.isOver);
        vi.advanceTimersByTime(15_000);
        const results = commands.map(({ commandId }) => ({ commandId, status: 'accepted' }));
        return Promise.resolve({ status: 200, headers: {}, text: JSON.stringify({ results }), ms: 1 });
      },
    };
    const products = new Map(
      Array.from({ length: 101 }, (_, index) => [
        `p${index}`,
        { name: 'P', unitPrice: '1', received: 5, adjusted: -1 },
      ]),
    );
    vi.useFakeTimers();
    try {
      const warehouse = new Warehouse(new Shop(client as unknown as Client, 'run', patience), products);
      await Promise.all([warehouse.bring(['p1', 'p2']), warehouse.bring(['p2', 'p3'])]);
      expect(batches).toEqual([
        ['p1', 'p1', 'p1', 'p2', 'p2', 'p2'],
        ['p3', 'p3', 'p3'],
      ]);
      await warehouse.bringRest();
    } finally {
      vi.useRealTimers();
    }
    expect(late).toBe(0);
    expect(batches.flat()).toHaveLength(303);
    for (const batch of batches)
      for (const productId of new Set(batch))
        expect(batch.filter((one) => one === productId)).toHaveLength(3);
  });
});

describe('Ctrl-C', () => {
  it('leaves a plan of what was begun, which is brought to its end', async () => {
    const whole = await makePlan(sampleInvoices(80, 3), { limit: 80, seed: 3 });
    const placed: string[] = [];
    const delivered: string[] = [];
    const stocked: string[] = [];
    const expected = (orderId: string) => whole.orders.find((order) => order.orderId === orderId)?.ending;
    const undone = (orderId: string) => ['DECLINED', 'OUT_OF_STOCK'].includes(`${expected(orderId)}`);
    const shop = {
      patience: new Patience(60_000),
      stock: async (products: Iterable<readonly [string, unknown]>) => {
        for (const [productId] of products) stocked.push(productId);
      },
      place: async ({ orderId }: PlannedOrder) => placed.push(orderId) > 0,
      find: async (path: string) => {
        const id = path.split('/').at(-1) ?? '';
        if (path.includes('/sagas/'))
          return { status: undone(id.replace('fulfil-', '')) ? 'COMPENSATED' : 'COMPLETED' };
        return { status: undone(id) ? 'CANCELLED' : 'CONFIRMED' };
      },
      ship: async () => undefined,
      cancel: async () => undefined,
      takeBack: async () => undefined,
      deliver: async (orderId: string) => void delivered.push(orderId),
    } as unknown as Shop;
    const { runs, plan } = await driveOrders(
      shop,
      whole,
      () => undefined,
      () => new Set(placed).size >= 5,
    );
    expect(runs.length).toBeGreaterThanOrEqual(5);
    expect(runs.length).toBeLessThan(whole.orders.length);
    expect(runs.flatMap(({ faults }) => faults)).toEqual([]);
    expect(new Set(plan.orders.map(({ orderId }) => orderId))).toEqual(new Set(placed));
    expect(delivered.toSorted()).toEqual(
      plan.orders
        .filter(({ ending }) => ending === 'DELIVERED')
        .map(({ orderId }) => orderId)
        .sort(),
    );
    expect(stocked.toSorted()).toEqual([...plan.products.keys()].sort());
    expect(() => new OrderBooks(plan)).not.toThrow();
  });

  it('ends the run early, and at once when it comes again, but not when npm only passes it on', () => {
    const source = new EventEmitter();
    const heard: string[] = [];
    let now = 0;
    const interrupt = new Interrupt(
      source,
      { onFirst: () => heard.push('first'), onSecond: () => heard.push('second') },
      () => now,
    );
    const signal = (at: number) => {
      now = at;
      source.emit('SIGINT');
      return [interrupt.isStopping, ...heard];
    };
    expect([interrupt.isStopping, ...heard]).toEqual([false]);
    expect(signal(1_000)).toEqual([true, 'first']);
    expect(signal(1_010)).toEqual([true, 'first']);
    expect(signal(3_000)).toEqual([true, 'first', 'second']);
    interrupt.release();
    expect(source.listenerCount('SIGINT')).toBe(0);
  });
});

describe('the checks of the order book', () => {
  const failing = (evidence: OrderEvidence) =>
    checkOrders(evidence)
      .filter(({ faults }) => faults.length > 0)
      .map(({ name }) => name);

  it('hold where everything is right, and fail where anything is off by the smallest unit', async () => {
    const plan = await makePlan(sampleInvoices(120, 3), { limit: 120, seed: 3 });
    const books = new OrderBooks(plan);
    const runs = plan.orders.map((order) => ({
      order,
      decidedMs: 1,
      settledMs: 1,
      repeatKnown: undefined as boolean | undefined,
      faults: [] as string[],
    }));
    const seen = rightly(plan, books);
    const evidence = (change: Partial<OrderObservation>) => ({
      plan,
      books,
      runs,
      seen: { ...seen, ...change },
    });
    expect(checkOrders(evidence({})).flatMap(({ faults }) => faults)).toEqual([]);
    const bent = <Item extends object>(items: readonly Item[], change: (item: Item) => Partial<Item>) => {
      const index = items.findIndex((item) => !('captured' in item) || item.captured !== '0');
      return items.map((item, at) => (at === index ? { ...item, ...change(item) } : item));
    };
    expect(failing(evidence({ orders: bent(seen.orders, () => ({ status: 'PENDING' })) }))).toEqual([
      'outcomes',
    ]);
    expect(failing(evidence({ orders: seen.orders.slice(1) }))).toEqual(['outcomes']);
    const one = (text: string) => (Number(text) + 1).toString();
    expect(
      failing(evidence({ levels: bent(seen.levels, ({ onHand: there }) => ({ onHand: one(there) })) })),
    ).toEqual(['stock']);
    expect(failing(evidence({ levels: bent(seen.levels, () => ({ reserved: '1' })) }))).toEqual(['stock']);
    const penny = (text: string) => (Number(text) + 0.01).toFixed(2);
    const overcharged = bent(seen.payments, ({ captured }) => ({ captured: penny(captured) }));
    expect(failing(evidence({ payments: overcharged }))).toEqual(['payments', 'money']);
    expect(failing(evidence({ payments: bent(seen.payments, () => ({ released: '0.01' })) }))).toEqual([
      'payments',
    ]);
    expect(
      failing(evidence({ byDay: bent(seen.byDay, ({ revenue }) => ({ revenue: penny(revenue) })) })),
    ).toEqual(['money']);
    expect(
      failing(evidence({ byProduct: bent(seen.byProduct, ({ units }) => ({ units: one(units) })) })),
    ).toEqual(['sales']);
    expect(failing(evidence({ byCountry: seen.byCountry.slice(1) }))).toEqual(['sales']);
    expect(failing(evidence({ parked: 1 }))).toEqual(['parked']);
    expect(failing(evidence({ sagas: new Map() }))).toEqual(['sagas']);
    const unfinished = [{ sagaId: 'cancel-1', status: 'RUNNING', reason: null, steps: [] }];
    expect(failing(evidence({ unfinished }))).toEqual(['sagas']);
    runs[0]?.faults.push('no answer');
    expect(failing(evidence({}))).toEqual(['outcomes']);
  });

  it('stand under a report of what happened, which need not be what was planned', async () => {
    const plan = await makePlan(sampleInvoices(40, 3), { limit: 40, seed: 3 });
    const books = new OrderBooks(plan);
    const seen = rightly(plan, books);
    const runs = plan.orders.map((order) => ({
      order,
      decidedMs: 1,
      settledMs: 1,
      repeatKnown: undefined,
      faults: order.ending === 'DECLINED' ? ['it is CONFIRMED'] : [],
    }));
    const [first, ...others] = [...seen.sagas];
    const parked = { ...(first?.[1] as ShownSaga), status: 'PARKED' };
    const sagas = new Map([[first?.[0] ?? '', parked], ...others]);
    const lines = reportOrders({ plan, books, runs, seen: { ...seen, sagas } }, undefined);
    const planned = plan.orders.filter(({ ending }) => ending === 'DECLINED').length;
    expect(planned).toBeGreaterThan(0);
    expect(lines.find((line) => line.includes('declined by the bank'))).toMatch(
      new RegExp(` 0 of ${planned}$`),
    );
    expect(lines.find((line) => line.includes('PARKED'))).toMatch(/fulfilments PARKED +1$/);
  });
});

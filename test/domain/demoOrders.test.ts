import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { DIFFICULT_CARDS, dealCards } from '../../demo/orders/cards.ts';
import { checkOrders, type OrderEvidence } from '../../demo/orders/checkOrders.ts';
import type { Invoice, InvoiceSource } from '../../demo/orders/invoice.ts';
import { openInvoices } from '../../demo/orders/invoiceFile.ts';
import type { ListedSales, OrderObservation } from '../../demo/orders/observeOrders.ts';
import { OrderBooks, onHand, refundOf, type SalesBook } from '../../demo/orders/orderBooks.ts';
import { makePlan, type Plan, type PlannedProduct } from '../../demo/orders/plan.ts';
import { reportOrders } from '../../demo/orders/reportOrders.ts';
import { sampleInvoices } from '../../demo/orders/sampleInvoices.ts';
import type { ShownSaga } from '../../demo/orders/shop.ts';
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

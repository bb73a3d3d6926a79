/** A small shop that never was: invoices to run the demonstration with where there is no real order book. */
import { type Random, seededRandom } from '../random.ts';
import type { Invoice, InvoiceLine, InvoiceSource } from './invoice.ts';

/** Products of the shop. Some sell rarely, so that an order may be the only one for something. */
const PRODUCTS = 400;

const COUNTRIES = [
  'United Kingdom',
  'United Kingdom',
  'United Kingdom',
  'Germany',
  'France',
  'EIRE',
] as const;

/** Days between two credits or corrections, counted in invoices. */
const CREDIT_SHARE = 0.12;
const ADJUSTMENT_SHARE = 0.05;

/** Lines of an invoice at most, and units of a line. */
const LINES_MAX = 12;
const UNITS_MAX = 24;

/** The time of the first invoice, and the pause between two of them. */
const BEGIN = Date.UTC(2026, 0, 5, 9);
const PAUSE_MS = 7 * 60_000;

/** As many invoices as are wanted; the same for the same seed. */
export function sampleInvoices(invoices: number, seed: number): InvoiceSource {
  const random = seededRandom(seed);
  const sold: Invoice[] = [];
  let rows = 0;
  return {
    name: 'a generated sample, not a real order book',
    skipped: 0,
    get rows() {
      return rows;
    },
    async *[Symbol.asyncIterator]() {
      for (let number = 0; number < invoices; number++) {
        const invoice = nextInvoice(random, number, sold);
        if (invoice.kind === 'SALE') sold.push(invoice);
        rows += invoice.lines.length;
        yield invoice;
      }
    },
  };
}

function nextInvoice(random: Random, number: number, sold: readonly Invoice[]): Invoice {
  const at = new Date(BEGIN + number * PAUSE_MS).toISOString();
  const name = String(100_000 + number);
  if (sold.length > 0 && random.chance(CREDIT_SHARE))
    return credit(random, `C${name}`, at, random.pick(sold));
  if (random.chance(ADJUSTMENT_SHARE)) {
    const line = { ...product(random), quantity: random.chance(0.5) ? 3 : -2, unitPrice: '0' };
    return {
      number: name,
      kind: 'ADJUSTMENT',
      customerId: undefined,
      country: COUNTRIES[0],
      at,
      lines: [line],
    };
  }
  const lines = Array.from({ length: 1 + random.integer(LINES_MAX) }, () => ({
    ...product(random),
    quantity: 1 + random.integer(UNITS_MAX),
  }));
  const customerId = `customer-${random.integer(40)}`;
  return { number: name, kind: 'SALE', customerId, country: random.pick(COUNTRIES), at, lines };
}

/** Of half of them everything comes back, of the others some units of one line. */
function credit(
  random: Random,
  number: string,
  at: string,
  { customerId, country, lines }: Invoice,
): Invoice {
  const whole = random.chance(0.5);
  const back = whole ? lines : [random.pick(lines)];
  const returned = back.map((line) => ({
    ...line,
    quantity: whole ? -line.quantity : -(1 + random.integer(line.quantity)),
  }));
  return { number, kind: 'CREDIT', customerId, country, at, lines: returned };
}

/** A product with its price: low numbers sell more often. */
function product(random: Random): Omit<InvoiceLine, 'quantity'> {
  const number = Math.min(random.integer(PRODUCTS), random.integer(PRODUCTS));
  const pence = 25 + ((number * 37) % 1_975);
  const unitPrice = `${Math.floor(pence / 100)}.${String(pence % 100).padStart(2, '0')}`;
  return { productId: `sample-${number}`, name: `Sample product ${number}`, unitPrice };
}

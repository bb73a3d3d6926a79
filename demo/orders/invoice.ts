/** An invoice of a shop's order book, as a file or the sample generator gives it: real, and not yet an order. */

/** What an invoice is: goods sold, a credit for goods sold before, or a correction of the stock. */
export type InvoiceKind = 'SALE' | 'CREDIT' | 'ADJUSTMENT';

/** One line. */
export interface InvoiceLine {
  /** The stock code as an id of the platform. */
  readonly productId: string;
  /** What people call it; empty where the file does not say. */
  readonly name: string;
  /** Units, never 0; negative where goods came back or were written off. */
  readonly quantity: number;
  /** Decimal, at most 8 places, not negative. */
  readonly unitPrice: string;
}

/** One invoice with its lines in the order of the file. */
export interface Invoice {
  /** The shop's number, as an id of the platform; a credit's begins with `C`. */
  readonly number: string;
  readonly kind: InvoiceKind;
  /** The shop's customer, or undefined for a sale over the counter. */
  readonly customerId: string | undefined;
  readonly country: string;
  /** RFC 3339 in UTC. */
  readonly at: string;
  readonly lines: readonly InvoiceLine[];
}

/** Invoices in the order of the book. The counters tell about what has been read so far. */
export interface InvoiceSource extends AsyncIterable<Invoice> {
  /** For people: where the invoices are from. */
  readonly name: string;
  readonly rows: number;
  /** Rows that say nothing that could be sold: without a quantity, or with a price below zero. */
  readonly skipped: number;
}

/** The order book cannot be read; the message says where and why. */
export class InvoiceError extends Error {
  override readonly name = 'InvoiceError';
}

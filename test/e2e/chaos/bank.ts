/** The books of the sandbox's bank, read from its own files once the server has ended: nobody tells the platform of them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Exact, NOTHING, plain } from '../../../demo/exact.ts';
import { refundOf } from '../../../demo/orders/orderBooks.ts';
import type { Plan } from '../../../demo/orders/planned.ts';

/** Where a server keeps its objects, in its state folder: those of each class, and of each shard, in a folder of their own. */
const OBJECTS = 'data/do';

/** Folders of the bank: of the first shard, and of others. */
const BANK = /^folio(-\d)?-SandboxActor$/;

/** A payment as the bank has it; amounts are decimals. */
export interface BankBooks {
  readonly authorized: string;
  readonly captured: string;
  readonly released: string;
  readonly refunded: string;
}

/** Every payment that the bank knows, by its id. */
export function readBank(stateFolder: string): Map<string, BankBooks> {
  const payments = new Map<string, BankBooks>();
  const objects = join(stateFolder, OBJECTS);
  const files = readdirSync(objects)
    .filter((folder) => BANK.test(folder))
    .flatMap((folder) => readdirSync(join(objects, folder)).map((file) => join(objects, folder, file)));
  for (const file of files.filter((path) => /\/[0-9a-f]{64}\.sqlite$/.test(path))) {
    const database = new DatabaseSync(file, { readOnly: true });
    const rows = database.prepare('SELECT payment_id, books FROM payments').all() as {
      payment_id: string;
      books: string;
    }[];
    for (const { payment_id: id, books } of rows) payments.set(id, JSON.parse(books) as BankBooks);
    database.close();
  }
  return payments;
}

/** What the bank has otherwise than the plan: money taken once for what was delivered, and nothing held of anybody's. */
export function bankFaults({ orders }: Plan, bank: ReadonlyMap<string, BankBooks>): string[] {
  const faults: string[] = [];
  const known = new Set(orders.map(({ orderId }) => orderId));
  for (const order of orders) {
    const { orderId, ending, total } = order;
    const { authorized = '0', captured = '0', released = '0', refunded = '0' } = bank.get(orderId) ?? {};
    const [due, back] = ending === 'DELIVERED' ? [total, refundOf(order)] : [NOTHING, NOTHING];
    const fault = (what: string) => faults.push(`the bank has ${what} of order ${orderId}, ${ending}`);
    if (!due.eq(captured)) fault(`captured ${captured} in place of ${plain(due)}`);
    if (!back.eq(refunded)) fault(`refunded ${refunded} in place of ${plain(back)}`);
    const held = new Exact(authorized).minus(captured).minus(released);
    if (!held.isZero()) fault(`${plain(held)} still held`);
  }
  for (const paymentId of bank.keys())
    if (!known.has(paymentId)) faults.push(`the bank knows ${paymentId}, which nobody ordered`);
  return faults;
}

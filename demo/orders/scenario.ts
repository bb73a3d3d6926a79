/** `npm run demo -- --scenario orders`: a shop's order book through sagas, stock, payments and views, and then its books. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { plural } from '../../verifier/counts.ts';
import { Client } from '../client.ts';
import { count, duration } from '../figures.ts';
import { OwnPlatform } from '../platform.ts';
import { Progress } from '../progress.ts';
import { checkOrders, type OrderCheck, type OrderEvidence } from './checkOrders.ts';
import { driveOrders } from './driveOrders.ts';
import { Interrupt } from './interrupt.ts';
import type { InvoiceSource } from './invoice.ts';
import { openInvoices } from './invoiceFile.ts';
import { type OrderObservation, observeOrders, readHistory } from './observeOrders.ts';
import { OrderBooks } from './orderBooks.ts';
import { Patience } from './patience.ts';
import { makePlan } from './plan.ts';
import type { Plan } from './planned.ts';
import { checkLines, planLines, reportOrders } from './reportOrders.ts';
import { sampleInvoices } from './sampleInvoices.ts';
import { Shop } from './shop.ts';

/** Invoices of a run that does not say how many: a thousand lines, and about a minute on two slow cores. All take over an hour. */
export const DEFAULT_INVOICES = 60;

/** Invoices of the sample, where all are asked for. */
const SAMPLE_INVOICES_MAX = 10_000;

/** Where the order book lies beside the repository, if it does. */
const BOOK = join(import.meta.dirname, '../../../shared/data/orders-uci/online_retail_240k.csv.gz');

/** Nothing in the plan waits as long: webhooks come after two seconds, providers are asked again soon, the sweeper looks each minute. */
const PATIENCE_MS = 120_000;

const STOPPING = [
  '',
  'No more orders are placed; those under way come to their end. Ctrl-C again ends at once.',
];

/** What a shell says of a process that Ctrl-C ended. */
const INTERRUPTED = 130;

/** Lines of the platform's log that a failed run shows. */
const LOG_LINES_SHOWN = 20;

/** What to run. */
export interface OrderOptions {
  /** A file of invoices; the order book where there is none, and a sample where there is no order book. */
  readonly ordersFile: string | undefined;
  /** Most invoices to take; Infinity for all. */
  readonly limit: number;
  readonly seed: number;
  readonly keep: boolean;
  readonly shards: number;
}

const print = (lines: readonly string[]) => console.log(lines.join('\n'));

/** Runs it, and answers the exit code. */
export async function runOrders({ ordersFile, limit, seed, keep, shards }: OrderOptions): Promise<number> {
  const startedAt = performance.now();
  const progress = new Progress(process.stdout);
  const { source, note } = openBook(ordersFile, limit, seed);
  const plan = await makePlan(source, { limit, seed });
  print(headLines(source, note, plan, { limit, seed }));
  const platform = await OwnPlatform.start(shards);
  const interrupt = new Interrupt(process, {
    onFirst: () => print(STOPPING),
    onSecond: () => void platform.stop(keep).finally(() => process.exit(INTERRUPTED)),
  });
  const client = new Client(platform.url, platform.token);
  try {
    const shop = new Shop(client, `demo${seed}`, new Patience(PATIENCE_MS));
    const evidence = await run(shop, plan, interrupt, (text) => progress.show(text));
    const done = evidence.plan.orders;
    const undone = done.find(({ ending }) => ending === 'DECLINED' || ending === 'OUT_OF_STOCK');
    const trace = undone && { order: undone, history: await readHistory(shop, undone.orderId) };
    const checks = checkOrders(evidence);
    const isRight = checks.every(({ faults }) => faults.length === 0);
    progress.clear();
    if (done.length < plan.orders.length)
      print(['', `Stopped after ${count(done.length)} of ${plural(plan.orders.length, 'order')}`]);
    print([...reportOrders(evidence, trace), ...checkLines(checks)]);
    if (!isRight) printLog(platform);
    if (keep) print(['', `The state folder is ${platform.folder}`]);
    print(['', closingLine(checks, performance.now() - startedAt)]);
    return isRight ? 0 : 1;
  } catch (error) {
    printLog(platform);
    throw error;
  } finally {
    progress.clear();
    client.close();
    await platform.stop(keep);
    interrupt.release();
  }
}

async function run(
  shop: Shop,
  whole: Plan,
  interrupt: Interrupt,
  onProgress: (text: string) => void,
): Promise<OrderEvidence> {
  const { runs, plan } = await driveOrders(shop, whole, onProgress, () => interrupt.isStopping);
  const books = new OrderBooks(plan);
  const evidence = (seen: OrderObservation): OrderEvidence => ({ plan, books, runs, seen });
  const isRight = (seen: OrderObservation) =>
    checkOrders(evidence(seen)).every(({ faults }) => faults.length === 0);
  const isWrongAnyway = runs.some(({ faults }) => faults.length > 0);
  return evidence(await observeOrders(shop, plan, isWrongAnyway ? () => true : isRight, onProgress));
}

function openBook(
  file: string | undefined,
  limit: number,
  seed: number,
): { source: InvoiceSource; note: string } {
  const given = file ?? (existsSync(BOOK) ? BOOK : undefined);
  if (given !== undefined) return { source: openInvoices(given), note: '' };
  const invoices = Math.min(limit, SAMPLE_INVOICES_MAX);
  const note = 'NO ORDER BOOK WAS FOUND: these invoices are generated. Give a real one with --orders FILE.';
  return { source: sampleInvoices(invoices, seed), note };
}

function headLines(
  source: InvoiceSource,
  note: string,
  plan: Plan,
  { limit, seed }: Pick<OrderOptions, 'limit' | 'seed'>,
): string[] {
  const isCut = plan.counts.invoices >= limit;
  return [
    'Folio: a shop’s order book through sagas, stock and payments, checked against independent books',
    ...(note === '' ? [] : [`  ${note}`]),
    `  book       ${source.name}, seed ${seed}`,
    ...planLines(plan).map((line) => `  taken      ${line}`),
    ...(isCut
      ? ['             the first ones: --limit takes another number, "--limit all" the whole book']
      : []),
  ];
}

function closingLine(checks: readonly OrderCheck[], ms: number): string {
  const failed = checks.filter(({ faults }) => faults.length > 0).length;
  return failed === 0
    ? `✓ all ${checks.length} checks hold: stock and money are right (${duration(ms)})`
    : `✗ ${failed} of ${checks.length} checks failed (${duration(ms)})`;
}

function printLog(platform: OwnPlatform): void {
  const lines = platform.log().trim().split('\n').slice(-LOG_LINES_SHOWN);
  if (lines.join('') !== '')
    print(['', 'The end of the platform’s log', ...lines.map((line) => `  ${line}`)]);
}

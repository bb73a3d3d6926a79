/** Kills the server again and again while orders go through it, and then holds stock, money and the bank to the plan. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from '../../../demo/client.ts';
import { duration } from '../../../demo/figures.ts';
import { checkOrders, type OrderEvidence } from '../../../demo/orders/checkOrders.ts';
import { driveOrders } from '../../../demo/orders/driveOrders.ts';
import { type OrderObservation, observeOrders } from '../../../demo/orders/observeOrders.ts';
import { OrderBooks } from '../../../demo/orders/orderBooks.ts';
import { Patience } from '../../../demo/orders/patience.ts';
import { makePlan } from '../../../demo/orders/plan.ts';
import type { Plan } from '../../../demo/orders/planned.ts';
import { sampleInvoices } from '../../../demo/orders/sampleInvoices.ts';
import { Shop } from '../../../demo/orders/shop.ts';
import { type Random, seededRandom } from '../../../demo/random.ts';
import { readOrMakeToken } from '../../../local/stateFolder.ts';
import { bankFaults, readBank } from './bank.ts';
import { ServeProcess } from './server.ts';

/** Nothing at all gets on for so long only where something is lost for good: some restarts, and two runs of the sweeper. */
const PATIENCE_MS = 300_000;

/** A kill comes so long at most after the order that it waits for. */
const KILL_PAUSE_MS_MAX = 1_500;

/** Part of the kills that hit one runtime alone: one that has objects, in shards any of them, or that of databases and buckets. */
const KILL_RUNTIME_SHARE = 0.3;
const KILL_STORAGE_SHARE = 0.2;

/** Part of those of the objects that hit another than the first, where there is one. */
const KILL_OTHER_SHARD_SHARE = 0.5;

/** What to do. */
export interface OrderChaosOptions {
  readonly kills: number;
  readonly seed: number;
  readonly invoices: number;
  /** Runtimes that the objects are spread over. */
  readonly shards: number;
  readonly onProgress: (text: string) => void;
}

/** What was done and found. */
export interface OrderChaosResult {
  readonly faults: readonly string[];
  readonly orders: number;
  readonly kills: number;
  /** What holds, in words. */
  readonly holds: readonly string[];
}

/** Runs it, on a state folder that is removed at the end. */
export async function runOrderChaos(options: OrderChaosOptions): Promise<OrderChaosResult> {
  const { seed, invoices, shards, onProgress } = options;
  const folder = mkdtempSync(join(tmpdir(), 'folio-chaos-'));
  const server = await ServeProcess.on(folder, shards);
  // The server of this folder will take the token that it finds.
  const client = new Client(server.url, readOrMakeToken(join(folder, 'dev-token')));
  const plan = await makePlan(sampleInvoices(invoices, seed), { limit: invoices, seed });
  const shop = new Shop(client, 'chaos', new Patience(PATIENCE_MS));
  try {
    server.start();
    await server.ready();
    const { evidence, kills } = await runAndKill(server, shop, plan, options);
    onProgress(`all ${plan.orders.length} orders are through; everything is being checked`);
    const checks = checkOrders(evidence);
    client.close();
    // The bank's own books are looked at by nobody while it may write them.
    await server.stop();
    const faults = [
      ...checks.flatMap(({ name, faults: own }) => own.map((fault) => `${name}: ${fault}`)),
      ...bankFaults(plan, readBank(folder)),
    ];
    const holds = checks.filter((check) => check.faults.length === 0).map(({ what }) => what);
    return { faults, orders: plan.orders.length, kills, holds };
  } finally {
    client.close();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function runAndKill(
  server: ServeProcess,
  shop: Shop,
  plan: Plan,
  options: OrderChaosOptions,
): Promise<{ evidence: OrderEvidence; kills: number }> {
  let ended = 0;
  let isDone = false;
  const driving = driveOrders(shop, plan, (_, through) => {
    ended = through;
  }).finally(() => {
    isDone = true;
  });
  // Whoever waits for it gets its failure.
  driving.catch(() => undefined);
  const kills = await killAgainAndAgain(server, options, plan.orders.length, () => (isDone ? 'done' : ended));
  const { runs } = await driving;
  const books = new OrderBooks(plan);
  const evidence = (seen: OrderObservation): OrderEvidence => ({ plan, books, runs, seen });
  const isRight = (seen: OrderObservation) =>
    checkOrders(evidence(seen)).every(({ faults }) => faults.length === 0);
  return { evidence: evidence(await observeOrders(shop, plan, isRight, () => undefined)), kills };
}

/** Kills the server whenever another share of the orders is through; answers how often. */
async function killAgainAndAgain(
  server: ServeProcess,
  { kills, seed, shards, onProgress }: OrderChaosOptions,
  orders: number,
  progress: () => number | 'done',
): Promise<number> {
  // Its own sequence, so that the moments are those of the seed.
  const random = seededRandom(seed + 1);
  for (let kill = 1; kill <= kills; kill++) {
    // The first comes when nothing is through, and sagas are in every state that they can be in.
    const wanted = Math.floor(((kill - 1) * orders) / kills);
    for (;;) {
      const through = progress();
      if (through === 'done') return kill - 1;
      if (through >= wanted) break;
      await sleep(20);
    }
    const pause = random.integer(KILL_PAUSE_MS_MAX);
    await sleep(pause);
    const what = await killOnce(server, random, shards);
    onProgress(
      `kill ${kill} of ${kills}: ${what}, with ${progress()} of ${orders} orders through and ${duration(pause)} later`,
    );
    await server.ready();
  }
  return kills;
}

async function killOnce(server: ServeProcess, random: Random, shards: number): Promise<string> {
  if (random.chance(KILL_RUNTIME_SHARE)) {
    const isOther = shards > 1 && random.chance(KILL_OTHER_SHARD_SHARE);
    server.killRuntime(isOther ? 'another shard' : 'objects');
    return isOther ? 'another shard alone' : 'the objects alone';
  }
  if (random.chance(KILL_STORAGE_SHARE)) {
    server.killRuntime('storage');
    return 'the storage alone';
  }
  await server.kill();
  server.start();
  return 'everything';
}

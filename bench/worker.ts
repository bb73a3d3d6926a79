/**
 * The product's Worker with a few routes more for the benchmarks: what an account has written and stored, and how far the
 * views are. Never deployed.
 */
import { AccountActor as ProductAccountActor } from '../actors/index.ts';
import { project } from '../queues/kernel/runner.ts';
import { isAggregateType } from '../schemas/aggregates.ts';
import { type EventsMessage, parseEventsMessage } from '../schemas/message.ts';
import { partOf } from '../schemas/partition.ts';
import { createLogger } from '../telemetry/logger.ts';
import { LOCAL_ADMINISTRATOR } from '../workers/access/principal.ts';
import { actorStub } from '../workers/aggregates.ts';
import { type Env, viewDatabases } from '../workers/env.ts';
import { application } from '../workers/http/app.ts';
import product from '../workers/index.ts';
import { projectionDeps } from '../workers/projection.ts';
import { type AccountSums, type LogRow, sumsOfLog } from './archive/sums.ts';
import { OrderActor } from './orderActor.ts';
import { tradeCycle } from './workload/trades.ts';

/** Events of a message of a busy account: what arrives between two announcements. */
const MESSAGE_EVENTS = 50;

/** Messages of a batch of the queue. */
const QUEUE_BATCH_MESSAGES = 100;

/** Trades that an account with a long past repeats. */
const TEMPORAL_CYCLE = 2_000;

const BOOKING = { userId: 'bench', correlationId: 'bench', causationId: null };

const OPENING = {
  accountType: 'INDIVIDUAL',
  currency: 'USD',
  customerId: 'bench',
  initialBalance: '900000000000',
};

export * from '../workers/index.ts';
export { OrderActor };

/** The application without its gateway, to measure what that costs. */
const open = application({
  middleware: [
    (c, next) => {
      c.set('principal', LOCAL_ADMINISTRATOR);
      return next();
    },
  ],
  guard: (route) => route.handle,
});

/** What the log of an account takes. */
export interface StoredSize {
  readonly events: number;
  readonly trades: number;
  /** Bytes of all columns of the `TradeExecuted` rows, by SQL `length()`. */
  readonly tradeBytes: number;
  /** Size of the whole database file: pages, indexes and snapshots included. */
  readonly databaseBytes: number;
}

interface BenchEnv extends Omit<Env, 'ACCOUNTS' | 'ORDERS'> {
  /** Serves without the gateway. */
  readonly BENCH_OPEN?: string;
  readonly ACCOUNTS: DurableObjectNamespace<AccountActor>;
  readonly ORDERS: DurableObjectNamespace<OrderActor>;
}

/** The account, with its insides open to the benchmarks. */
export class AccountActor extends ProductAccountActor {
  /** Sizes of what is stored, over whatever columns the log has. */
  storedSize(): StoredSize {
    const { sql } = this.ctx.storage;
    const columns = sql.exec<{ name: string }>("SELECT name FROM pragma_table_info('events')").toArray();
    const bytes = columns.map(({ name }) => `coalesce(length("${name}"), 0)`).join(' + ');
    const row = sql
      .exec<{ events: number; trades: number; tradeBytes: number }>(
        `SELECT count(*) AS events, sum(type = 'TradeExecuted') AS trades,
           sum(CASE WHEN type = 'TradeExecuted' THEN ${bytes} END) AS tradeBytes FROM events`,
      )
      .one();
    return { ...row, databaseBytes: sql.databaseSize };
  }

  /**
   * Books `count` trades more, one a turn, at times spread evenly from one to another (milliseconds since 1970): no API has
   * a clock that can be set. Opens the account before the first. Answers the version it came to.
   */
  bookBetween(from: number, to: number, count: number): number {
    const { aggregate } = this.core;
    const trades = tradeCycle(1, TEMPORAL_CYCLE);
    const book = (commandId: string, type: string, data: object, at: number) => {
      const [verdict] = aggregate.execute([{ command: { commandId, type, data }, context: BOOKING }], at);
      if (verdict?.status !== 'accepted') throw new Error(`${type} was not accepted`);
    };
    this.ctx.storage.transactionSync(() => {
      if (aggregate.log.head().version === 0) {
        book('open', 'OpenAccount', OPENING, from);
        book('limits', 'SetLimits', { allowShort: true }, from);
      }
      const first = aggregate.log.head().version;
      for (let index = 0; index < count; index++) {
        const tradeId = `t-${first + index}`;
        const at = from + Math.floor(((index + 1) * (to - from)) / count);
        book(tradeId, 'ExecuteTrade', { ...trades[(first + index) % TEMPORAL_CYCLE], tradeId }, at);
      }
    });
    return aggregate.log.head().version;
  }

  /** Makes it a log that an older release wrote, which kept no digests; answers how many there were. */
  dropDigests(): number {
    return this.ctx.storage.sql.exec('DELETE FROM digests').rowsWritten;
  }

  /** What the events come to. */
  sums(): AccountSums {
    return sumsOfLog(
      this.ctx.storage.sql.exec<LogRow>('SELECT type, data, hash FROM events ORDER BY version'),
    );
  }

  /** Rebuilds the state from the events alone and answers the version it came to. */
  foldFromEvents(): number {
    const { aggregate } = this.core;
    return aggregate.stateFromEvents(aggregate.log.head().version).version;
  }
}

/** Positions of the view that is furthest behind, by aggregate. */
async function viewVersions(env: BenchEnv): Promise<Record<string, number>> {
  const versions: Record<string, number> = {};
  for (const database of viewDatabases(env as unknown as Env)) {
    const { results } = await database
      .prepare(
        `SELECT p.aggregate_id AS id, min(p.version) AS version, count(*) AS views FROM view_positions AS p
           LEFT JOIN views AS v ON v.view = p.view WHERE p.colour = coalesce(v.live, 'blue') GROUP BY p.aggregate_id`,
      )
      .all<{ id: string; version: number }>();
    for (const { id, version } of results) versions[id] = version;
  }
  return versions;
}

/** Messages as the queue would bring them, kept here between two requests so that reading them is not measured. */
let prefetched: EventsMessage[] = [];

/** Reads the next `perAccount` events of each of the first accounts as messages; answers how many events that is. */
async function prefetch(
  env: BenchEnv,
  accounts: string[],
  from: number,
  perAccount: number,
): Promise<number> {
  prefetched = [];
  for (let first = from; first < from + perAccount; first += MESSAGE_EVENTS) {
    const texts = await Promise.all(
      accounts.map((account) => env.ACCOUNTS.getByName(account).messages(first, MESSAGE_EVENTS)),
    );
    prefetched.push(...texts.flat().map(parseEventsMessage));
  }
  return prefetched.reduce((events, message) => events + message.events.length, 0);
}

/** Applies the prefetched messages to the views, in batches as large as those of a queue. */
async function projectPrefetched(env: BenchEnv): Promise<number> {
  const productEnv = env as unknown as Env;
  const databases = viewDatabases(productEnv).length;
  const logger = createLogger('queue', env.LOG_LEVEL);
  let applied = 0;
  for (let first = 0; first < prefetched.length; first += QUEUE_BATCH_MESSAGES) {
    const batch = prefetched.slice(first, first + QUEUE_BATCH_MESSAGES);
    for (let part = 0; part < databases; part++) {
      const share = batch.filter((message) => partOf(message.aggregateId, databases) === part);
      const result = await project(projectionDeps(productEnv, part, logger), share);
      applied += result.applied;
    }
  }
  return applied;
}

/** Commands that an aggregate's log has: each was a commit. */
async function commits(env: BenchEnv, aggregateType: string, aggregateId: string): Promise<number> {
  if (!isAggregateType(aggregateType)) throw new Error(`no aggregate type ${aggregateType}`);
  const log = await actorStub(env as unknown as Env, { aggregateType, aggregateId }).events(1, 1_000);
  const events = JSON.parse(log) as { metadata: { commandId: string } }[];
  return new Set(events.map(({ metadata }) => metadata.commandId)).size;
}

/** Places an order the product's way, and answers once it is decided. */
async function place(request: Request, env: BenchEnv, ctx: ExecutionContext): Promise<Response> {
  const body = await request.text();
  const { orderId } = JSON.parse(body) as { orderId: string };
  const { method, headers } = request;
  const order = new Request(new URL('/v1/orders', request.url), { method, headers, body });
  const placed = await product.fetch(order, env as unknown as Env, ctx);
  if (placed.status !== 202) return placed;
  return Response.json({ status: await env.ORDERS.getByName(orderId).decided() });
}

async function bench(
  env: BenchEnv,
  route: string,
  [account, id]: readonly [account: string, id: string],
  parameters: URLSearchParams,
): Promise<unknown> {
  const number = (name: string) => Number(parameters.get(name));
  const actor = env.ACCOUNTS.getByName(account);
  switch (route) {
    case 'rows-written':
      return actor.rowsWritten();
    case 'stored-size':
      return actor.storedSize();
    case 'head':
      return actor.head();
    case 'book-between':
      return actor.bookBetween(number('from'), number('to'), number('events'));
    case 'drop-digests':
      return actor.dropDigests();
    case 'sums':
      return actor.sums();
    case 'fold':
      return actor.foldFromEvents();
    case 'views':
      return viewVersions(env);
    case 'prefetch':
      return prefetch(env, account.split(','), number('from'), number('events'));
    case 'project':
      return projectPrefetched(env);
    case 'commits':
      return commits(env, account, id);
    default:
      throw new Error(`no bench route ${route}`);
  }
}

export default {
  ...product,
  async fetch(request, env, ctx) {
    if (!request.url.includes('/bench/')) {
      const { fetch } = env.BENCH_OPEN === undefined ? product : open;
      return fetch(request, env as unknown as Env, ctx);
    }
    const { pathname, searchParams } = new URL(request.url);
    const [, , route = '', account = '-', id = ''] = pathname.split('/');
    if (route === 'place') return place(request, env, ctx);
    return Response.json(await bench(env, route, [account, id], searchParams));
  },
} satisfies ExportedHandler<BenchEnv>;

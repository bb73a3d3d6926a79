/**
 * The product's Worker with a few routes more for the benchmarks: what an account has written and stored, and how far the
 * views are. Never deployed.
 */
import { AccountActor as ProductAccountActor } from '../actors/index.ts';
import { type Env, viewDatabases } from '../workers/env.ts';
import product from '../workers/index.ts';

export * from '../workers/index.ts';

/** What the log of an account takes. */
export interface StoredSize {
  readonly events: number;
  readonly trades: number;
  /** Bytes of all columns of the `TradeExecuted` rows, by SQL `length()`. */
  readonly tradeBytes: number;
  /** Size of the whole database file: pages, indexes and snapshots included. */
  readonly databaseBytes: number;
}

interface BenchEnv extends Omit<Env, 'ACCOUNTS'> {
  readonly ACCOUNTS: DurableObjectNamespace<AccountActor>;
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

async function bench(env: BenchEnv, route: string, account: string): Promise<unknown> {
  const actor = env.ACCOUNTS.getByName(account);
  switch (route) {
    case 'rows-written':
      return actor.rowsWritten();
    case 'stored-size':
      return actor.storedSize();
    case 'head':
      return actor.head();
    case 'fold':
      return actor.foldFromEvents();
    case 'views':
      return viewVersions(env);
    default:
      throw new Error(`no bench route ${route}`);
  }
}

export default {
  ...product,
  async fetch(request, env, ctx) {
    const [, , route, account = '-'] = request.url.includes('/bench/')
      ? new URL(request.url).pathname.split('/')
      : [];
    if (route !== undefined) return Response.json(await bench(env, route, account));
    return product.fetch(request, env as unknown as Env, ctx);
  },
} satisfies ExportedHandler<BenchEnv>;

/** Checks of one view database: cheap ones after every commit, everything once the system has come to rest. */
import { keyOf } from '../../../queues/kernel/positions.ts';
import type { Difference } from '../../../queues/rebuild/job.ts';
import { VIEWS, type ViewName } from '../../../schemas/tables/views.ts';
import { liveColours, type SimDatabase } from '../model/database.ts';
import { Breach } from '../model/world.ts';

import { poisonOf } from '../workload/poisonProjector.ts';
import type { AccountBook } from './accountBook.ts';
import { canonicalText } from './exact.ts';
import { FeedReader } from './feed.ts';
import type { Ledger } from './ledger.ts';
import { SHOP_VIEWS } from './shopRows.ts';
import type { Row } from './tradeBook.ts';

/** What has become of poison: it always parked, it was applied whenever views were mended, or it is poison no more. */
export type PoisonFate = 'parked' | 'maybe' | 'mended';

interface ViewPosition {
  readonly version: number;
  readonly parked: number | null;
}

/** The types of aggregates that a view is of; the journal is of all. */
const TYPES: Readonly<Record<Exclude<ViewName, 'journal'>, readonly string[]>> = {
  accounts: ['account'],
  positions: ['account'],
  trades: ['account'],
  orders: ['order'],
  order_history: ['order', 'payment', 'shipment'],
  inventory: ['inventory'],
  payments: ['payment'],
  sales: ['order', 'payment'],
  sagas: ['saga'],
};

/** Views whose rows have a version, and what their rows are known by. */
const VERSIONED: readonly (readonly [view: ViewName, key: string])[] = [
  ['accounts', 'account_id'],
  ['positions', "account_id || ' ' || symbol"],
  ['orders', 'order_id'],
  ['inventory', 'product_id'],
  ['payments', 'payment_id'],
  ['sagas', 'saga_id'],
];

/** What ends a rebuild without a switch and without a fault: somebody wants it to, or another order, or an event is poison. */
const FAIR_FAILURE = /^cancelled$| began elsewhere$|cannot take event/;

export class ViewAudit {
  readonly #database: SimDatabase;
  readonly #ledgers: ReadonlyMap<string, Ledger>;
  readonly #feed: FeedReader;
  /** Versions of latest-state rows. */
  #shown: ReadonlyMap<string, number> = new Map();
  #positions: ReadonlyMap<string, ViewPosition> = new Map();

  constructor(database: SimDatabase, ledgers: ReadonlyMap<string, Ledger>) {
    this.#database = database;
    this.#ledgers = ledgers;
    this.#feed = new FeedReader(database, ledgers);
  }

  /** After a commit: the feed goes on, live views never go back, only poison parks, and a rebuild finds nothing wrong. */
  changed(): void {
    this.#feed.readOn();
    const positions = this.#readPositions();
    this.#forward(this.#positions, positions, ({ version }) => version);
    for (const [key, { version, parked }] of positions) {
      if (parked === null) continue;
      if (parked !== version + 1) this.#fail('poison parks', `${key} at ${version}, not before ${parked}`);
      if (!this.#isPoison(key, parked)) this.#fail('only poison parks', `${key} before ${parked}`);
    }
    this.#positions = positions;
    const shown = this.#readShown();
    this.#forward(this.#shown, shown, (version) => version);
    this.#shown = shown;
    this.#checkRebuild();
  }

  /** At rest: every view stands at its log's head, or just before an event that is poison for this very view. */
  settled(poison: PoisonFate, unreadable: string | undefined): void {
    const positions = this.#readPositions();
    for (const ledger of this.#own()) {
      if (keyOf(ledger.source) === unreadable) continue;
      for (const view of VIEWS) {
        if (view !== 'journal' && !TYPES[view].includes(ledger.source.aggregateType)) continue;
        const key = `${view} ${keyOf(ledger.source)}`;
        const { version, parked } = positions.get(key) ?? { version: 0, parked: null };
        const expected = poison === 'maybe' ? parked : poison === 'parked' ? firstPoison(ledger, view) : null;
        const end = expected === null ? ledger.version : expected - 1;
        if (version !== end) this.#fail('views reach their logs', `${key} stands at ${version} of ${end}`);
        if (parked !== expected)
          this.#fail('poison parks', `${key} is parked before ${parked}, not ${expected}`);
      }
    }
  }

  /**
   * A journal that was parked while it was filled, and went on once it was mended, has a row that ends before the event it could
   * not take, which the live one need not have.
   */
  #mayEndElsewhere({ view, kind, ...key }: Difference): boolean {
    if (view !== 'journal' || (kind !== 'only_rebuilt' && kind !== 'only_live')) return false;
    const events = this.#own().find(({ source }) => keyOf(source) === keyOf(key))?.events ?? [];
    return events.some(({ data }) => poisonOf(data.reference)?.view === 'journal');
  }

  /** After a rebuild that nothing stood in the way of. */
  rebuilt(): void {
    const [row] = this.#database.inspect('SELECT phase, reason, differences_found AS found FROM rebuilds');
    if (row?.phase !== 'SWITCHED' || row.found !== 0)
      this.#fail(
        'a rebuild finds nothing wrong',
        `${row?.phase} (${row?.reason}) with ${row?.found} differences`,
      );
  }

  /** Every row of every view is what the auditor's books say. */
  complete(): void {
    const accounts = this.#own().filter(({ source }) => source.aggregateType === 'account');
    const rows = (list: (book: AccountBook, id: string) => Row[]) =>
      accounts.flatMap(({ book, source }) => list(book as AccountBook, source.aggregateId));
    const accountRows = rows((book, id) => book.accountRows(id));
    const positionRows = rows((book, id) => book.positionRows(id));
    this.#compare('accounts', ['account_id'], accountRows);
    this.#compare('positions', ['account_id', 'symbol'], positionRows);
    this.#compare(
      'trades',
      ['account_id', 'version'],
      rows((book) => book.trades.rows()),
    );
    for (const { view, key, expected, shown } of SHOP_VIEWS)
      this.#compare(view, key, this.#own().flatMap(expected), shown);
    this.#feed.complete(this.#own());
  }

  /** What readers have seen they still see, at the same version or a later one. */
  #forward<Value>(
    before: ReadonlyMap<string, Value>,
    after: ReadonlyMap<string, Value>,
    versionOf: (value: Value) => number,
  ): void {
    for (const [key, value] of before) {
      // What stood before its first event may as well stand nowhere.
      const now = after.get(key);
      const version = now === undefined ? 0 : versionOf(now);
      if (version < versionOf(value))
        this.#fail('views only go forward', `${key} from ${versionOf(value)} to ${version}`);
    }
  }

  #checkRebuild(): void {
    const [row] = this.#database.inspect('SELECT phase, reason, differences FROM rebuilds');
    if (row === undefined) return;
    const differences = JSON.parse(String(row.differences)) as Difference[];
    const wrong = differences.find((each) => each.kind !== 'parked' && !this.#mayEndElsewhere(each));
    if (wrong !== undefined) this.#fail('a rebuild finds nothing wrong', JSON.stringify(wrong));
    if (row.phase === 'FAILED' && !FAIR_FAILURE.test(String(row.reason)))
      this.#fail('a rebuild finds nothing wrong', `it failed: ${row.reason}`);
  }

  #compare(
    view: ViewName,
    names: readonly string[],
    expected: readonly Row[],
    shown: (row: Row) => Row = (row) => row,
  ): void {
    const table = `${view}_${liveColours(this.#database).get(view)}`;
    const actual = this.#database.inspect(`SELECT * FROM ${table} ORDER BY ${names.join(', ')}`).map(shown);
    const sorted = [...expected].sort((a, b) => compareBy(names, a, b));
    sorted.forEach((row, index) => {
      const found = actual[index];
      if (found === undefined || canonicalText({ ...found }) !== canonicalText(row)) {
        this.#fail(
          'views equal their logs',
          `${view}: ${JSON.stringify(found)} instead of ${JSON.stringify(row)}`,
        );
      }
    });
    if (actual.length !== sorted.length)
      this.#fail('views equal their logs', `${view} has ${actual.length} rows, not ${sorted.length}`);
  }

  /** Ledgers whose aggregates have events in this database. */
  #own(): Ledger[] {
    return [...this.#ledgers.values()].filter(
      ({ source, version }) => version > 0 && this.#database.holds(source.aggregateId),
    );
  }

  /** Where the live views stand, by view and aggregate. */
  #readPositions(): Map<string, ViewPosition> {
    const live = liveColours(this.#database);
    const rows = this.#database.inspect(
      "SELECT view, colour, aggregate_type || '/' || aggregate_id AS key, version, parked_version AS parked FROM view_positions",
    );
    return new Map(
      rows
        .filter(({ view, colour }) => live.get(String(view)) === colour)
        .map(({ view, key, version, parked }) => [
          `${view} ${key}`,
          { version: Number(version), parked: parked as number | null },
        ]),
    );
  }

  /** Versions of the rows that show the latest state. */
  #readShown(): Map<string, number> {
    const live = liveColours(this.#database);
    const rows = this.#database.inspect(
      VERSIONED.map(
        ([view, key]) => `SELECT '${view} ' || ${key} AS key, version FROM ${view}_${live.get(view)}`,
      ).join(' UNION ALL '),
    );
    return new Map(rows.map(({ key, version }) => [String(key), Number(version)]));
  }

  #isPoison(key: string, version: number): boolean {
    const [view, aggregate] = key.split(' ') as [string, string];
    const event = this.#ledgers.get(aggregate)?.events[version - 1];
    return poisonOf(event?.data.reference)?.view === view;
  }

  #fail(check: string, detail: string): never {
    throw new Breach(check, `${this.#database.name}: ${detail}`);
  }
}

function firstPoison(ledger: Ledger, view: ViewName): number | null {
  return ledger.events.find(({ data }) => poisonOf(data.reference)?.view === view)?.version ?? null;
}

function compareBy(names: readonly string[], a: Row, b: Row): number {
  for (const name of names) {
    const [left, right] = [a[name] as string | number, b[name] as string | number];
    if (left !== right) return left < right ? -1 : 1;
  }
  return 0;
}

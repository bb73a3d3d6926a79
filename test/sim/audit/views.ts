/** Checks of one view database: cheap ones after every commit, everything once the system has come to rest. */
import { isDeepStrictEqual } from 'node:util';
import { keyOf } from '../../../queues/kernel/positions.ts';
import { VIEWS, type ViewName } from '../../../schemas/tables/views.ts';
import type { SimDatabase } from '../model/database.ts';
import { Breach } from '../model/world.ts';
import { poisonOf } from '../workload/poisonProjector.ts';
import type { Row } from './accountBook.ts';
import { canonicalText } from './exact.ts';
import { GENESIS, type Ledger } from './ledger.ts';

/** What has become of poison: it always parked, it was applied whenever views were mended, or it is poison no more. */
export type PoisonFate = 'parked' | 'maybe' | 'mended';

/** An event as the journal shows it. */
interface JournalEvent {
  readonly version: number;
  readonly data: unknown;
  readonly metadata: unknown;
}

interface ViewPosition {
  readonly version: number;
  readonly parked: number | null;
}

const ORDER: Record<Exclude<ViewName, 'journal'>, string> = {
  accounts: 'account_id',
  positions: 'account_id, symbol',
  trades: 'account_id, version',
};

export class ViewAudit {
  readonly #database: SimDatabase;
  readonly #ledgers: ReadonlyMap<string, Ledger>;
  #journalPosition = 0;
  readonly #journal = new Map<string, number>();
  /** Versions of latest-state rows. */
  readonly #shown = new Map<string, number>();
  #positions: ReadonlyMap<string, ViewPosition> = new Map();

  constructor(database: SimDatabase, ledgers: ReadonlyMap<string, Ledger>) {
    this.#database = database;
    this.#ledgers = ledgers;
  }

  /** After a commit: the journal grew by the next events of each log, positions never went back, only poison parks. */
  changed(): void {
    const rows = this.#database.inspect(
      'SELECT * FROM journal_blue WHERE position > ? ORDER BY position',
      this.#journalPosition,
    );
    for (const row of rows) this.#journalGrew(row);
    const positions = this.#readPositions();
    for (const [key, { version, parked }] of positions) {
      const before = this.#positions.get(key)?.version ?? 0;
      if (version < before) this.#fail('views only go forward', `${key} from ${before} to ${version}`);
      if (parked !== null && parked !== version + 1)
        this.#fail('poison parks', `${key} at ${version}, not before ${parked}`);
      if (parked !== null && !this.#isPoison(key, parked))
        this.#fail('only poison parks', `${key} before ${parked}`);
    }
    this.#positions = positions;
    this.#rowsGoForward();
  }

  /** At rest: every view stands at its log's head, or just before an event that is poison for this very view. */
  settled(poison: PoisonFate, unreadable: string | undefined): void {
    const positions = this.#readPositions();
    for (const ledger of this.#own()) {
      if (keyOf(ledger.source) === unreadable) continue;
      for (const view of VIEWS) {
        if (view !== 'journal' && ledger.source.aggregateType !== 'account') continue;
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

  /** Every row of every view is what the auditor's books say. */
  complete(): void {
    const accounts = this.#own().filter(({ source }) => source.aggregateType === 'account');
    const rows = (list: (ledger: Ledger) => Row[]) => accounts.flatMap(list);
    this.#compare(
      'accounts',
      rows(({ account, source }) => account.accountRows(source.aggregateId)),
    );
    this.#compare(
      'positions',
      rows(({ account, source }) => account.positionRows(source.aggregateId)),
    );
    this.#compare(
      'trades',
      rows(({ account }) => account.tradeRows),
    );
    this.#compareJournal();
  }

  /** Latest-state rows never show an older state than they have shown. */
  #rowsGoForward(): void {
    const rows = this.#database.inspect(
      "SELECT account_id AS key, version FROM accounts_blue UNION ALL SELECT account_id || ' ' || symbol, version " +
        'FROM positions_blue',
    );
    for (const { key, version } of rows) {
      const shown = this.#shown.get(String(key)) ?? 0;
      if (Number(version) < shown) this.#fail('views only go forward', `${key} from ${shown} to ${version}`);
      this.#shown.set(String(key), Number(version));
    }
  }

  /** A row holds a run of events; its position is that of the last one, the others come right before it. */
  #journalGrew(row: Row): void {
    const key = keyOf({ aggregateType: String(row.aggregate_type), aggregateId: String(row.aggregate_id) });
    const events = JSON.parse(String(row.events)) as { version: number; hash: string }[];
    if (Number(row.position) - events.length < this.#journalPosition) {
      this.#fail(
        'no gap is ever visible',
        `${key}: position ${row.position} of ${events.length} events is taken`,
      );
    }
    const log = this.#ledgers.get(key)?.events ?? [];
    if (row.previous_hash !== (log[Number(row.from_version) - 2]?.hash ?? GENESIS)) {
      this.#fail(
        'views show what is durable',
        `${key}: the hash before version ${row.from_version} is another`,
      );
    }
    for (const { version, hash } of events) {
      const last = this.#journal.get(key) ?? 0;
      if (version !== last + 1)
        this.#fail('no gap is ever visible', `${key}: ${version} follows ${last} in the journal`);
      if (log[version - 1]?.hash !== hash) {
        this.#fail(
          'views show what is durable',
          `${key}: version ${version} of the journal is not in the log`,
        );
      }
      this.#journal.set(key, version);
    }
    if (events[0]?.version !== row.from_version || events.at(-1)?.version !== row.to_version) {
      this.#fail('views equal their logs', `${key}: a row of the journal does not hold what it says`);
    }
    this.#journalPosition = Number(row.position);
  }

  #compare(view: Exclude<ViewName, 'journal'>, expected: readonly Row[]): void {
    const actual = this.#database.inspect(`SELECT * FROM ${view}_blue ORDER BY ${ORDER[view]}`);
    const names = ORDER[view].split(', ');
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

  #compareJournal(): void {
    const rows = this.#database.inspect('SELECT * FROM journal_blue');
    const events = rows.flatMap((row) =>
      (JSON.parse(String(row.events)) as JournalEvent[]).map((event) => ({ row, event })),
    );
    const expected = this.#own().reduce((total, ledger) => total + ledger.version, 0);
    if (events.length !== expected)
      this.#fail('views equal their logs', `the journal has ${events.length} of ${expected} events`);
    for (const { row, event } of events) {
      const key = keyOf({ aggregateType: String(row.aggregate_type), aggregateId: String(row.aggregate_id) });
      const [version, eventType, schemaVersion, recordedAt, data, metadata, hash] =
        this.#ledgers.get(key)?.events[event.version - 1]?.row ?? [];
      const { data: shown, metadata: shownMetadata, ...rest } = event;
      const same =
        isDeepStrictEqual(rest, { version, eventType, schemaVersion, recordedAt, hash }) &&
        JSON.stringify(shown) === data &&
        JSON.stringify(shownMetadata) === metadata;
      if (!same)
        this.#fail('views equal their logs', `${key}: version ${event.version} of the journal differs`);
    }
  }

  /** Ledgers whose aggregates have events in this database. */
  #own(): Ledger[] {
    return [...this.#ledgers.values()].filter(
      ({ source, version }) => version > 0 && this.#database.holds(source.aggregateId),
    );
  }

  #readPositions(): Map<string, ViewPosition> {
    const rows = this.#database.inspect(
      "SELECT view || ' ' || aggregate_type || '/' || aggregate_id AS key, version, parked_version AS parked " +
        "FROM view_positions WHERE colour = 'blue'",
    );
    return new Map(
      rows.map(({ key, version, parked }) => [
        String(key),
        { version: Number(version), parked: parked as number | null },
      ]),
    );
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

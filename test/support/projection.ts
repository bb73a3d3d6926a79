/** Logs that live in the test, messages of them, and the runner on a real D1 database. */
import { env } from 'cloudflare:workers';
import { accountDecider } from '../../actors/account/decider.ts';
import { packMessages } from '../../actors/kernel/messages.ts';
import { d1Database, type ViewDatabase } from '../../queues/kernel/database.ts';
import type { RunnerDeps } from '../../queues/kernel/deps.ts';
import { keyOf } from '../../queues/kernel/positions.ts';
import { projectors } from '../../queues/projectors/index.ts';
import type { RebuildDeps } from '../../queues/rebuild/deps.ts';
import { isKnownEvent } from '../../schemas/eventTypes.ts';
import { type EventsMessage, parseEventsMessage } from '../../schemas/message.ts';
import { partOf } from '../../schemas/partition.ts';
import { newestSchemaVersion, upcast } from '../../schemas/upcasts.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { viewDatabases } from '../../workers/env.ts';
import type { TestEnv } from './migrations.ts';

/** The bindings of the tests. */
export const testEnv = env as unknown as TestEnv;

/** A log entry as a test looks at it. */
export interface LogLine {
  readonly level: string;
  readonly message: string;
  readonly fields: Record<string, unknown>;
}

/** A logger that keeps what it is told. */
export function memoryLogger(): Logger & { readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  return {
    lines,
    enabled: () => true,
    log: (level, message, fields) => void lines.push({ level, message, fields: { ...fields } }),
  };
}

/** The part of a decider that makes a state of events, whatever those are. */
export interface Folding {
  initial(): unknown;
  evolve(state: unknown, event: { readonly type: string; readonly data: unknown }): unknown;
}

/** The log of an account, or of what a class below makes of it, that only the test knows. */
export class TestLog {
  readonly aggregateType: string = 'account';
  readonly aggregateId: string;
  #startedAt = 1_700_000_000_000;
  readonly #events: {
    version: number;
    eventType: string;
    schemaVersion: number;
    recordedAt: number;
    data: string;
    metadata: string;
    hash: string;
  }[] = [];

  #correlationId = 'test';

  constructor(aggregateId: string) {
    this.aggregateId = aggregateId;
  }

  /** When the next event is recorded, milliseconds since 1970. */
  get now(): number {
    return this.#startedAt + this.head + 1;
  }

  /** Lets the next events be recorded at another time. */
  at(time: string): this {
    this.#startedAt = Date.parse(time) - this.head - 1;
    return this;
  }

  /** What folds the log. */
  protected get decider(): Folding {
    return accountDecider as Folding;
  }

  /** What is added from here on belongs to another request. */
  inRequest(correlationId: string): this {
    this.#correlationId = correlationId;
    return this;
  }

  get head(): number {
    return this.#events.length;
  }

  /** Adds an event with whatever data, at whatever schema version. */
  add(eventType: string, data: object, schemaVersion = newestSchemaVersion(eventType)): this {
    const version = this.head + 1;
    this.#events.push({
      version,
      eventType,
      schemaVersion,
      recordedAt: this.now,
      data: JSON.stringify(data),
      metadata: JSON.stringify({
        causationId: null,
        commandId: `c-${version}`,
        correlationId: this.#correlationId,
        userId: 'anonymous',
      }),
      hash: (version.toString(16) + Buffer.from(this.aggregateId).toString('hex'))
        .padEnd(64, '0')
        .slice(0, 64),
    });
    return this;
  }

  /** Opens the account. */
  open(): this {
    return this.add('AccountOpened', {
      accountType: 'INDIVIDUAL',
      cash: '1000',
      currency: 'USD',
      customerId: 'customer-1',
    });
  }

  /** Adds so many trades in a symbol; `change` bends the data of each. */
  trade(count = 1, symbol = 'IBM', change: Record<string, unknown> = {}): this {
    for (let trade = 0; trade < count; trade++) {
      const version = this.head + 1;
      this.add('TradeExecuted', {
        cash: String(1000 - version),
        executedAt: '2024-01-02T03:04:05.678Z',
        fee: '0',
        fees: '0',
        notional: '1',
        position: {
          averageCost: '1',
          costBasis: String(version),
          quantity: String(version),
          realizedPnl: '0',
        },
        price: '1',
        quantity: '1',
        realizedPnl: '0',
        side: 'BUY',
        symbol,
        tradeId: `t-${version}`,
        ...change,
      });
    }
    return this;
  }

  /** The range as the outbox would announce it. */
  messages(fromVersion = 1, toVersion = this.head): EventsMessage[] {
    return this.texts(fromVersion, toVersion).map(parseEventsMessage);
  }

  /** The same as message bodies. */
  texts(fromVersion = 1, toVersion = this.head): string[] {
    const { aggregateType, aggregateId } = this;
    const previousHash = this.#events[fromVersion - 2]?.hash ?? '0'.repeat(64);
    const events = this.#events
      .slice(fromVersion - 1, toVersion)
      .map((event) => ({ ...event, fingerprint: null }));
    return packMessages({ aggregateType, aggregateId }, previousHash, events).map(({ text }) => text);
  }

  /** What the decider folds from the log up to a version. */
  ownState(version: number): { state: unknown; hash: string } | undefined {
    const event = this.#events[version - 1];
    if (event === undefined) return undefined;
    const fold = this.#events.slice(0, version).reduce((state, { eventType, schemaVersion, data }) => {
      const current = upcast(eventType, schemaVersion, JSON.parse(data));
      return this.decider.evolve(state, { type: eventType, data: current });
    }, this.decider.initial());
    return { state: fold, hash: event.hash };
  }

  /** A log that was restored to an earlier version. */
  cutTo(version: number): this {
    this.#events.length = version;
    return this;
  }

  /** A wake-up without events. */
  announcement(toVersion = this.head): EventsMessage {
    const { aggregateType, aggregateId } = this;
    return { aggregateType, aggregateId, fromVersion: toVersion, toVersion, previousHash: '', events: [] };
  }
}

/** The runner on one of the view databases, with logs that the test made. */
export function runnerDeps(
  part: number,
  logs: readonly TestLog[],
  overrides: Partial<RunnerDeps> = {},
): RunnerDeps & { readonly reads: string[] } {
  const reads: string[] = [];
  return {
    database: databaseOf(part),
    projectors,
    logger: memoryLogger(),
    reads,
    knowsEvent: isKnownEvent,
    readLog: async (key, fromVersion, limit) => {
      reads.push(`${key.aggregateId}@${fromVersion}`);
      const log = logs.find((candidate) => keyOf(candidate) === keyOf(key));
      return log?.messages(fromVersion, Math.min(log.head, fromVersion + limit - 1)) ?? [];
    },
    newClaim: () => crypto.randomUUID(),
    now: () => Date.now(),
    ...overrides,
  };
}

/** The same for a rebuild. */
export function rebuildDeps(
  part: number,
  logs: readonly TestLog[],
  overrides: Partial<RebuildDeps> = {},
): RebuildDeps & { readonly reads: string[] } {
  return {
    ...runnerDeps(part, logs, overrides),
    projectors,
    owner: async (key, version) => logs.find((log) => keyOf(log) === keyOf(key))?.ownState(version),
    portion: (full) => full,
    letOthersGoFirst: async () => undefined,
    owns: () => true,
    head: async (key) => logs.find((log) => keyOf(log) === keyOf(key))?.head ?? 0,
    directoryParts: 2,
    directory: async (index, after, limit) =>
      logs
        .filter(({ aggregateId }) => partOf(aggregateId, 2) === index)
        .map(({ aggregateType, aggregateId }) => ({ aggregateType, aggregateId }))
        .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
        .filter((key) => after === null || keyOf(key) > keyOf(after))
        .slice(0, limit),
    ...overrides,
  };
}

/** One of the view databases. */
export function databaseOf(part: number): ViewDatabase {
  return d1Database(viewDatabases(testEnv)[part] as D1Database);
}

/** Rows of a query, for assertions. */
export function rowsOf<Row = Record<string, unknown>>(
  part: number,
  sql: string,
  ...parameters: (string | number)[]
): Promise<Row[]> {
  return databaseOf(part).all<Row>({ sql, parameters });
}

/** Positions of an aggregate in the blue colour, by view. */
export async function positionsOf(part: number, aggregateId: string): Promise<Record<string, number>> {
  const rows = await rowsOf<{ view: string; version: number }>(
    part,
    "SELECT view, version FROM view_positions WHERE aggregate_id = ? AND colour = 'blue'",
    aggregateId,
  );
  return Object.fromEntries(rows.map(({ view, version }) => [view, version]));
}

/** What {@link positionsOf} says of an account of which every view stands at one version. */
export function everyViewAt(version: number): Record<string, number> {
  return { accounts: version, journal: version, positions: version, trades: version };
}

/** Versions in the blue journal and the blue trades of an aggregate, in the order in which they are stored. */
export async function storedVersions(part: number, aggregateId: string) {
  const journal = await rowsOf<{ events: string }>(
    part,
    'SELECT events FROM journal_blue WHERE aggregate_id = ? ORDER BY position',
    aggregateId,
  );
  const trades = await rowsOf<{ version: number }>(
    part,
    'SELECT version FROM trades_blue WHERE account_id = ? ORDER BY version',
    aggregateId,
  );
  return {
    journal: journal.flatMap(({ events }) =>
      (JSON.parse(events) as { version: number }[]).map(({ version }) => version),
    ),
    trades: trades.map(({ version }) => version),
  };
}

/** 1 to n. */
export function upTo(n: number): number[] {
  return Array.from({ length: n }, (_, index) => index + 1);
}

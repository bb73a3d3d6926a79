/** An archive without the Workers runtime: accounts that write logs, the archivist on them, and a bucket in memory. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { accountDecider } from '../../actors/account/decider.ts';
import type { AccountState } from '../../actors/account/state.ts';
import { Aggregate } from '../../actors/kernel/aggregate.ts';
import { AlarmClock } from '../../actors/kernel/alarmClock.ts';
import type { StartTimer } from '../../actors/kernel/inTime.ts';
import { packMessages } from '../../actors/kernel/messages.ts';
import type { ActorStorage } from '../../actors/kernel/storage.ts';
import { newNotaryKey } from '../../local/notaryKey.ts';
import { ArchiveTables } from '../../queues/archive/archiveTables.ts';
import { Archivist } from '../../queues/archive/archivist.ts';
import { type SigningKey, signingKeys } from '../../queues/archive/checkpoint.ts';
import { Inspection } from '../../queues/archive/inspection.ts';
import type { Manifest } from '../../queues/archive/manifest.ts';
import { Notary } from '../../queues/archive/notary.ts';
import { NotaryTables } from '../../queues/archive/notaryTables.ts';
import type { ArchiveStore } from '../../queues/archive/store.ts';
import type { LogDeps } from '../../queues/kernel/announcement.ts';
import { GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import { parseEventsMessage } from '../../schemas/message.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { type Archive, keysIn } from '../../verifier/archive.ts';
import { sqliteStorage } from './sqliteStorage.ts';

const nextTurn = () => new Promise<void>((resolve) => void setImmediate(resolve));

/** A bucket in memory that may fail. */
export class MemoryBucket implements ArchiveStore {
  readonly objects = new Map<string, Uint8Array>();
  /** Called before every put; fails it by throwing. */
  beforePut: (key: string) => void = () => undefined;
  /** Called after every put: the object is there, and whoever put it may never know. */
  afterPut: (key: string) => void = () => undefined;

  async create(key: string, bytes: Uint8Array): Promise<boolean> {
    this.beforePut(key);
    const isNew = !this.objects.has(key);
    if (isNew) this.objects.set(key, new Uint8Array(bytes));
    this.afterPut(key);
    return isNew;
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    return this.objects.get(key);
  }

  async sha256(key: string): Promise<string | undefined> {
    const bytes = this.objects.get(key);
    return bytes === undefined ? undefined : createHash('sha256').update(bytes).digest('hex');
  }

  /** Writes every object as a file. */
  export(folder: string): void {
    for (const [key, bytes] of this.objects) {
      const file = path.join(folder, key);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, bytes);
    }
  }
}

/** Objects in memory as the verifier reads them. */
export class MemoryArchive implements Archive {
  readonly objects: Map<string, Uint8Array>;

  constructor(objects: ReadonlyMap<string, Uint8Array>) {
    this.objects = new Map(objects);
  }

  keys(prefix = ''): string[] {
    return keysIn(this.objects.keys(), prefix);
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    return this.objects.get(key);
  }
}

/** One account's log. */
export class ArchivedAccount {
  readonly storage = sqliteStorage();
  readonly aggregate: Aggregate<AccountState>;
  #commands = 0;
  #announced = 0;

  constructor(accountId: string) {
    this.aggregate = new Aggregate(this.storage, accountDecider, accountId);
  }

  get source() {
    return { aggregateType: 'account', aggregateId: this.aggregate.aggregateId };
  }

  /** Runs a command that must be accepted. */
  run(type: string, data: object, now: number, userId = 'tester'): void {
    const command = { commandId: `c-${++this.#commands}`, type, data };
    const context = { userId, correlationId: `correlation-${now}`, causationId: null };
    const [verdict] = this.aggregate.execute([{ command, context }], now);
    if (verdict?.status !== 'accepted')
      throw new Error(`${type} was not accepted: ${JSON.stringify(verdict)}`);
  }

  /** What the outbox would send of the events since the last call. */
  announce(): string[] {
    const texts = this.messages(this.#announced + 1, -1);
    this.#announced = this.aggregate.log.head().version;
    return texts;
  }

  messages(fromVersion: number, limit: number): string[] {
    const { log } = this.aggregate;
    const before = fromVersion === 1 ? GENESIS_HASH_TEXT : log.read(fromVersion - 1, 1)[0]?.hash;
    const packing = { isWhole: true };
    return packMessages(this.source, before as string, log.read(fromVersion, limit), packing).map(
      ({ text }) => text,
    );
  }
}

/** Accounts, the archivist and its bucket. */
export class ArchiveWorld {
  now = Date.parse('2026-11-21T08:00:00Z');
  alarmAt: number | undefined;
  readonly bucket = new MemoryBucket();
  readonly lines: string[] = [];
  readonly accounts = new Map<string, ArchivedAccount>();
  /** Fails reads of logs by throwing, and holds them up by what they wait for. */
  onReadLog: (aggregateId: string) => unknown = () => undefined;
  archivist: Archivist;
  notary: Notary;
  /** The one that signs first. */
  keys: readonly SigningKey[] = signingKeys(newNotaryKey());
  /** Called before and after everything that either object writes, to its storage or to the bucket; crashes it by throwing. */
  onStep: (step: string) => void = () => undefined;
  #storage: ActorStorage = this.#newStorage('archivist');
  #notaryStorage: ActorStorage = this.#newStorage('notary');

  constructor() {
    this.bucket.beforePut = (key) => this.onStep(`before put ${key}`);
    this.bucket.afterPut = (key) => this.onStep(`after put ${key}`);
    this.archivist = this.#wakeArchivist();
    this.notary = this.#wakeNotary();
  }

  /** Both objects are evicted, and with them all that was not stored; the next ones find what was. */
  evict(): void {
    this.archivist = this.#wakeArchivist();
    this.notary = this.#wakeNotary();
  }

  /** Both objects lose all that they ever stored: what is left are the logs and the bucket. */
  loseStorage(): void {
    this.#storage = this.#newStorage('archivist');
    this.#notaryStorage = this.#newStorage('notary');
    this.evict();
  }

  /** Versions of the events in the archive's segments are those of the heads, each once: told from manifests alone. */
  archivedVersions(): Map<string, number[]> {
    const versions = new Map<string, number[]>();
    for (const [key, bytes] of [...this.bucket.objects].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (!key.startsWith('manifests/')) continue;
      const { heads } = JSON.parse(Buffer.from(bytes).toString()) as Manifest;
      for (const [id, from, to] of heads) {
        const list = versions.get(id) ?? [];
        versions.set(id, list);
        for (let version = from; version <= to; version++) list.push(version);
      }
    }
    return versions;
  }

  /** Announces what every account has done since, archives it and signs it. */
  async checkpoint(): Promise<void> {
    for (const account of this.accounts.values()) this.deliver(account.announce());
    await this.archivist.seal();
    await this.notary.sign();
  }

  account(accountId: string): ArchivedAccount {
    let account = this.accounts.get(accountId);
    if (account === undefined) {
      account = new ArchivedAccount(accountId);
      this.accounts.set(accountId, account);
    }
    return account;
  }

  /** Hands messages to the archivist, as its consumer does. */
  deliver(texts: readonly string[]): boolean {
    return this.archivist.accept(
      texts.map((text) => {
        const { fromVersion, toVersion } = parseEventsMessage(text);
        return { text, events: toVersion - fromVersion + 1 };
      }),
    );
  }

  #newStorage(name: string): ActorStorage {
    const { sql, transactionSync } = sqliteStorage();
    let depth = 0;
    const step = <Result>(what: string, work: () => Result): Result => {
      if (depth > 0) return work();
      this.onStep(`before ${name} ${what}`);
      const result = work();
      this.onStep(`after ${name} ${what}`);
      return result;
    };
    return {
      sql: {
        exec: (query, ...bindings) =>
          /^\s*(SELECT|PRAGMA)/i.test(query)
            ? sql.exec(query, ...bindings)
            : step(query.slice(0, 30), () => sql.exec(query, ...bindings)),
      },
      transactionSync: (closure) =>
        step('transaction', () => {
          depth++;
          try {
            return transactionSync(closure);
          } finally {
            depth--;
          }
        }),
    };
  }

  /** Timers do not go off unless the test says so. */
  startTimer: StartTimer = () => () => undefined;
  readonly #startTimer: StartTimer = (task, milliseconds) => this.startTimer(task, milliseconds);

  /** Looks into the bucket as the archivist's object does. */
  inspection(): Inspection {
    return new Inspection(this.#called(), new ArchiveTables(this.#storage));
  }

  #called() {
    const startTimer = this.#startTimer;
    const readLog: LogDeps['readLog'] = (...range) => this.readLog(...range);
    return { store: this.bucket, readLog, now: () => this.now, pause: nextTurn, startTimer };
  }

  /** What logs say: those of the accounts, unless a test has others. */
  readLog: LogDeps['readLog'] = async ({ aggregateId }, fromVersion, limit) => {
    await this.onReadLog(aggregateId);
    return this.account(aggregateId).messages(fromVersion, limit).map(parseEventsMessage);
  };

  #wakeNotary(): Notary {
    return new Notary(
      {
        ...this.#called(),
        logger: createLogger('notary', 'info', (line) => void this.lines.push(line)),
        keys: () => this.keys,
      },
      new NotaryTables(this.#notaryStorage),
    );
  }

  #wakeArchivist(): Archivist {
    return new Archivist(
      {
        ...this.#called(),
        alarm: new AlarmClock((at) => {
          this.alarmAt = at;
        }),
        jurisdiction: 'default',
        logger: createLogger('archivist', 'info', (line) => void this.lines.push(line)),
      },
      new ArchiveTables(this.#storage),
    );
  }
}

/** Opens the account if it is new, and has it do one thing, which differs from number to number. */
export function act(world: ArchiveWorld, accountId: string, number: number): void {
  const account = world.account(accountId);
  world.now += 1_000;
  if (account.aggregate.log.head().version === 0) {
    const opening = { customerId: `of-${accountId}`, accountType: 'INDIVIDUAL', currency: 'USD' };
    account.run('OpenAccount', { ...opening, initialBalance: '1000000' }, world.now);
  }
  if (number % 7 === 3)
    account.run('DepositFunds', { amount: `${number}.25`, reference: 'wire "7", $ and ä' }, world.now);
  else if (number % 7 === 5)
    account.run('SetLimits', { maxOrderNotional: '100000', allowShort: true }, world.now);
  else account.run('ExecuteTrade', tradeOf(world, number), world.now);
}

function tradeOf({ now }: ArchiveWorld, number: number): object {
  return {
    tradeId: `t-${number}`,
    symbol: ['IBM', 'BRK.B', 'BTC-USD'][number % 3],
    side: number % 7 === 6 ? 'SELL' : 'BUY',
    quantity: number % 7 === 6 ? '0.00000001' : `${1 + (number % 5)}.5`,
    price: `${100 + (number % 90)}.12`,
    fee: '0.1',
    executedAt: new Date(now - 500).toISOString(),
  };
}

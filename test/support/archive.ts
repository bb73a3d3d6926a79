/** An archive without the Workers runtime: accounts that write logs, the archivist on them, and a bucket in memory. */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { AccountState } from '../../actors/account/decider.ts';
import { accountDecider } from '../../actors/account/decider.ts';
import { Aggregate } from '../../actors/kernel/aggregate.ts';
import { AlarmClock } from '../../actors/kernel/alarmClock.ts';
import { packMessages } from '../../actors/kernel/messages.ts';
import type { ActorStorage } from '../../actors/kernel/storage.ts';
import { ArchiveTables } from '../../queues/archive/archiveTables.ts';
import { Archivist } from '../../queues/archive/archivist.ts';
import type { ArchiveStore } from '../../queues/archive/store.ts';
import { GENESIS_HASH_TEXT } from '../../schemas/eventId.ts';
import { parseEventsMessage } from '../../schemas/message.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { sqliteStorage } from './sqliteStorage.ts';

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

/** One account's log. */
export class ArchivedAccount {
  readonly aggregate: Aggregate<AccountState>;
  #commands = 0;
  #announced = 0;

  constructor(accountId: string) {
    this.aggregate = new Aggregate(sqliteStorage(), accountDecider, accountId);
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
    return packMessages(this.source, before as string, log.read(fromVersion, limit)).map(({ text }) => text);
  }
}

/** Accounts, the archivist and its bucket. */
export class ArchiveWorld {
  now = Date.parse('2026-11-21T08:00:00Z');
  alarmAt: number | undefined;
  readonly bucket = new MemoryBucket();
  readonly lines: string[] = [];
  readonly accounts = new Map<string, ArchivedAccount>();
  /** Fails reads of logs by throwing. */
  onReadLog: (aggregateId: string) => void = () => undefined;
  archivist: Archivist;
  readonly #storage: ActorStorage = sqliteStorage();

  constructor() {
    this.archivist = this.#wake();
  }

  /** The archivist is evicted, and with it all that was not stored; the next one finds what was. */
  evict(): void {
    this.archivist = this.#wake();
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
      texts.map((text) => ({ text, events: parseEventsMessage(text).events.length })),
    );
  }

  #wake(): Archivist {
    return new Archivist(
      {
        store: this.bucket,
        alarm: new AlarmClock((at) => {
          this.alarmAt = at;
        }),
        jurisdiction: 'default',
        logger: createLogger('archivist', 'info', (line) => void this.lines.push(line)),
        now: () => this.now,
        readLog: async ({ aggregateId }, fromVersion, limit) => {
          this.onReadLog(aggregateId);
          return this.account(aggregateId).messages(fromVersion, limit).map(parseEventsMessage);
        },
      },
      new ArchiveTables(this.#storage),
    );
  }
}

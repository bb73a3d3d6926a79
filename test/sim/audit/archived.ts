/**
 * The logs as the archive has them: written as segments by the product's own code, read by the verifier, which shares none of it,
 * and put back into empty objects.
 */
import type { AnyDecider } from '../../../actors/kernel/decider.ts';
import { Restoration, type RestoreAnswer } from '../../../actors/kernel/restoration.ts';
import { type ArchivedRange, buildSegment } from '../../../queues/archive/segment.ts';
import { keyOf } from '../../../queues/kernel/positions.ts';
import { type PublishedEvent, parseEventsMessage } from '../../../schemas/message.ts';
import { readRows } from '../../../verifier/rows.ts';
import type { PlatformActor } from '../model/platform.ts';
import { SimStorage } from '../model/storage.ts';
import { Breach, type Caller, settled } from '../model/world.ts';
import { GENESIS, type Ledger, LOG_COLUMNS } from './ledger.ts';

/** What it needs of the run. */
export interface ArchiveAuditDeps {
  readonly actors: Iterable<PlatformActor>;
  readonly caller: Caller;
  ledgerOf(source: PlatformActor['source']): Ledger;
  decider(aggregateType: string): AnyDecider;
  /** Is told of every text in the archive. */
  written(where: string, text: string): void;
}

/** Not the product's: the archive has no columns for it. */
const TOY = 'hold';

const SILENT = { enabled: () => false, log: () => undefined };

export class ArchiveAudit {
  readonly #deps: ArchiveAuditDeps;
  /** Logs as the archive reads them, by aggregate. */
  readonly #ranges = new Map<Ledger, ArchivedRange>();

  constructor(deps: ArchiveAuditDeps) {
    this.#deps = deps;
  }

  /** Asks every actor for its log; they answer in time of the simulation. */
  async read(): Promise<void> {
    for (const { source, object } of this.#deps.actors) {
      const ledger = this.#deps.ledgerOf(source);
      if (ledger.version === 0 || source.aggregateType === TOY) continue;
      const { aggregateId } = source;
      const read = object.call(this.#deps.caller, 'messages', ({ core }) =>
        core.messages(1, ledger.version, true),
      );
      read.then(
        (texts) => {
          const events = texts.flatMap((text) => [...parseEventsMessage(text).events]);
          this.#ranges.set(ledger, { aggregateId, events });
        },
        // Who does not answer is missed below.
        () => undefined,
      );
      await settled();
    }
  }

  /** Every segment has what the logs have, and nothing personal in the clear; what is put back is what was there. */
  async check(): Promise<void> {
    const types = new Set(Array.from(this.#ranges.keys(), ({ source }) => source.aggregateType));
    for (const aggregateType of types) {
      const all = [...this.#ranges].filter(([{ source }]) => source.aggregateType === aggregateType);
      const work = buildSegment(
        aggregateType,
        all.map(([, range]) => range),
      );
      let step = work.next();
      while (step.done !== true) step = work.next();
      await this.#checkSegment(
        step.value.bytes,
        all.map(([ledger]) => ledger),
      );
    }
  }

  async #checkSegment(bytes: Uint8Array, ledgers: readonly Ledger[]): Promise<void> {
    const rows = await readRows(bytes);
    let row = 0;
    for (const ledger of ledgers) {
      const events: PublishedEvent[] = [];
      for (const { row: own } of ledger.events) {
        const [data, metadata] = [rows.json('data', row), rows.json('metadata', row)];
        const event = {
          version: rows.number('version', row),
          eventType: rows.text('event_type', row),
          schemaVersion: rows.number('schema_version', row),
          recordedAt: Date.parse(rows.recordedAt(row)),
        };
        const hash = rows.hash(row).toString('hex');
        const stored = [...Object.values(event), data, metadata, hash];
        if (JSON.stringify(stored) !== JSON.stringify(own.slice(0, stored.length)))
          fail(ledger, `version ${event.version} is ${JSON.stringify(stored)}`);
        this.#deps.written(`the archive of ${keyOf(ledger.source)}`, `${data} ${metadata}`);
        const fingerprint = rows.numberIfAny('fingerprint', row);
        events.push({
          ...event,
          data: JSON.parse(data),
          metadata: JSON.parse(metadata),
          hash,
          ...(fingerprint === undefined ? {} : { fingerprint }),
        });
        row++;
      }
      this.#restore(ledger, events);
    }
    if (row !== rows.count) throw new Breach(PROMISE, `${rows.count} events instead of ${row}`);
  }

  /** An empty object that gets the events back has the same log. */
  #restore(ledger: Ledger, events: readonly PublishedEvent[]): void {
    const { source } = ledger;
    const storage = new SimStorage();
    try {
      const decider = this.#deps.decider(source.aggregateType);
      const restoration = new Restoration({ source, decider, storage, logger: SILENT });
      const require = (answer: RestoreAnswer) => {
        if (!answer.ok) fail(ledger, `it is not put back: ${answer.detail}`);
      };
      require(restoration.append({ previousHash: GENESIS, events }));
      require(restoration.release(ledger.version, events.at(-1)?.hash ?? GENESIS));
      const restored = storage.inspect(`SELECT ${LOG_COLUMNS} FROM events ORDER BY version`);
      if (JSON.stringify(restored) !== JSON.stringify(ledger.events.map(({ row }) => row)))
        fail(ledger, 'what is put back is another log');
    } finally {
      storage.close();
    }
  }
}

const PROMISE = 'the archive is what the logs are';

function fail({ source }: Ledger, detail: string): never {
  throw new Breach(PROMISE, `${keyOf(source)}: ${detail}`);
}

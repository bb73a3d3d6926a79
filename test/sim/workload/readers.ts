/** Readers of orders and shipments: some may see who they are of, and some may not. */
import type { Source } from '../../../actors/kernel/messages.ts';
import { type Reader, shownValue } from '../../../privacy/shown.ts';
import type { Auditor } from '../audit/auditor.ts';
import { OrderBook } from '../audit/orderBook.ts';
import { NetworkFault } from '../model/application.ts';
import type { Platform } from '../model/platform.ts';
import { StorageFault } from '../model/storage.ts';
import { Breach, type Caller, settled, type World } from '../model/world.ts';

/** Orders that anybody still looks at: the last ones are under way. */
const RECENT = 6;

/** An order or a shipment of it, and what it says of whom. */
interface Shown {
  readonly source: Source;
  readonly customerId: string;
  readonly address: unknown;
  /** Whether it stands in a log in the clear and names nobody, so that no erasure reaches it. */
  readonly isLasting: boolean;
}

export class AddressReader {
  readonly #world: World;
  readonly #platform: Platform;
  readonly #auditor: Auditor;
  readonly #caller: Caller;

  constructor(world: World, platform: Platform, auditor: Auditor, caller: Caller) {
    this.#world = world;
    this.#platform = platform;
    this.#auditor = auditor;
    this.#caller = caller;
  }

  /** Reads one of the last orders, or a shipment of it. */
  async act(): Promise<void> {
    const { random } = this.#world;
    const placed = this.#placed().slice(-RECENT);
    if (placed.length > 0) await this.#read(random.pick(random.pick(placed)), random.chance(0.5));
  }

  /** Reads every order and every shipment, once by who may see addresses and once by who may not. */
  async readAll(): Promise<void> {
    for (const shown of this.#placed().flat()) {
      await this.#read(shown, true);
      await this.#read(shown, false);
    }
  }

  /** Every order that was placed, with the shipments that know of it. */
  #placed(): Shown[][] {
    return [...this.#auditor.books(OrderBook)].flatMap(([orderId, { placed, address, shipments }]) => {
      if (placed === undefined) return [];
      const sources = [
        { aggregateType: 'order', aggregateId: orderId },
        ...Array.from(shipments.keys(), (aggregateId) => ({ aggregateType: 'shipment', aggregateId })),
      ].filter((source) => this.#auditor.ledger(source).version > 0);
      const customerId = String(placed.data.customerId);
      return [
        sources.map((source) => {
          const [made] = this.#auditor.ledger(source).events;
          const isInTheClear = !Object.hasOwn(Object(made?.data.shipTo), '$enc');
          const isLasting = isInTheClear && source.aggregateType === 'shipment';
          return { source, customerId, address, isLasting };
        }),
      ];
    });
  }

  async #read({ source, customerId, address, isLasting }: Shown, maySee: boolean): Promise<void> {
    const { subjects } = this.#auditor;
    const { faulty } = this.#world;
    const reader = { maySee, asked: isLasting ? { isErased: false } : subjects.asks(customerId) };
    this.#world.trace.note(this.#world.clock, 'client reads', source.aggregateType, source.aggregateId);
    this.#shown(source, customerId, maySee).then(
      (shown) => this.#world.check(() => subjects.shown(customerId, address, reader, shown)),
      (error) => this.#world.check(() => this.#failed(source, error, faulty)),
    );
    await settled();
  }

  async #shown(source: Source, customerId: string, maySee: boolean): Promise<unknown> {
    const { shipTo } = await this.#state<{ shipTo: object }>(source);
    // A shipment says nothing of the customer but what its address does.
    const subject = source.aggregateType === 'order' ? customerId : null;
    return shownValue(this.#reader(maySee), { kind: 'address', subject, value: shipTo });
  }

  #reader(maySee: boolean): Reader {
    const ask = this.#platform.askSubject;
    return {
      maySee,
      open: async (field) => {
        const { subject } = field.encrypted.$enc;
        return (await ask(this.#caller, subject, 'open', (vault) => vault.open([field])))[0];
      },
      isErased: async (aggregateId) => {
        const { status } = await this.#state<{ status: string }>({ aggregateType: 'subject', aggregateId });
        return status === 'ERASED';
      },
      unreadable: () => undefined,
    };
  }

  async #state<State>(source: Source): Promise<State> {
    const { object } = this.#platform.actor(source);
    const read = await object.call(this.#caller, 'read', ({ core }) => core.read());
    return (read?.state ?? {}) as State;
  }

  /** Whoever hears nothing knows nothing. */
  #failed({ aggregateType, aggregateId }: Source, error: unknown, mayFail: boolean): void {
    this.#world.trace.note(this.#world.clock, 'client reads nothing', aggregateType, aggregateId, error);
    if (mayFail || error instanceof NetworkFault || error instanceof StorageFault) return;
    throw new Breach('readers see what they may', `${aggregateType}/${aggregateId}: ${String(error)}`);
  }
}

/**
 * One order with all that it is made of, its sagas and its bank, on a network that may do anything, while people ship, cancel, capture,
 * void and refund as they like.
 */
import { inventoryDecider } from '../../actors/inventory/decider.ts';
import { orderDecider } from '../../actors/order/decider.ts';
import { sagaDecider } from '../../actors/saga/decider.ts';
import type { SagaDefinitions } from '../../actors/saga/definitions/definition.ts';
import { DEFINITIONS } from '../../actors/saga/definitions/index.ts';
import type { SagaState } from '../../actors/saga/state.ts';
import type { Random } from '../../demo/random.ts';
import type { ProjectedEvent } from '../../queues/kernel/projector.ts';
import { toldOf } from '../../queues/sagas/subscriptions.ts';
import type { CommandRequest, ReceiverAnswer } from '../../schemas/envelope.ts';
import type { ProtectedCall } from '../../schemas/paymentProvider.ts';
import { ModelActor, type ModelCommand, type ModelEvent, type ModelOutcome } from './modelActor.ts';
import { decider as paymentDecider } from './payment.ts';
import { type BankHabits, OBEDIENT, STEADY, UNSTEADY, UnsteadyBank } from './unsteadyBank.ts';

const START = Date.UTC(2026, 0, 5, 9);

/** How long nothing may happen at most: mostly a moment, and now and then longer than what a saga waits for. */
const PAUSES_MS = [
  2_000,
  2_000,
  2_000,
  2_000,
  2_000,
  120_000,
  1_200_000,
  2 * 86_400_000,
  8 * 86_400_000,
  30 * 86_400_000,
];

const NONE: ReceiverAnswer = { answer: 'none', detail: 'lost' };

const PRODUCTS = ['a', 'b'];
const SAGAS = ['fulfil-o', 'cancel-o'];

/** As often as anything can be parked one after the other: stock, void, refund, and the refunds that came back. */
const RETRIES = 6;

/** What somebody does by hand, and to whom. */
type Hand = readonly [actor: string, command: ModelCommand];

export class OrderLife {
  now = START;
  readonly bank: UnsteadyBank;
  readonly actors = new Map<string, ModelActor<object>>();
  readonly #random: Random;
  /** What each command was sent by: the order's log says which saga cancelled it. */
  readonly #sentBy = new Map<string, string>();
  readonly #told = new Map<string, number>();
  /** Effects of sagas whose answers may have been lost. */
  readonly #unheard = new Set<string>();
  #commands = 0;
  #calm = false;

  constructor(random: Random, definitions: SagaDefinitions = DEFINITIONS) {
    this.#random = random;
    this.bank = new UnsteadyBank(random, UNSTEADY);
    const add = (name: string, actor: ModelActor<object>) => this.actors.set(name, actor);
    add('order', new ModelActor(orderDecider));
    add('payment', new ModelActor(paymentDecider));
    for (const product of PRODUCTS) add(product, new ModelActor(inventoryDecider));
    for (const saga of SAGAS) add(saga, new ModelActor(sagaDecider(definitions)));
    this.#byHand(['a', { type: 'ReceiveStock', data: { quantity: '5' } }]);
    this.#byHand(['b', { type: 'ReceiveStock', data: { quantity: random.chance(0.1) ? '1' : '5' } }]);
    const items = ['a', 'b'].map((productId) => ({ productId, quantity: '2', unitPrice: '3' }));
    const payment = { method: 'card', token: 'tok' };
    const order = {
      orderId: 'o',
      customerId: 'c',
      currency: 'GBP',
      items,
      payment,
      shipTo: {},
      country: null,
    };
    this.#byHand(['order', { type: 'PlaceOrder', data: order }]);
  }

  of<State>(name: string): ModelActor<State> {
    return this.actors.get(name) as unknown as ModelActor<State>;
  }

  saga(name: string): SagaState {
    return this.of<SagaState>(name).state;
  }

  /**
   * An operator mends what can be mended: there is stock again, the bank does as it is told, and the rest of the order leaves. What is
   * parked then is money that was lost.
   */
  async mend(): Promise<void> {
    const reason = 'it is mended';
    for (const product of PRODUCTS)
      this.#byHand([product, { type: 'ReceiveStock', data: { quantity: '9' } }]);
    for (let again = 0; again < RETRIES; again++) {
      if (again === 1)
        this.#byHand(['order', { type: 'ShipOrder', data: { carrier: 'c', trackingNumber: 'rest' } }]);
      for (const saga of SAGAS) this.#byHand([saga, { type: 'RetrySaga', data: { reason } }]);
      await this.calm(OBEDIENT);
    }
    for (const saga of SAGAS) this.#byHand([saga, { type: 'SettleSaga', data: { reason } }]);
    await this.calm(OBEDIENT);
  }

  /** Units of the order that are still promised. */
  get reserved(): number {
    return PRODUCTS.reduce(
      (sum, name) => sum + Number(this.of<{ reserved: string }>(name).state.reserved),
      0,
    );
  }

  /** Units that have left the books of the stock, and those that have left by the order's word. */
  get units(): { readonly committed: number; readonly shipped: number } {
    const { items } = this.of<{ items: { shipped: string }[] }>('order').state;
    const committed = PRODUCTS.flatMap((name) => this.of(name).events)
      .filter(({ type }) => type === 'ReservationCommitted')
      .reduce((sum, { data }) => sum + Number((data as { quantity: string }).quantity), 0);
    return { committed, shipped: items.reduce((sum, { shipped }) => sum + Number(shipped), 0) };
  }

  /** Where the payment says that the money is. */
  get money(): { readonly held: number; readonly kept: number } {
    const { standing } = this.of<{ standing: Record<string, string> }>('payment').state;
    const of = (name: string) => Number(standing[name]);
    return {
      held: of('authorized') - of('captured') - of('released'),
      kept: of('captured') - of('refunded'),
    };
  }

  /** One thing that could happen next. */
  async step(): Promise<void> {
    const roll = this.#random.integer(100);
    if (roll < 40) await this.#deliver();
    else if (roll < 65) this.#send();
    else if (roll < 80) this.#call();
    else if (roll < 85) this.#hear();
    else if (roll < 92) this.#byHand(this.#wish());
    else if (roll < 94) this.bank.acts();
    else this.#pass(this.#random.integer(this.#random.pick(PAUSES_MS)));
  }

  /** Nobody does anything by hand any more and nothing gets lost: everything under way comes to its end, however the bank likes it. */
  async calm(habits: BankHabits = STEADY): Promise<void> {
    this.#calm = true;
    this.bank.habits = habits;
    await this.#settle();
    this.#calm = false;
    this.bank.habits = UNSTEADY;
  }

  async #settle(): Promise<void> {
    for (let rounds = 0; rounds < 2_000; rounds++) {
      const isBusy = [await this.#deliver(), this.#send(), this.#call(), this.#hear()].includes(true);
      if (isBusy) continue;
      const next = this.#nextEffectAt();
      if (next === undefined) return;
      this.now = next;
    }
    throw new Error('it never comes to rest');
  }

  #pass(milliseconds: number): void {
    this.now += milliseconds;
    for (const actor of this.actors.values()) actor.fireTimers(this.now);
  }

  #byHand([name, command]: Hand): ModelOutcome {
    return this.of(name).execute(`c-${this.#commands++}`, command, this.now);
  }

  #wish(): Hand {
    const { chance, integer, pick } = this.#random;
    const amount = chance(0.5) ? {} : { amount: `${1 + integer(5)}` };
    const reason = 'by hand';
    const left = { carrier: 'c', trackingNumber: 't' };
    const one = { items: [{ line: 1 + integer(2), quantity: '1' }] };
    return pick<Hand>([
      ['order', { type: 'ShipOrder', data: chance(0.5) ? left : { ...left, ...one } }],
      ['order', { type: 'CancelOrder', data: { reason } }],
      ['payment', { type: 'VoidPayment', data: { reason } }],
      ['payment', { type: 'CapturePayment', data: { ...amount, final: chance(0.5) } }],
      ['payment', { type: 'RefundPayment', data: { refundId: `r-${this.#commands}`, ...amount } }],
      [pick(SAGAS), { type: 'RetrySaga', data: { reason } }],
      ['fulfil-o', { type: 'CompensateSaga', data: { reason } }],
    ]);
  }

  /** Sagas are told the next event of an order or a payment; false where they have been told all. */
  async #deliver(): Promise<boolean> {
    const late = ['order', 'payment'].filter((name) => this.#untold(name) !== undefined);
    if (late.length === 0) return false;
    const name = this.#random.pick(late);
    const event = this.#untold(name) as ModelEvent;
    this.#told.set(name, event.version);
    const published = (one: ModelEvent) => this.#published(name, one);
    const first = () => Promise.resolve(published(this.of(name).events[0] as ModelEvent));
    for (const { sagaId, command } of await toldOf(published(event), first))
      this.of(sagaId).execute(command.commandId, command as ModelCommand, this.now);
    return true;
  }

  #untold(name: string): ModelEvent | undefined {
    return this.of(name).events[this.#told.get(name) ?? 0];
  }

  #published(aggregateType: string, { type: eventType, data: current, version }: ModelEvent): ProjectedEvent {
    const sagaId = this.#sentBy.get(`${aggregateType} ${version}`);
    // An event's id is made from the beginning of its hash.
    const hash = `${aggregateType === 'order' ? 1 : 2}${`${version}`.padStart(8, '0')}`.padEnd(64, '0');
    const published = { hash, metadata: sagaId === undefined ? {} : { sagaId } };
    return {
      aggregateType,
      aggregateId: 'o',
      eventType,
      version,
      current,
      published,
    } as unknown as ProjectedEvent;
  }

  /** A command of a saga is sent; false where none is to be. */
  #send(): boolean {
    const wanted = SAGAS.flatMap((name) => this.#due(name).map((effect) => ({ name, effect })));
    if (wanted.length === 0) return false;
    const { name, effect } = this.#random.pick(wanted);
    const request = effect.request as CommandRequest;
    const id = `${name} ${effect.effect} ${effect.dueAt}`;
    const answer = this.#answerOf(request, this.#unheard.has(id));
    // Whoever sent it dies with the answer: it is sent again as one that may have arrived.
    if (!this.#calm && this.#random.chance(0.05)) this.#unheard.add(id);
    else {
      const data = { effect: effect.effect, answer };
      this.of(name).execute(`effect ${id}`, { type: 'RecordAnswer', data }, this.now);
    }
    return true;
  }

  #answerOf({ aggregateType, aggregateId, commandId, type, data, sagaId }: CommandRequest, again: boolean) {
    if (!this.#calm && this.#random.chance(0.1)) return NONE;
    const name = aggregateType === 'inventory' ? aggregateId : aggregateType;
    const actor = this.of(name);
    const before = actor.events.length;
    const outcome = actor.execute(commandId, { type, data }, this.now);
    for (let version = before + 1; version <= actor.events.length; version++)
      if (sagaId !== undefined) this.#sentBy.set(`${name} ${version}`, sagaId);
    if (!this.#calm && this.#random.chance(0.1)) return NONE;
    if (outcome.status !== 'refused') return { answer: 'accepted' } as const;
    return { answer: 'refused', code: outcome.code, detail: outcome.detail, unheard: again } as const;
  }

  #due(name: string) {
    const { decider, state } = this.of(name);
    return [...(decider.effects?.(state as object) ?? [])].filter(({ dueAt }) => dueAt <= this.now);
  }

  /** The bank is called; false where nobody wants anything of it. */
  #call(): boolean {
    const wanted = this.#due('payment');
    if (wanted.length === 0) return false;
    const { effect: operation, dueAt, request } = this.#random.pick(wanted);
    const result = this.bank.perform(request as ProtectedCall);
    const data = { operation, result };
    this.of('payment').execute(
      `effect ${operation} ${dueAt}`,
      { type: 'RecordProviderResult', data },
      this.now,
    );
    return true;
  }

  /** A webhook comes, in any order; false where there is none. */
  #hear(): boolean {
    const { notices } = this.bank;
    if (notices.length === 0) return false;
    const index = this.#random.integer(notices.length);
    const notice = notices[index];
    if (this.#calm || this.#random.chance(0.7)) notices.splice(index, 1);
    this.#byHand([
      'payment',
      { type: 'RecordProviderNotice', data: { provider: 'sandbox', notice } as object },
    ]);
    return true;
  }

  #nextEffectAt(): number | undefined {
    const wants = ['payment', ...SAGAS].flatMap((name) => {
      const { decider, state } = this.of(name);
      return [...(decider.effects?.(state as object) ?? [])].map(({ dueAt }) => dueAt);
    });
    return wants.length === 0 ? undefined : Math.min(...wants);
  }
}

/** What customers, the shop and its operators do: stock, orders, shipments, payments, sensible and not. */
import type { Source } from '../../../actors/kernel/messages.ts';
import type { Auditor } from '../audit/auditor.ts';
import { units } from '../audit/exact.ts';
import { InventoryBook } from '../audit/inventoryBook.ts';
import { OrderBook, UNDER_WAY } from '../audit/orderBook.ts';
import { GIVES_BACK } from '../audit/orderProtocol.ts';
import { PaymentBook } from '../audit/paymentBook.ts';
import { SagaBook } from '../audit/sagaBook.ts';
import { fulfilmentOf } from '../audit/sagaStarts.ts';
import type { World } from '../model/world.ts';
import type { Attempt } from './attempt.ts';
import { type Body, decimal } from './commands.ts';
import { cardToken, newAddress } from './personalValues.ts';
import { POISONS, poisonMark, STOCK_POISONED_VIEWS } from './poisonProjector.ts';

/** Cards: most just work, these do one thing at one call each. */
const ODD_CARDS = [
  'tok_decline',
  'tok_timeout',
  'tok_late',
  'tok_late_lost_card',
  'tok_lost',
  'tok_duplicate',
  'tok_flaky',
  'tok_fault',
  'tok_capture_decline',
  'tok_capture_timeout',
  'tok_capture_late',
  'tok_capture_late_expired_card',
  'tok_capture_lost',
  'tok_capture_duplicate',
  'tok_capture_flaky',
  'tok_void_decline',
  'tok_void_timeout',
  'tok_void_late',
  'tok_void_lost',
  'tok_void_flaky',
  'tok_refund_decline',
  'tok_refund_timeout',
  'tok_refund_late',
  'tok_refund_duplicate',
];
const CURRENCIES = ['GBP', 'USD', 'JPY', 'KWD'];
/** Milliseconds that a reservation of a client's own lasts; 0 for ever. */
const RESERVED_FOR_MS = [0, 500, 5_000, 60_000, 3_600_000];
/** Cards whose captures are told of late or several times. */
const CAPTURE_CARDS = ['tok_capture_duplicate', 'tok_capture_late', 'tok_capture_timeout'];
/** Payments of no order. */
const PAYMENTS = ['payment-1', 'payment-2', 'payment-3'];
/** Orders that anybody still does something with: the last ones are under way. */
const RECENT = 6;
/** Customers who come back, and chance that another one comes. */
const RECENT_CUSTOMERS = 3;
const NEW_CUSTOMER_CHANCE = 0.4;
/** Orders of which somebody takes some of the money by hand, and chance that some of that goes back by hand as well. */
const CAPTURED_BY_HAND_CHANCE = 0.25;
const REFUNDED_BY_HAND_CHANCE = 0.5;
/** Chance that the shop ships an order that nobody has begun to ship, before its time is up. */
const SHIP_CHANCE = 0.8;

export class ShopMaker {
  readonly #world: World;
  readonly #auditor: Auditor;
  /** Reservations of clients' own. */
  readonly #reservations: { readonly productId: string; readonly reservationId: string }[] = [];
  readonly #customers: string[] = [];
  /** Orders about which the shop has made up its mind. */
  readonly #decided = new Set<string>();

  constructor(world: World, auditor: Auditor) {
    this.#world = world;
    this.#auditor = auditor;
  }

  /** Something that somebody wants of the shop; undefined where there is nothing to do. */
  draw(): Attempt | undefined {
    const roll = this.#world.random.integer(100);
    const productId = `product-${1 + this.#world.random.integer(this.#world.profile.products)}`;
    const stock = this.#auditor.books(InventoryBook).get(productId);
    if (stock?.isStocked !== true && roll < 70) return this.#receive(productId);
    const [orderId] = this.#keptByHand();
    if (orderId !== undefined && this.#world.random.chance(REFUNDED_BY_HAND_CHANCE))
      return this.#ofPayment(orderId, 'RefundPayment', { refundId: this.#unique('refund'), amount: '1' });
    if (roll < 10) return this.#receive(productId);
    if (roll < 14) return this.#adjust(productId);
    if (roll < 16) return this.#put(productId);
    if (roll < 26) return this.#reserve(productId);
    if (roll < 45) return this.#place();
    if (roll < 76) return this.#advance();
    return this.#pay();
  }

  /** What is begun is finished: the rest of what has been shipped in part, and some of what is confirmed. */
  finish(): Attempt[] {
    return [...this.#auditor.books(OrderBook)].flatMap(([orderId, order]) => {
      if (order.isPartlyShipped) return [this.#ship(orderId, order, false)];
      if (order.status !== 'CONFIRMED' || this.#isUnpaid(orderId) || this.#decided.has(orderId)) return [];
      this.#decided.add(orderId);
      return this.#world.random.chance(SHIP_CHANCE) ? [this.#ship(orderId, order, false)] : [];
    });
  }

  #receive(productId: string): Attempt {
    const { random, profile } = this.#world;
    const mark = poisonMark(random.pick(POISONS), random.pick(STOCK_POISONED_VIEWS));
    const data = random.chance(profile.poison) ? { reference: mark } : {};
    return this.#ofStock(productId, 'ReceiveStock', { ...data, quantity: String(1 + random.integer(10)) });
  }

  #adjust(productId: string): Attempt {
    const { random } = this.#world;
    const units = 1 + random.integer(4);
    const data = { quantity: String(random.chance(0.5) ? units : -units), reason: this.#unique('count') };
    return this.#ofStock(productId, 'AdjustStock', data);
  }

  #put(productId: string): Attempt {
    const { random } = this.#world;
    const data = { name: this.#unique('name'), unitPrice: this.#price(), currency: random.pick(CURRENCIES) };
    return this.#attempt({ aggregateType: 'product', aggregateId: productId }, { type: 'PutProduct', data });
  }

  /** A reservation of a client's own, or what becomes of one. */
  #reserve(productId: string): Attempt {
    const { random, clock } = this.#world;
    if (this.#reservations.length > 0 && random.chance(0.4)) {
      const { productId: own, reservationId } = random.pick(this.#reservations.slice(-RECENT));
      if (random.chance(0.4)) return this.#ofStock(own, 'ReleaseReservation', { reservationId });
      const part = random.chance(0.5) ? { quantity: '1' } : {};
      return this.#ofStock(own, 'CommitReservation', { reservationId, ...part });
    }
    const reservationId = this.#unique('reservation');
    this.#reservations.push({ productId, reservationId });
    const lasts = random.pick(RESERVED_FOR_MS);
    const expires = lasts === 0 ? {} : { expiresAt: new Date(clock + lasts).toISOString() };
    const data = { reservationId, quantity: String(1 + random.integer(4)), ...expires };
    return this.#ofStock(productId, 'ReserveStock', data);
  }

  /** An order, unless there are enough under way: then something with those. */
  #place(): Attempt | undefined {
    const { random, profile } = this.#world;
    const open = [...this.#auditor.books(OrderBook).values()].filter(({ status }) =>
      UNDER_WAY.includes(status),
    );
    if (open.length >= profile.openOrders) return this.#advance();
    const orderId = this.#unique('order');
    const items = Array.from({ length: random.pick([1, 1, 2, 3]) }, () => ({
      productId: random.chance(0.04)
        ? 'product-unheard-of'
        : `product-${1 + random.integer(profile.products)}`,
      quantity: String(1 + random.integer(4)),
      unitPrice: this.#price(),
    }));
    const country = random.pick(['France', 'Germany', null]);
    const data = {
      orderId,
      customerId: this.#customer(),
      currency: random.pick(CURRENCIES),
      items,
      payment: { method: 'card', token: this.#card() },
      shipTo: newAddress(this.#world, country),
    };
    return this.#ofOrder(orderId, 'PlaceOrder', data);
  }

  /** Somebody new, or one of those that came last. */
  #customer(): string {
    const { random } = this.#world;
    if (this.#customers.length === 0 || random.chance(NEW_CUSTOMER_CHANCE))
      this.#customers.push(this.#unique('customer'));
    return random.pick(this.#customers.slice(-RECENT_CUSTOMERS));
  }

  /** Something with an order that there is: mostly what can be done with it, and nothing where it has to wait. */
  #advance(): Attempt | undefined {
    const { random } = this.#world;
    const orders = [...this.#auditor.books(OrderBook)].filter(([, { placed }]) => placed !== undefined);
    if (orders.length === 0) return undefined;
    const ready = orders.filter(
      ([orderId, { status }]) => status === 'SHIPPED' || (status === 'CONFIRMED' && !this.#isUnpaid(orderId)),
    );
    const isOdd = ready.length === 0 || random.chance(0.15);
    if (isOdd && random.chance(0.7)) return undefined;
    const [orderId, order] = random.pick(isOdd ? orders.slice(-RECENT) : ready);
    const roll = random.integer(100);
    if (roll < 15) return this.#ofOrder(orderId, 'CancelOrder', { reason: this.#unique('because') });
    if (isOdd ? roll < 60 : order.status === 'SHIPPED') return this.#ofOrder(orderId, 'DeliverOrder', {});
    return this.#ship(orderId, order, true);
  }

  /** Whose money was let go is not sent, unless it was captured before: the saga has to cancel it. */
  #isUnpaid(orderId: string): boolean {
    const payment = this.#auditor.books(PaymentBook).get(orderId);
    return payment?.isLetGo === true && payment.kept === 0n;
  }

  #ship(orderId: string, { lines }: OrderBook, mayBePart: boolean): Attempt {
    const { random } = this.#world;
    const data = { carrier: 'Royal Mail', trackingNumber: this.#unique('tracking') };
    if (!mayBePart || random.chance(0.25)) return this.#ofOrder(orderId, 'ShipOrder', data);
    const items = [{ line: 1 + random.integer(lines.length), quantity: String(1 + random.integer(2)) }];
    return this.#ofOrder(orderId, 'ShipOrder', { ...data, items });
  }

  /** A payment of no order, so that the money is asked for in every way; or some of an order's money goes back. */
  #pay(): Attempt | undefined {
    const { random } = this.#world;
    const payments = this.#auditor.books(PaymentBook);
    const paid = [...payments].filter(([, { captured }]) => captured > 0n);
    if (paid.length > 0 && random.chance(0.3)) {
      const [paymentId] = random.pick(paid);
      return this.#ofPayment(paymentId, 'RefundPayment', {
        refundId: this.#unique('refund'),
        ...this.#part(60),
      });
    }
    if (random.chance(0.2)) return this.#letGo();
    if (random.chance(CAPTURED_BY_HAND_CHANCE)) return this.#captureByHand();
    const paymentId = random.pick(PAYMENTS);
    const { status = 'NONE', held = 0n } = payments.get(paymentId) ?? {};
    const isOdd = random.chance(0.1);
    if (isOdd ? random.chance(0.3) : status === 'NONE') return this.#authorize(paymentId);
    if (isOdd || held === 0n || random.chance(0.15))
      return this.#ofPayment(paymentId, 'VoidPayment', { reason: this.#unique('because') });
    return this.#ofPayment(paymentId, 'CapturePayment', { ...this.#part(30), final: random.chance(0.2) });
  }

  /** The money of an order that is about to be shipped is let go by hand. */
  #letGo(): Attempt | undefined {
    const { random } = this.#world;
    const confirmed = [...this.#auditor.books(OrderBook)].filter(([, { status }]) => status === 'CONFIRMED');
    if (confirmed.length === 0) return undefined;
    const [orderId] = random.pick(confirmed);
    return this.#ofPayment(orderId, 'VoidPayment', { reason: this.#unique('because') });
  }

  /** Money of an order is captured by hand, of which only later versions of its saga know what to do with it. */
  #captureByHand(): Attempt | undefined {
    const { random } = this.#world;
    const sagas = this.#auditor.books(SagaBook);
    const held = [...this.#auditor.books(OrderBook).keys()].filter(
      (orderId) =>
        (this.#auditor.books(PaymentBook).get(orderId)?.held ?? 0n) > 0n &&
        (sagas.get(fulfilmentOf(orderId))?.version ?? 0) >= GIVES_BACK,
    );
    if (held.length === 0) return undefined;
    const amount = random.chance(0.5) ? { amount: String(1 + random.integer(3)) } : {};
    return this.#ofPayment(random.pick(held), 'CapturePayment', { ...amount, final: false });
  }

  /** Orders under way of which somebody has captured some, and nothing of that goes back yet. */
  #keptByHand(): string[] {
    const payments = this.#auditor.books(PaymentBook);
    const sagas = this.#auditor.books(SagaBook);
    return [...this.#auditor.books(OrderBook).keys()].filter((orderId) => {
      const { isCapturedByHand = false, captured = 0n, kept = 0n } = payments.get(orderId) ?? {};
      const isAllThere = isCapturedByHand && kept === captured && kept > units('1');
      return isAllThere && sagas.get(fulfilmentOf(orderId))?.isRunning === true;
    });
  }

  #authorize(paymentId: string): Attempt {
    const { random } = this.#world;
    return this.#ofPayment(paymentId, 'AuthorizePayment', {
      orderId: paymentId,
      customerId: this.#customer(),
      amount: String(10 + random.integer(90)),
      currency: random.pick(CURRENCIES),
      method: 'card',
      token: random.chance(0.3) ? cardToken(this.#world, random.pick(CAPTURE_CARDS)) : this.#card(),
    });
  }

  /** Mostly some of the money, else all of it. */
  #part(below: number): { amount?: string } {
    const { random } = this.#world;
    return random.chance(0.8) ? { amount: String(1 + random.integer(below)) } : {};
  }

  #card(): string {
    const { random } = this.#world;
    if (random.chance(0.65)) return this.#unique(cardToken(this.#world, 'tok_visa'));
    return cardToken(this.#world, random.pick(ODD_CARDS));
  }

  #price(): string {
    const { random } = this.#world;
    return decimal(random.integer(5_000), random.pick([0, 0, 0, 2, 2, 3]));
  }

  #ofStock(productId: string, type: string, data: Body['data']): Attempt {
    return this.#attempt({ aggregateType: 'inventory', aggregateId: productId }, { type, data });
  }

  #ofPayment(paymentId: string, type: string, data: Body['data']): Attempt {
    return this.#attempt({ aggregateType: 'payment', aggregateId: paymentId }, { type, data });
  }

  #ofOrder(orderId: string, type: string, data: Body['data']): Attempt {
    return this.#attempt({ aggregateType: 'order', aggregateId: orderId }, { type, data });
  }

  #attempt(source: Source, body: Body): Attempt {
    const commandId = this.#unique('command');
    return {
      source,
      commands: [{ commandId, body }],
      brief: this.#world.random.chance(0.3),
      exploding: false,
    };
  }

  #unique(prefix: string): string {
    return this.#world.uniqueId(prefix);
  }
}

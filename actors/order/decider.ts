/** The order's rules: what may follow what, what it comes to, and which units are still to be shipped. */
import { minorUnit } from '../../schemas/currency.ts';
import {
  add,
  decimalsOf,
  formatDecimal,
  INTEGER_DIGITS_MAX,
  multiply,
  parseDecimal,
  ZERO,
} from '../../schemas/decimal.ts';
import {
  ORDER_SHIPMENTS_MAX,
  type OrderCommand,
  type OrderEvent,
  type OrderLine,
  type OrderRefusal,
  type OrderShipped,
  type OrderStatus,
} from '../../schemas/order.ts';
import { cancellationSagaId, fulfilmentSagaId } from '../../schemas/sagaIds.ts';
import type { Decider, Decision, Timed } from '../kernel/decider.ts';
import { type OrderShipment, shipmentEffects, statusToTell } from './shipments.ts';
import { type ShippableLine, shipItems } from './shipping.ts';

/** The order as its events tell it. */
export interface OrderState {
  status: 'UNPLACED' | OrderStatus;
  orderId: string;
  customerId: string;
  currency: string;
  /** Lines in their order: the first has number 1. */
  items: (OrderLine & ShippableLine)[];
  total: string;
  payment: OrderPlaced['payment'];
  shipTo: OrderPlaced['shipTo'];
  country: string | null;
  shipments: OrderShipment[];
  /** Why it was cancelled, where it was. */
  reason: string | null;
}

type OrderPlaced = Extract<OrderEvent, { type: 'OrderPlaced' }>['data'];
type OrderDecision = Decision<OrderEvent, OrderRefusal>;
type Data<Type extends OrderCommand['type']> = Extract<OrderCommand, { type: Type }>['data'];

/** Totals stay below this: what a payment may be asked for. */
const PAYABLE_MAX = parseDecimal(`1${'0'.repeat(INTEGER_DIGITS_MAX)}`);

function initial(): OrderState {
  return {
    status: 'UNPLACED',
    orderId: '',
    customerId: '',
    currency: '',
    items: [],
    total: '0',
    payment: { method: '', token: '' },
    shipTo: {},
    country: null,
    shipments: [],
    reason: null,
  };
}

function refuse(code: OrderRefusal, detail: string): OrderDecision {
  return { accepted: false, refusal: { code, detail } };
}

function accept(event: OrderEvent): OrderDecision {
  return { accepted: true, events: [event] };
}

function decide(command: Timed<OrderCommand>, state: Readonly<OrderState>): OrderDecision {
  if (command.type === 'PlaceOrder') return place(command.data, state);
  if (command.type === 'RecordShipment') return recordShipment(command.data, state);
  switch (state.status) {
    case 'UNPLACED':
      return refuse('order_not_found', 'The order has not been placed.');
    case 'CANCELLED':
      return refuse('order_cancelled', `The order was cancelled: ${state.reason}.`);
    case 'DELIVERED':
      return refuse('order_already_delivered', 'The order has been delivered.');
    case 'SHIPPED':
      if (command.type === 'DeliverOrder') return accept({ type: 'OrderDelivered', data: {} });
      return refuse('order_already_shipped', 'Every unit of the order has left.');
    case 'CONFIRMED':
      return decideConfirmed(command, state, command.sagaId);
    case 'PENDING':
      return decidePending(command, state);
  }
}

type Later = Exclude<OrderCommand, { type: 'PlaceOrder' | 'RecordShipment' }>;

function decidePending(command: Later, { orderId }: Readonly<OrderState>): OrderDecision {
  switch (command.type) {
    case 'ConfirmOrder':
      return accept({ type: 'OrderConfirmed', data: {} });
    case 'CancelOrder':
      return cancel(command.data, 'PENDING', fulfilmentSagaId(orderId));
    case 'ShipOrder':
    case 'DeliverOrder':
      return refuse('order_not_confirmed', 'The order is not confirmed.');
  }
}

function decideConfirmed(
  command: Later,
  state: Readonly<OrderState>,
  sagaId: string | undefined,
): OrderDecision {
  switch (command.type) {
    case 'ConfirmOrder':
      return refuse('order_already_confirmed', 'The order has been confirmed.');
    case 'ShipOrder':
      return ship(command.data, state);
    case 'DeliverOrder':
      return refuse('order_not_shipped', 'Not every unit of the order has left.');
    case 'CancelOrder':
      if (state.shipments.length > 0)
        return refuse('order_already_shipped', 'Some of the order has left already.');
      // The saga that cancels it undoes the rest as well; whatever anybody else cancels is undone by one of its own.
      return cancel(command.data, 'CONFIRMED', sagaId ?? cancellationSagaId(state.orderId));
  }
}

function cancel(
  { reason }: Data<'CancelOrder'>,
  statusBefore: 'PENDING' | 'CONFIRMED',
  sagaId: string,
): OrderDecision {
  return accept({ type: 'OrderCancelled', data: { reason, statusBefore, sagaId } });
}

function place(data: Data<'PlaceOrder'>, state: Readonly<OrderState>): OrderDecision {
  if (state.status !== 'UNPLACED')
    return refuse('order_already_placed', 'An order with this id has been placed before.');
  let total = ZERO;
  const items = data.items.map(({ productId, quantity, unitPrice }, index): OrderLine => {
    const amount = multiply(parseDecimal(quantity), parseDecimal(unitPrice));
    total = add(total, amount);
    return { line: index + 1, productId, quantity, unitPrice, amount: formatDecimal(amount) };
  });
  const decimals = minorUnit(data.currency);
  if (decimalsOf(total) > decimals) {
    return refuse(
      'amount_precision',
      `The order comes to ${formatDecimal(total)}; what is paid in ${data.currency} has at most ${decimals} decimals.`,
    );
  }
  if (total >= PAYABLE_MAX) {
    return refuse(
      'amount_out_of_range',
      `The order comes to ${formatDecimal(total)}; what is paid has at most ${INTEGER_DIGITS_MAX} digits before the point.`,
    );
  }
  if (total === ZERO) return refuse('nothing_to_pay', 'The order comes to nothing.');
  return accept({ type: 'OrderPlaced', data: { ...data, items, total: formatDecimal(total) } });
}

function ship(data: Data<'ShipOrder'>, state: Readonly<OrderState>): OrderDecision {
  const { carrier, trackingNumber } = data;
  if (state.shipments.length >= ORDER_SHIPMENTS_MAX)
    return refuse('too_many_shipments', `An order has at most ${ORDER_SHIPMENTS_MAX} shipments.`);
  // Nobody else makes this id: the last hyphen parts an order's id from a number.
  const shipmentId = `${state.orderId}-${state.shipments.length + 1}`;
  const shipped = shipItems(state.items, data.items);
  if (!shipped.ok) return { accepted: false, refusal: shipped.refusal };
  const { items, isComplete } = shipped;
  return accept({
    type: 'OrderShipped',
    data: { shipmentId, carrier, trackingNumber, items, status: isComplete ? 'SHIPPED' : 'CONFIRMED' },
  });
}

/** Recorded is what the shipment was to be told, and nothing else: a late answer to an earlier message says nothing new. */
function recordShipment(data: Data<'RecordShipment'>, state: Readonly<OrderState>): OrderDecision {
  const shipment = state.shipments.find(({ shipmentId }) => shipmentId === data.shipmentId);
  if (shipment === undefined || statusToTell(shipment, state.status) !== data.status)
    return refuse('nothing_to_record', `There is nothing to record of shipment ${data.shipmentId}.`);
  return accept({ type: 'ShipmentRecorded', data });
}

function evolve(state: OrderState, event: OrderEvent): OrderState {
  switch (event.type) {
    case 'OrderPlaced': {
      const { items, ...placed } = event.data;
      const unshipped = items.map((item) => ({ ...item, shipped: '0' }));
      return { ...state, ...placed, items: unshipped, status: 'PENDING' };
    }
    case 'OrderConfirmed':
      state.status = 'CONFIRMED';
      return state;
    case 'OrderShipped':
      for (const { line, quantity } of event.data.items) {
        const item = state.items[line - 1];
        if (item === undefined) throw new Error(`the order has no line ${line}`);
        item.shipped = formatDecimal(add(parseDecimal(item.shipped), parseDecimal(quantity)));
      }
      state.shipments.push(shipmentOf(event.data));
      state.status = event.data.status;
      return state;
    case 'ShipmentRecorded':
      for (const shipment of state.shipments)
        if (shipment.shipmentId === event.data.shipmentId) shipment.recorded = event.data.status;
      return state;
    case 'OrderDelivered':
      state.status = 'DELIVERED';
      return state;
    case 'OrderCancelled':
      state.status = 'CANCELLED';
      state.reason = event.data.reason;
      return state;
  }
}

function shipmentOf({ shipmentId, carrier, trackingNumber, items }: OrderShipped): OrderShipment {
  return { shipmentId, carrier, trackingNumber, items, recorded: null };
}

/** The order's rules, as the kernel runs them. */
export const orderDecider: Decider<OrderState, OrderCommand, OrderEvent, OrderRefusal> = {
  aggregateType: 'order',
  stateVersion: 2,
  initial,
  decide,
  evolve,
  effects: shipmentEffects,
  resourceId: (command) => (command.type === 'PlaceOrder' ? command.data.orderId : undefined),
  resourceIdOfEvent: (event) => (event.type === 'OrderPlaced' ? event.data.orderId : undefined),
  reply: ([event]) => {
    if (event?.type === 'OrderPlaced') return { sagaId: fulfilmentSagaId(event.data.orderId) };
    return event?.type === 'OrderCancelled' ? { sagaId: event.data.sagaId } : {};
  },
};

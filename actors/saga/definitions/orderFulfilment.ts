/**
 * An order from placement to payment: the stock of every line is reserved, the payment authorised, the order confirmed. What is
 * shipped leaves the books of the stock with each shipment; the money is taken once everything has left, and no sooner.
 */
import { add, parseDecimal } from '../../../schemas/decimal.ts';
import type { OrderShipped } from '../../../schemas/order.ts';
import { FULFILMENT_DEFINITION } from '../../../schemas/saga.ts';
import { millisecondsOf, timeText } from '../../../schemas/time.ts';
import type {
  AddedStep,
  Compensation,
  EventVerdict,
  ObservedEvent,
  SagaDefinition,
  StepDefinition,
} from './definition.ts';
import {
  BANK_ASKED,
  CAPTURED,
  isAllRefunded,
  lineKeys,
  lineQuantity,
  NEVER_HELD,
  NOT_CAPTURED,
  NOT_HELD,
  NOT_RESERVED,
  type OrderInput,
  orderCommand,
  PATIENT,
  PATIENT_MS,
  PROMPT,
  PROMPT_MS,
  paymentCommand,
  refundId,
  STILL_HELD,
  stockCommand,
  VOIDED,
} from './orderSteps.ts';

/**
 * How long a confirmed order may wait for the last of its shipments: six days, since banks hold most cards' authorisations for
 * seven (docs.stripe.com/payments/place-a-hold-on-a-payment-method) and the money is taken after the goods have left.
 */
const SHIPMENT_MS = 6 * 86_400_000;

/**
 * The reservations outlive that, also where some of the order has left and the rest is waited for as long again, and an operator
 * is asked: what comes late is undone by the saga, and only what the saga lost expires. Three weeks.
 */
const RESERVATION_MS = 21 * 86_400_000;

/** A bank that asks its customer takes minutes; the payment itself gives up after about four without any answer. */
const AUTHORIZATION_MS = 900_000;

/** How much longer each line may take: all are begun together and asked for a few at a time, so that the last waits for the others. */
const LINE_MS = 500;

/** Cancelling may come too late: goods that have left make the order go on. */
const cancelOrder: Compensation<OrderInput> = {
  command: ({ input, reason }) => orderCommand(input, 'CancelOrder', { reason }),
  retry: PATIENT,
  undoneOn: ['order_cancelled', 'order_not_found'],
  calledOffOn: ['order_already_shipped', 'order_already_delivered'],
};

function authorizationVerdict({ eventType, data }: ObservedEvent): EventVerdict {
  const { status } = data.standing as { status: string };
  if (eventType !== 'PaymentAuthorized') return 'refused';
  // One that comes when nobody waits any more is let go at once.
  return status === 'AUTHORIZED' ? 'completed' : 'refused';
}

function shipmentVerdict({ eventType, data }: ObservedEvent): EventVerdict {
  if (eventType === 'OrderShipped') return data.status === 'SHIPPED' ? 'completed' : undefined;
  // Goods that nobody pays for any more are not sent. What was captured before is the business of whoever did that.
  if (eventType === VOIDED)
    return (data.standing as { status: string }).status === 'VOIDED' ? 'given up' : undefined;
  // A confirmed order that its customer cancels has a saga of its own; one that was not is refused its confirmation.
  return data.statusBefore === 'CONFIRMED' ? 'ends the saga' : undefined;
}

type Stages = SagaDefinition<OrderInput>['stages'];

const UNTIL_RESERVED: Stages = [
  // Undone last: an order is cancelled when nothing of it is held any more.
  [{ name: 'place-order', timeoutMs: () => PROMPT_MS, retry: PROMPT, compensation: cancelOrder }],
  [
    {
      name: 'reserve-stock',
      each: lineKeys,
      command: (context) =>
        stockCommand(context, 'ReserveStock', {
          quantity: lineQuantity(context),
          expiresAt: timeText(millisecondsOf(context.startedAt) + RESERVATION_MS),
        }),
      timeoutMs: ({ input }) => PROMPT_MS + input.items.length * LINE_MS,
      retry: PROMPT,
      compensation: {
        command: (context) => stockCommand(context, 'ReleaseReservation', { reason: context.reason }),
        retry: PATIENT,
        undoneOn: NOT_RESERVED,
      },
    },
  ],
];

const UNTIL_PAID_FOR: Stages = [
  [
    {
      name: 'authorize-payment',
      command: ({ input }) => {
        const { orderId, customerId, total, currency, payment } = input;
        const data = { orderId, customerId, amount: total, currency, ...payment };
        return paymentCommand(input, 'AuthorizePayment', data);
      },
      awaits: {
        eventTypes: ['PaymentAuthorized', 'PaymentDeclined', 'PaymentFailed', 'PaymentVoided'],
        verdict: authorizationVerdict,
      },
      timeoutMs: () => AUTHORIZATION_MS,
      retry: PROMPT,
      compensation: {
        command: ({ input, reason }) => paymentCommand(input, 'VoidPayment', { reason }),
        retry: PATIENT,
        undoneOn: NOT_HELD,
        retryOn: BANK_ASKED,
        awaits: { undoneBy: [VOIDED, ...NEVER_HELD], failedBy: [STILL_HELD], timeoutMs: PATIENT_MS },
      },
    },
  ],
  [
    {
      name: 'confirm-order',
      command: ({ input }) => orderCommand(input, 'ConfirmOrder', {}),
      timeoutMs: () => PROMPT_MS,
      retry: PROMPT,
      compensation: cancelOrder,
    },
  ],
];

/** What comes before the point of no return, in the first three versions. */
export const UNTIL_CONFIRMED: Stages = [...UNTIL_RESERVED, ...UNTIL_PAID_FOR];

/**
 * From here on money may be taken, and somebody may take it by hand. It goes back once the payment has let go of what it held:
 * a payment that holds nothing can have nothing taken of it, so that this is all of it.
 */
const ALLOW_PAYMENT: StepDefinition<OrderInput> = {
  name: 'allow-payment',
  settleable: true,
  timeoutMs: () => PROMPT_MS,
  retry: PROMPT,
  compensation: {
    command: ({ input, reason, undoing }) =>
      paymentCommand(input, 'RefundPayment', { refundId: refundId('fulfilment', undoing - 1), reason }),
    retry: PATIENT,
    undoneOn: NOT_CAPTURED,
    awaits: {
      undoneBy: ['PaymentRefunded'],
      failedBy: ['RefundFailed'],
      againBy: ['PaymentCaptured'],
      isUndone: isAllRefunded,
      timeoutMs: PATIENT_MS,
    },
  },
};

/** The wait for the last of the shipments. */
export const AWAIT_SHIPMENT: StepDefinition<OrderInput> = {
  name: 'await-shipment',
  pivot: true,
  awaits: { eventTypes: ['OrderShipped', 'OrderCancelled', VOIDED], verdict: shipmentVerdict },
  timeoutMs: () => SHIPMENT_MS,
  retry: PROMPT,
  compensation: cancelOrder,
};

/** The rest of the money is taken: what somebody captured a part of by hand is not all of it, and is no answer to this step. */
function captureVerdict({ eventType, data }: ObservedEvent): EventVerdict {
  if (eventType !== 'PaymentCaptured') return 'refused';
  const { authorized, captured, released } = data.standing as Record<string, string>;
  const isHeld =
    parseDecimal(authorized as string) >
    add(parseDecimal(captured as string), parseDecimal(released as string));
  return isHeld ? undefined : 'completed';
}

/** All of the money at once. What was captured by hand before is not captured again. */
export const CAPTURE_PAYMENT: StepDefinition<OrderInput> = {
  name: 'capture-payment',
  settleable: true,
  command: ({ input }) => paymentCommand(input, 'CapturePayment', {}),
  awaits: {
    eventTypes: ['PaymentCaptured', 'CaptureFailed'],
    verdict: captureVerdict,
  },
  timeoutMs: () => PATIENT_MS,
  retry: PATIENT,
  retryOn: ['capture_in_progress'],
};

/** One for each line of each shipment: `<shipment>-<line>`, both by their numbers. */
function shippedItems({ aggregateId: orderId, data }: ObservedEvent): AddedStep[] {
  const { shipmentId, items } = data as unknown as OrderShipped;
  const shipment = shipmentId.slice(orderId.length + 1);
  return items.map(({ line, quantity }) => ({ key: `${shipment}-${line}`, given: { line, quantity } }));
}

const whenAllHasLeft = ({ data }: ObservedEvent): AddedStep[] =>
  data.status === 'SHIPPED' ? [{ key: '', given: {} }] : [];

/** What leaves is off the books with each shipment, and everything is paid with the last. */
export const SHIPPED_AND_PAID: Stages = [
  [
    AWAIT_SHIPMENT,
    {
      name: 'commit-stock',
      pivot: true,
      addedBy: { eventTypes: ['OrderShipped'], steps: shippedItems },
      command: ({ input, given: { line, quantity } }) =>
        stockCommand({ input, key: `${line}` }, 'IssueStock', { quantity }),
      timeoutMs: () => PATIENT_MS,
      retry: PATIENT,
    },
    {
      ...CAPTURE_PAYMENT,
      addedBy: { eventTypes: ['OrderShipped'], steps: whenAllHasLeft },
      doneOn: CAPTURED,
    },
  ],
];

export const orderFulfilment: SagaDefinition<OrderInput> = {
  name: FULFILMENT_DEFINITION,
  version: 5,
  description: 'Reserves the stock of an order, has it paid, and sees it shipped.',
  stages: [...UNTIL_RESERVED, [ALLOW_PAYMENT], ...UNTIL_PAID_FOR, ...SHIPPED_AND_PAID],
};

/**
 * The sagas of an order in their earlier versions, for those that began with them. In the first a void was done once it had been
 * asked for, whatever the bank said to it; in the second nobody heard that the money of an order was let go before it left, and
 * the stock was taken off the books with the last shipment, all at once; in the third money that was captured by hand stayed with
 * the shop when the order was undone; in the fourth a void that came before the bank had said no was waited for till its time was up.
 */
import {
  type EventVerdict,
  type ObservedEvent,
  type SagaDefinition,
  type StepContext,
  type StepDefinition,
  withSteps,
} from './definition.ts';
import { type CancellationInput, orderCancellation } from './orderCancellation.ts';
import {
  AWAIT_SHIPMENT,
  CAPTURE_PAYMENT,
  orderFulfilment,
  SHIPPED_AND_PAID,
  UNTIL_CONFIRMED,
} from './orderFulfilment.ts';
import {
  lineKeys,
  NOT_HELD,
  type OrderInput,
  PATIENT,
  PATIENT_MS,
  refundId,
  stockCommand,
  VOIDED,
} from './orderSteps.ts';

/** One refusal of a payment was the other in the first version: that its money is being let go. */
const ENDED_ON = [...NOT_HELD, 'void_in_progress'] as const;
const RETRIED_ON = ['capture_in_progress'] as const;

function shipmentVerdict({ eventType, data }: ObservedEvent): EventVerdict {
  if (eventType === 'OrderShipped') return data.status === 'SHIPPED' ? 'completed' : undefined;
  return data.statusBefore === 'CONFIRMED' ? 'ends the saga' : undefined;
}

/** A step as it was: nothing but a void ended what undoes an authorisation. */
function heardOfVoidsAlone(step: StepDefinition<OrderInput>): StepDefinition<OrderInput> {
  const { compensation } = step;
  if (step.name !== 'authorize-payment' || compensation?.awaits === undefined) return step;
  return {
    ...step,
    compensation: { ...compensation, awaits: { ...compensation.awaits, undoneBy: [VOIDED] } },
  };
}

/** The fulfilment as it was. */
export const orderFulfilmentFourth = withSteps(orderFulfilment, 4, heardOfVoidsAlone);

/** The fulfilment before that: it gave nothing back. */
export const orderFulfilmentThird = withSteps(
  { ...orderFulfilment, stages: [...UNTIL_CONFIRMED, ...SHIPPED_AND_PAID] },
  3,
  heardOfVoidsAlone,
);

/** What came before the wait for shipments in the versions before that. */
const UNTIL_CONFIRMED_BEFORE = UNTIL_CONFIRMED.map((stage) => stage.map(heardOfVoidsAlone));

/** The fulfilment before that: it waited for the last shipment whatever became of the money, and then did everything at once. */
export const orderFulfilmentSecond: SagaDefinition<OrderInput> = {
  ...orderFulfilment,
  version: 2,
  stages: [
    ...UNTIL_CONFIRMED_BEFORE,
    [
      {
        ...AWAIT_SHIPMENT,
        awaits: { eventTypes: ['OrderShipped', 'OrderCancelled'], verdict: shipmentVerdict },
      },
    ],
    [
      {
        name: 'commit-stock',
        each: lineKeys,
        command: (context) => stockCommand(context, 'CommitReservation'),
        timeoutMs: () => PATIENT_MS,
        retry: PATIENT,
      },
      CAPTURE_PAYMENT,
    ],
  ],
};

/** The fulfilment before that: its way back went on as soon as the payment had taken the void. */
export const orderFulfilmentFirst = withSteps(orderFulfilmentSecond, 1, (step) => {
  if (step.name !== 'authorize-payment' || step.compensation === undefined) return step;
  const { awaits: _, ...compensation } = step.compensation;
  return { ...step, compensation: { ...compensation, undoneOn: ENDED_ON, retryOn: RETRIED_ON } };
});

/** The cancellation as it was: its own refund ended it, whatever became of others, or of that one later. */
export const orderCancellationSecond = withSteps(orderCancellation, 2, (step) => {
  if (step.name !== 'refund-payment' || step.awaits === undefined) return step;
  const { eventTypes } = step.awaits;
  return { ...step, awaits: { eventTypes, verdict: ownRefundVerdict } };
});

function ownRefundVerdict(
  { eventType, data }: ObservedEvent,
  { round }: StepContext<CancellationInput>,
): EventVerdict {
  if (data.refundId !== refundId('cancellation', round)) return undefined;
  return eventType === 'PaymentRefunded' ? 'completed' : 'refused';
}

/** The cancellation before that: it went on as soon as the payment had taken the void. */
export const orderCancellationFirst = withSteps(orderCancellationSecond, 1, (step) => {
  if (step.name !== 'void-payment') return step;
  const { awaits: _, ...rest } = step;
  return { ...rest, doneOn: ENDED_ON, retryOn: RETRIED_ON };
});

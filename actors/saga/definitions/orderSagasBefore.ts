/**
 * The sagas of an order in their earlier versions, for those that began with them. In the first a void was done once it had been
 * asked for, whatever the bank said to it; in the second nobody heard that the money of an order was let go before it left, and
 * the stock was taken off the books with the last shipment, all at once; in the third money that was captured by hand stayed with
 * the shop when the order was undone.
 */
import { type EventVerdict, type ObservedEvent, type SagaDefinition, withSteps } from './definition.ts';
import { orderCancellation } from './orderCancellation.ts';
import {
  AWAIT_SHIPMENT,
  CAPTURE_PAYMENT,
  orderFulfilment,
  SHIPPED_AND_PAID,
  UNTIL_CONFIRMED,
} from './orderFulfilment.ts';
import { lineKeys, NOT_HELD, type OrderInput, PATIENT, PATIENT_MS, stockCommand } from './orderSteps.ts';

/** One refusal of a payment was the other in the first version: that its money is being let go. */
const ENDED_ON = [...NOT_HELD, 'void_in_progress'] as const;
const RETRIED_ON = ['capture_in_progress'] as const;

function shipmentVerdict({ eventType, data }: ObservedEvent): EventVerdict {
  if (eventType === 'OrderShipped') return data.status === 'SHIPPED' ? 'completed' : undefined;
  return data.statusBefore === 'CONFIRMED' ? 'ends the saga' : undefined;
}

/** The fulfilment as it was: it gave nothing back. */
export const orderFulfilmentThird: SagaDefinition<OrderInput> = {
  ...orderFulfilment,
  version: 3,
  stages: [...UNTIL_CONFIRMED, ...SHIPPED_AND_PAID],
};

/** The fulfilment before that: it waited for the last shipment whatever became of the money, and then did everything at once. */
export const orderFulfilmentSecond: SagaDefinition<OrderInput> = {
  ...orderFulfilment,
  version: 2,
  stages: [
    ...UNTIL_CONFIRMED,
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

/** The cancellation as it was: it went on as soon as the payment had taken the void. */
export const orderCancellationFirst = withSteps(orderCancellation, 1, (step) => {
  if (step.name !== 'void-payment') return step;
  const { awaits: _, ...rest } = step;
  return { ...rest, doneOn: ENDED_ON, retryOn: RETRIED_ON };
});

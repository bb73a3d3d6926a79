/**
 * A confirmed order that was cancelled: its stock is free again, what is held of its customer's money is let go, and what was
 * taken goes back. There is no way back from a cancellation, so nothing of it is undone.
 */
import { CANCELLATION_DEFINITION } from '../../../schemas/saga.ts';
import type { SagaDefinition } from './definition.ts';
import {
  BANK_ASKED,
  isAllRefunded,
  lineKeys,
  NOT_CAPTURED,
  NOT_HELD,
  NOT_RESERVED,
  type OrderInput,
  PATIENT,
  PATIENT_MS,
  paymentCommand,
  refundId,
  STILL_HELD,
  stockCommand,
  VOIDED,
} from './orderSteps.ts';

/** What a cancellation is started with. */
export interface CancellationInput extends Pick<OrderInput, 'orderId' | 'items'> {
  readonly reason: string;
}

export const orderCancellation: SagaDefinition<CancellationInput> = {
  name: CANCELLATION_DEFINITION,
  version: 3,
  description: 'Frees the stock of a cancelled order and gives its money back.',
  forwardOnly: true,
  stages: [
    [
      {
        name: 'release-stock',
        each: lineKeys,
        command: (context) => stockCommand(context, 'ReleaseReservation', { reason: context.input.reason }),
        doneOn: NOT_RESERVED,
        timeoutMs: () => PATIENT_MS,
        retry: PATIENT,
      },
      {
        name: 'void-payment',
        command: ({ input }) => paymentCommand(input, 'VoidPayment', { reason: input.reason }),
        doneOn: NOT_HELD,
        retryOn: BANK_ASKED,
        awaits: {
          eventTypes: [VOIDED, STILL_HELD],
          verdict: ({ eventType }) => (eventType === VOIDED ? 'completed' : 'refused'),
        },
        timeoutMs: () => PATIENT_MS,
        retry: PATIENT,
      },
    ],
    [
      {
        name: 'refund-payment',
        settleable: true,
        command: ({ input, round }) =>
          paymentCommand(input, 'RefundPayment', {
            refundId: refundId('cancellation', round),
            reason: input.reason,
          }),
        doneOn: NOT_CAPTURED,
        // What somebody gives back by hand counts as well, and so does what the bank sends back, however late.
        awaits: {
          eventTypes: ['PaymentRefunded', 'RefundFailed'],
          verdict: (event) => {
            if (event.eventType === 'RefundFailed') return 'refused';
            return isAllRefunded(event) ? 'completed' : undefined;
          },
          lapsesBy: ['RefundFailed'],
          onceBegun: true,
        },
        timeoutMs: () => PATIENT_MS,
        retry: PATIENT,
      },
    ],
  ],
};

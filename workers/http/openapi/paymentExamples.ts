/** Examples of payments: what is done about their money, and what providers tell of it. */
import { commandExample, type Example } from './example.ts';

const paymentCommand = commandExample('pay-order-1');

/** Examples by `operationId`. */
export const PAYMENT_EXAMPLES: Readonly<Record<string, Example>> = {
  capturePayment: paymentCommand({ amount: '59.9' }, 'CaptureRequested', 3),
  voidPayment: paymentCommand({ reason: 'the customer changed their mind' }, 'VoidRequested', 3),
  refundPayment: paymentCommand(
    { refundId: 'return-1', amount: '19.9', reason: 'one of three came back' },
    'RefundRequested',
    5,
  ),
  getPayment: {
    reply: {
      paymentId: 'pay-order-1',
      orderId: 'order-1',
      customerId: 'customer-1',
      amount: '59.9',
      currency: 'EUR',
      method: 'card',
      provider: 'stripe',
      reference: 'pi_3MrPBM2eZvKYlo2C1TEMacFD',
      status: 'CAPTURED',
      authorized: '59.9',
      captured: '59.9',
      released: '0',
      refunded: '0',
      refunds: [{ refundId: 'return-1', amount: '19.9', status: 'REQUESTED' }],
      calls: [
        {
          operation: 'refund-return-1',
          amount: '19.9',
          failures: 1,
          nextAt: '2026-11-21T09:30:02.000Z',
        },
      ],
      version: 5,
    },
  },
  takePaymentWebhook: {
    request: {
      'application/json': {
        id: 'evt_1MqqbKLt4dXK03v5qaIbiNCC',
        type: 'payment_intent.canceled',
        data: { object: { object: 'payment_intent' } },
      },
    },
    reply: { outcome: 'recorded' },
  },
};

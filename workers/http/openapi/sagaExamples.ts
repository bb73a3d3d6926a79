/** Examples of transfers and sagas. */
import { commandExample, type Example } from './example.ts';

const sagaCommand = commandExample('transfer-t-1');

const transfer = {
  transferId: 't-1',
  fromAccountId: 'acc-1',
  toAccountId: 'acc-2',
  amount: '30',
  currency: 'USD',
  expiresInSeconds: 60,
};

const sagaStep = {
  name: 'reserve-funds',
  status: 'REFUSED',
  attempts: 1,
  startedAt: '2026-11-21T09:30:00.000Z',
  endedAt: '2026-11-21T09:30:00.004Z',
  error: { code: 'insufficient_funds', detail: 'Available cash is 10, the transfer needs 30.' },
};

const saga = {
  sagaId: 'transfer-t-1',
  definition: 'funds-transfer',
  definitionVersion: 2,
  status: 'COMPENSATED',
  reason: 'reserve-funds: insufficient_funds',
  startedAt: '2026-11-21T09:30:00.000Z',
  endedAt: '2026-11-21T09:30:00.009Z',
  steps: [sagaStep],
};

const summary = {
  sagaId: 'fulfil-order-1',
  definition: 'order-fulfilment',
  definitionVersion: 1,
  status: 'PARKED',
  reason: 'capture-payment: CaptureFailed',
  startedAt: '2026-11-21T09:30:00.000Z',
  updatedAt: '2026-11-23T16:20:41.380Z',
  endedAt: null,
  version: 24,
};

/** Examples by `operationId`. */
export const SAGA_EXAMPLES: Readonly<Record<string, Example>> = {
  transferFunds: sagaCommand(transfer, 'SagaStarted', 1, { sagaId: 'transfer-t-1' }),
  getSagas: { reply: { sagas: [summary], nextCursor: null } },
  getSaga: { reply: saga },
  retrySaga: sagaCommand({ reason: 'the bank answers again' }, 'SagaRetried', 17),
  compensateSaga: sagaCommand({ reason: 'the customer gave up' }, 'CompensationStarted', 9),
  settleSaga: sagaCommand({ reason: 'paid by bank transfer' }, 'SagaSettled', 25),
};

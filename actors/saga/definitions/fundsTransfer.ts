/**
 * A transfer of cash between two accounts. It is pending until the one has reserved the money and the other has agreed to
 * take it; then the money leaves the one, from where there is no way back, and reaches the other.
 */
import { TRANSFER_DEFINITION } from '../../../schemas/saga.ts';
import { millisecondsOf, timeText } from '../../../schemas/time.ts';
import type { TransferFunds } from '../../../schemas/transfer.ts';
import { type RetryPolicy, type SagaDefinition, type StepContext, withSteps } from './definition.ts';

type Context = StepContext<TransferFunds>;

/** Between the last moment at which a transfer may become final and the end of the reservation: the way to the account. */
const SETTLE_MS = 60_000;

/** More than the clocks of two machines ever differ by. */
const CLOCKS_MS = 60_000;

/** Cash that has left one account is brought to the other for so long before an operator is asked: a day. */
const DELIVERY_MS = 86_400_000;

const RETRY: RetryPolicy = { firstMs: 500, maxMs: 60_000, attemptsMax: 50 };

/** Undoing goes on for as long as an account may be out of reach: about a day. */
const UNDO: RetryPolicy = { firstMs: 500, maxMs: 300_000, attemptsMax: 300 };

function pendingMs({ input }: Context): number {
  return input.expiresInSeconds * 1_000;
}

/** When neither account may take its first command any more, milliseconds since 1970. */
function expiresAt(context: Context): number {
  return millisecondsOf(context.startedAt) + pendingMs(context) + SETTLE_MS;
}

function command(accountId: string, type: string, data: object) {
  return { aggregateType: 'account', aggregateId: accountId, type, data };
}

export const fundsTransfer: SagaDefinition<TransferFunds> = {
  name: TRANSFER_DEFINITION,
  version: 2,
  description: 'Moves cash from one account to another.',
  stages: [
    [
      {
        name: 'reserve-funds',
        command: (context) => {
          const { transferId, fromAccountId, toAccountId, amount, currency } = context.input;
          const until = timeText(expiresAt(context));
          const data = { transferId, toAccountId, amount, currency, expiresAt: until };
          return command(fromAccountId, 'ReserveFunds', data);
        },
        timeoutMs: pendingMs,
        retry: RETRY,
        compensation: {
          command: ({ input: { fromAccountId, transferId } }) =>
            command(fromAccountId, 'ReleaseFunds', { transferId }),
          retry: UNDO,
          undoneOn: ['account_not_found', 'account_closed', 'transfer_not_found'],
        },
      },
      {
        name: 'accept-transfer',
        command: (context) => {
          const { transferId, fromAccountId, toAccountId, amount, currency } = context.input;
          const until = timeText(expiresAt(context));
          const data = { transferId, fromAccountId, amount, currency, expiresAt: until };
          return command(toAccountId, 'AcceptTransfer', data);
        },
        timeoutMs: pendingMs,
        retry: RETRY,
        compensation: {
          command: ({ input: { toAccountId, transferId } }) =>
            command(toAccountId, 'CancelTransfer', { transferId }),
          retry: UNDO,
          undoneOn: ['account_closed', 'transfer_not_found'],
          // A reservation that comes late ends by itself; what was accepted does not.
          absentOn: {
            codes: ['account_not_found'],
            until: (context) => expiresAt(context) + CLOCKS_MS,
          },
        },
      },
    ],
    [
      {
        name: 'settle-funds',
        pivot: true,
        command: ({ input: { fromAccountId, transferId } }) =>
          command(fromAccountId, 'SettleFunds', { transferId }),
        // The reservation has expired, and there will not be another.
        finalOn: ['transfer_not_found'],
        timeoutMs: () => DELIVERY_MS,
        retry: UNDO,
      },
    ],
    [
      {
        name: 'credit-transfer',
        command: ({ input: { toAccountId, transferId } }) =>
          command(toAccountId, 'CreditTransfer', { transferId }),
        timeoutMs: () => DELIVERY_MS,
        retry: UNDO,
      },
    ],
  ],
};

/**
 * The transfer as it was, for those that began with it: an account that was opened after a transfer had been given up took the
 * acceptance that came late, and nobody ended it.
 */
export const fundsTransferFirst: SagaDefinition<TransferFunds> = withSteps(fundsTransfer, 1, (step) => {
  if (step.name !== 'accept-transfer' || step.compensation === undefined) return step;
  const { absentOn: _, ...compensation } = step.compensation;
  return {
    ...step,
    command: ({ input: { transferId, fromAccountId, toAccountId, amount, currency } }) =>
      command(toAccountId, 'AcceptTransfer', { transferId, fromAccountId, amount, currency }),
    compensation: {
      ...compensation,
      undoneOn: ['account_not_found', 'account_closed', 'transfer_not_found'],
    },
  };
});

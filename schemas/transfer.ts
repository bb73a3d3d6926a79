/**
 * Transfers between two accounts: what each of the two is told, and what it records. The paying account reserves, the
 * receiving one accepts; only when both hold does the money leave the one and then reach the other. It is never in both:
 *
 * Σ cash over all accounts + what has left one and not reached the other yet = what came in − what went out.
 *
 * Only the platform sends these commands: a client that could would make money.
 */
import { z } from 'zod';
import { Currency } from './currency.ts';
import { DecimalText, Id, PositiveDecimal, Time } from './scalars.ts';

const TransferId = Id.meta({ description: 'The transfer, as its client named it.' });
const Transfer = z.strictObject({ transferId: TransferId });

/** How long a transfer may be pending, in seconds: a month. Both accounts answer within milliseconds. */
export const TRANSFER_PENDING_SECONDS_MAX = 2_592_000;

/** What a client asks for. */
export const TransferFunds = z
  .strictObject({
    transferId: TransferId,
    fromAccountId: Id,
    toAccountId: Id,
    amount: PositiveDecimal,
    currency: Currency,
    expiresInSeconds: z.number().int().min(1).max(TRANSFER_PENDING_SECONDS_MAX).default(60).meta({
      description: 'How long both accounts have to agree; then everything is as it was.',
    }),
  })
  .refine(({ fromAccountId, toAccountId }) => fromAccountId !== toAccountId, {
    path: ['toAccountId'],
    message: 'must be another account',
  });
export type TransferFunds = z.infer<typeof TransferFunds>;

// ---- commands to the two accounts: type → data ----

/** Sets money aside for a transfer, until `expiresAt`. */
export const ReserveFunds = z.strictObject({
  transferId: TransferId,
  toAccountId: Id,
  amount: PositiveDecimal,
  currency: Currency,
  expiresAt: Time,
});
/**
 * Agrees to take money: the account will be there when it comes. Not from `expiresAt` on, for the account may have been opened after
 * the transfer was given up; sagas of the first version do not say it.
 */
export const AcceptTransfer = z.strictObject({
  transferId: TransferId,
  fromAccountId: Id,
  amount: PositiveDecimal,
  currency: Currency,
  expiresAt: Time.optional(),
});

/** Commands that the platform alone sends, by type. */
export const transferCommands = {
  ReserveFunds,
  AcceptTransfer,
  /** What is reserved leaves the account. */
  SettleFunds: Transfer,
  /** What was accepted reaches the account. */
  CreditTransfer: Transfer,
  /** Gives up the reservation; one that was never made is barred from being made. */
  ReleaseFunds: Transfer,
  /** Gives up the acceptance, in the same way. */
  CancelTransfer: Transfer,
} as const;

/** A command as the decider takes it, with the account's own timer. */
export type TransferCommand =
  | {
      [Type in keyof typeof transferCommands]: {
        readonly type: Type;
        readonly data: z.infer<(typeof transferCommands)[Type]>;
      };
    }[keyof typeof transferCommands]
  | { readonly type: 'ExpireFunds'; readonly data: { readonly transferId: string } };

// ---- events: type → data of the newest schema version ----

/** What the account holds after the event, so that a view needs no sum. */
const Balances = {
  cash: DecimalText.meta({ description: 'The balance after the event.' }),
  reserved: DecimalText.meta({ description: 'What of the balance is set aside after the event.' }),
};
const Amount = DecimalText.meta({ description: 'What it is about; 0 where there was nothing.' });

const FundsReserved = z.strictObject({
  transferId: TransferId,
  toAccountId: Id,
  amount: PositiveDecimal,
  expiresAt: Time,
  ...Balances,
});
const FundsReleased = z.strictObject({ transferId: TransferId, amount: Amount, ...Balances });
const FundsTransferredOut = z.strictObject({
  transferId: TransferId,
  toAccountId: Id,
  amount: PositiveDecimal,
  ...Balances,
});
const TransferAccepted = z.strictObject({
  transferId: TransferId,
  fromAccountId: Id,
  amount: PositiveDecimal,
});
const TransferCancelled = z.strictObject({ transferId: TransferId, amount: Amount });
const FundsTransferredIn = z.strictObject({
  transferId: TransferId,
  fromAccountId: Id,
  amount: PositiveDecimal,
  cash: Balances.cash,
});

/** Events by type, in their newest shape, with what the catalogue says of them. */
export const transferEvents = {
  FundsReserved: FundsReserved.meta({ description: 'Cash is set aside for a transfer.' }),
  FundsReleased: FundsReleased.meta({ description: 'What was set aside is free again.' }),
  FundsReservationExpired: FundsReleased.meta({ description: 'The time of a transfer was up: the same.' }),
  FundsTransferredOut: FundsTransferredOut.meta({ description: 'Cash has left for another account.' }),
  TransferAccepted: TransferAccepted.meta({ description: 'A transfer is expected.' }),
  TransferCancelled: TransferCancelled.meta({ description: 'A transfer is no longer expected.' }),
  FundsTransferredIn: FundsTransferredIn.meta({ description: 'Cash came from another account.' }),
} as const;

/** An event as the decider folds it. */
export type TransferEvent = {
  [Type in keyof typeof transferEvents]: {
    readonly type: Type;
    readonly data: z.infer<(typeof transferEvents)[Type]>;
  };
}[keyof typeof transferEvents];

/** Refusals of these commands beside the account's usual ones, in the order in which they are checked. */
export const TRANSFER_REFUSALS = [
  'currency_mismatch',
  'transfer_barred',
  'transfer_already_known',
  'transfer_expired',
  'too_many_transfers',
  'transfer_not_found',
] as const;
export type TransferRefusal = (typeof TRANSFER_REFUSALS)[number];

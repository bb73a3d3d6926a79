/**
 * The trading account: its commands, events and refusals. Event names and shapes are the storage format: a stored name
 * never changes, a changed shape gets a new schema version and an upcast (`schemas/upcasts.ts`).
 */
import { z } from 'zod';
import { Currency } from './currency.ts';
import { DecimalText, Id, NonNegativeDecimal, PositiveDecimal, Remark } from './scalars.ts';
import { ExecuteTrade, TRADE_AMENDMENT_REFUSALS, tradeEvents } from './trade.ts';
import { TRANSFER_REFUSALS, transferEvents } from './transfer.ts';

/** Who the account belongs to. */
export const AccountType = z.enum(['INDIVIDUAL', 'CORPORATE']);
/** What an account may be: frozen ones refuse all that moves money, closed ones refuse all. */
export const AccountStatus = z.enum(['OPEN', 'FROZEN', 'CLOSED']);

/** A limit that is null does not limit. Sent limits replace, absent ones stay. */
const LimitValue = PositiveDecimal.nullable();

/** What the account's trades must stay within. */
export const Limits = z.strictObject({
  maxOrderNotional: LimitValue,
  maxPositionQuantity: LimitValue,
  maxPositionNotional: LimitValue,
  allowShort: z.boolean(),
});
export type Limits = z.infer<typeof Limits>;

/** The limits of an account that was never given any. */
export const NO_LIMITS: Limits = {
  allowShort: false,
  maxOrderNotional: null,
  maxPositionNotional: null,
  maxPositionQuantity: null,
};

// ---- commands: type → data, as clients send it ----

/** Opens the account. The initial balance is cash from outside, like a deposit. */
export const OpenAccount = z.strictObject({
  customerId: Id,
  accountType: AccountType,
  currency: Currency,
  initialBalance: NonNegativeDecimal.optional(),
});
/** Takes cash in from outside the platform. */
export const DepositFunds = z.strictObject({ amount: PositiveDecimal, reference: Remark.optional() });
/** Sends cash out of the platform. */
export const WithdrawFunds = z.strictObject({ amount: PositiveDecimal, reference: Remark.optional() });
/** Replaces the limits that are sent. */
export const SetLimits = z
  .strictObject({
    maxOrderNotional: LimitValue.optional(),
    maxPositionQuantity: LimitValue.optional(),
    maxPositionNotional: LimitValue.optional(),
    allowShort: z.boolean().optional(),
  })
  .refine((limits) => Object.keys(limits).length > 0, 'must set at least one limit');
/** Freezes, unfreezes or closes the account: what all three say is why. */
export const Reason = z.strictObject({ reason: Remark });

/** Commands by type, with what the catalogue says of them. */
export const accountCommands = {
  OpenAccount: OpenAccount.meta({ description: 'Opens the account, with cash from outside if wanted.' }),
  DepositFunds: DepositFunds.meta({ description: 'Takes cash in from outside the platform.' }),
  WithdrawFunds: WithdrawFunds.meta({ description: 'Sends cash out of the platform.' }),
  ExecuteTrade: ExecuteTrade.meta({ description: 'Books a trade that was made on some venue.' }),
  SetLimits: SetLimits.meta({ description: 'Replaces the limits that are sent; null lifts one.' }),
  FreezeAccount: Reason.meta({ description: 'Stops all that moves money until the account is unfrozen.' }),
  UnfreezeAccount: Reason.meta({ description: 'Lets a frozen account go on.' }),
  CloseAccount: Reason.meta({ description: 'Ends the account for good; it must be empty.' }),
} as const;

/** A command as the decider takes it; those about trades of the past see the log as well (`schemas/trade.ts`). */
export type AccountCommand = {
  [Type in keyof typeof accountCommands]: {
    readonly type: Type;
    readonly data: z.infer<(typeof accountCommands)[Type]>;
  };
}[keyof typeof accountCommands];

// ---- events: type → data of the newest schema version ----

/** On every event that moves money, so that a view needs no sum. */
const CashAfter = DecimalText.meta({ description: 'The balance after the event.' });

/** Schema version 2 added `accountType`; version 1 had only individuals. */
export const AccountOpened = z.strictObject({
  customerId: Id,
  accountType: AccountType,
  currency: Currency,
  cash: CashAfter,
});
/** Cash came in, or went out. */
export const FundsDeposited = z.strictObject({
  amount: PositiveDecimal,
  reference: Remark.nullable(),
  cash: CashAfter,
});
export const FundsWithdrawn = FundsDeposited;
/** All limits as they are from now on. */
export const LimitsSet = Limits;
/** The account was frozen, unfrozen or closed, and why. */
export const AccountFrozen = z.strictObject({ reason: Remark });
export const AccountUnfrozen = z.strictObject({ reason: Remark });
export const AccountClosed = z.strictObject({ reason: Remark });

/** Events by type, in their newest shape, with what the catalogue says of them. */
export const accountEvents = {
  AccountOpened: AccountOpened.meta({
    description: 'The account exists. Schema version 1 had no `accountType`: it knew only individuals.',
  }),
  FundsDeposited: FundsDeposited.meta({ description: 'Cash came in from outside.' }),
  FundsWithdrawn: FundsWithdrawn.meta({ description: 'Cash went out.' }),
  ...tradeEvents,
  LimitsSet: LimitsSet.meta({ description: 'All limits, as they are from now on; null does not limit.' }),
  AccountFrozen: AccountFrozen.meta({ description: 'Nothing moves money any more.' }),
  AccountUnfrozen: AccountUnfrozen.meta({ description: 'The account goes on.' }),
  AccountClosed: AccountClosed.meta({ description: 'The account has ended.' }),
  ...transferEvents,
} as const;

/** An event as the decider folds it. */
export type AccountEvent = {
  [Type in keyof typeof accountEvents]: {
    readonly type: Type;
    readonly data: z.infer<(typeof accountEvents)[Type]>;
  };
}[keyof typeof accountEvents];

/** Refusals in the order in which they are checked. */
export const ACCOUNT_REFUSALS = [
  'account_already_open',
  'account_not_found',
  'account_closed',
  'account_frozen',
  'account_not_frozen',
  ...TRANSFER_REFUSALS,
  ...TRADE_AMENDMENT_REFUSALS,
  'amount_precision',
  'limit_exceeded',
  'insufficient_position',
  'insufficient_funds',
  'amount_out_of_range',
  'account_not_empty',
] as const;
export type AccountRefusal = (typeof ACCOUNT_REFUSALS)[number];

/**
 * A statement of an account: what it held at the beginning and the end of a period, and everything that moved its cash in
 * between. It follows from one log alone, up to one version, so that anybody who has that log can make it again.
 */
import { z } from 'zod';
import { AccountStatus, AccountType } from '../../schemas/account.ts';
import { Currency } from '../../schemas/currency.ts';
import { AggregateId, DecimalText, Id, SymbolName, UtcTime } from '../../schemas/scalars.ts';
import { Side, TradeCancelled } from '../../schemas/trade.ts';
import { Head, ReportValue } from '../report.ts';

/** What moved the cash. */
export const MOVEMENT_KINDS = [
  'INITIAL_DEPOSIT',
  'DEPOSIT',
  'WITHDRAWAL',
  'BUY',
  'SELL',
  'TRANSFER_IN',
  'TRANSFER_OUT',
  'TRADE_CORRECTION',
  'TRADE_CANCELLATION',
] as const;
export type MovementKind = (typeof MOVEMENT_KINDS)[number];

/** The trade behind a movement. */
export const StatementTrade = z
  .strictObject({
    tradeId: Id,
    symbol: SymbolName,
    side: Side,
    quantity: DecimalText,
    price: DecimalText,
    notional: DecimalText,
    fee: DecimalText,
    realizedPnl: DecimalText,
    executedAt: UtcTime,
  })
  .meta({ id: 'StatementTrade' });
export type StatementTrade = z.infer<typeof StatementTrade>;

/** The earlier trade that a movement corrects or cancels, and what that changes. */
const StatementAmendment = TradeCancelled.pick({
  tradeId: true,
  tradeVersion: true,
  symbol: true,
  effectiveAt: true,
  changes: true,
}).meta({ id: 'StatementAmendment' });

/** One movement of cash. */
export const Movement = z
  .strictObject({
    version: z.number().int().min(1).meta({ description: 'Of the account: its event.' }),
    eventId: z.uuid(),
    recordedAt: UtcTime,
    kind: z.enum(MOVEMENT_KINDS),
    amount: DecimalText.meta({
      description: 'What was added to the balance, fees included; negative: taken.',
    }),
    balance: DecimalText.meta({ description: 'The balance after it.' }),
    reference: z.string().nullable(),
    transfer: z
      .strictObject({
        transferId: Id,
        accountId: AggregateId.meta({ description: 'The other account.' }),
      })
      .nullable(),
    trade: StatementTrade.nullable(),
    amendment: StatementAmendment.nullable(),
  })
  .meta({ id: 'Movement' });
export type Movement = z.infer<typeof Movement>;

/** A holding at the end of the period. */
const StatementPosition = z
  .strictObject({
    symbol: SymbolName,
    quantity: DecimalText,
    averageCost: DecimalText,
    costBasis: DecimalText,
    price: DecimalText.nullable().meta({ description: 'Null where no price is known, and so no value.' }),
    priceTradeId: Id.nullable().meta({ description: 'The trade whose price it is.' }),
    pricedAt: UtcTime.nullable().meta({ description: 'When that trade was executed.' }),
    marketValue: ReportValue.nullable().meta({
      description: 'Quantity × price; negative for a short position.',
    }),
    unrealizedPnl: ReportValue.nullable().meta({ description: 'Market value less cost basis.' }),
  })
  .meta({ id: 'StatementPosition' });
/** A holding as a statement shows it. */
export type StatementPosition = z.infer<typeof StatementPosition>;

/** What the movements come to, signed as they are, so that opening balance and totals make the closing balance. */
const Totals = z.strictObject({
  deposits: ReportValue,
  withdrawals: ReportValue,
  transfersIn: ReportValue,
  transfersOut: ReportValue,
  purchases: ReportValue.meta({ description: 'Without fees, as sales.' }),
  sales: ReportValue,
  corrections: ReportValue.meta({ description: 'Of trades that were corrected or cancelled, without fees.' }),
  fees: ReportValue,
});
/** Sums of movements by what they were. */
export type Totals = z.infer<typeof Totals>;

/** The whole statement. */
export const Statement = z
  .strictObject({
    accountId: AggregateId,
    customerId: Id,
    accountType: AccountType,
    status: AccountStatus.meta({
      description: 'At the end of the period, as everything that is no movement.',
    }),
    currency: Currency,
    from: UtcTime.nullable().meta({ description: 'The period begins here; null: with the account.' }),
    to: UtcTime.nullable().meta({ description: 'The period ends before this; null: with the newest event.' }),
    asOf: UtcTime.meta({ description: 'When the newest event that is covered was recorded.' }),
    heads: z.array(Head).length(1).meta({ description: 'The log that is covered, and up to which version.' }),
    openingBalance: DecimalText,
    closingBalance: DecimalText,
    reserved: DecimalText.meta({ description: 'What of the closing balance was set aside for transfers.' }),
    totals: Totals,
    realizedPnl: z.strictObject({
      total: ReportValue.meta({ description: 'Of the period. Fees are not in it.' }),
      bySymbol: z.array(z.strictObject({ symbol: SymbolName, realizedPnl: ReportValue })),
    }),
    movements: z.array(Movement),
    positions: z.array(StatementPosition),
    priceSource: z.literal('ACCOUNT_LAST_TRADE').meta({
      description:
        'Holdings are valued at the price of the trade in the symbol that this account executed last.',
    }),
    positionsValue: ReportValue.meta({ description: 'Of all positions with a price.' }),
    totalValue: ReportValue.meta({ description: 'Closing balance and the value of the positions.' }),
  })
  .meta({ id: 'Statement' });
export type Statement = z.infer<typeof Statement>;

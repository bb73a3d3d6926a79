/**
 * Trades and what is said of them later. A trade that was booked wrongly is corrected or cancelled by a further event: what
 * was recorded stays, and every state before the correction can still be seen as it was then.
 */
import { z } from 'zod';
import {
  DecimalChange,
  DecimalText,
  Id,
  NonNegativeDecimal,
  PositiveDecimal,
  Remark,
  SymbolName,
  Time,
  UtcTime,
  Version,
} from './scalars.ts';

/** Whether a trade adds to the position or takes from it. */
export const Side = z.enum(['BUY', 'SELL']);

/** What a view says of a trade that it shows. */
export const TRADE_STATUSES = ['EXECUTED', 'CORRECTED', 'CANCELLED'] as const;
export const TradeStatus = z.enum(TRADE_STATUSES);
export type TradeStatus = z.infer<typeof TradeStatus>;

// ---- commands: type → data, as clients send it ----

/** Books a trade that was made. `executedAt` is the venue's time; without it, the time of receipt. */
export const ExecuteTrade = z.strictObject({
  tradeId: Id,
  symbol: SymbolName,
  quantity: PositiveDecimal,
  price: PositiveDecimal,
  side: Side,
  fee: NonNegativeDecimal.optional(),
  executedAt: Time.optional(),
});

/** What of a trade may be corrected: its symbol and its time may not, a trade booked anew has others. */
const CorrectedTerms = {
  side: Side.optional(),
  quantity: PositiveDecimal.optional(),
  price: PositiveDecimal.optional(),
  fee: NonNegativeDecimal.optional(),
};

const correctsSomething = (sent: object) => Object.keys(CorrectedTerms).some((term) => term in sent);
const NOTHING_CORRECTED = 'must correct side, quantity, price or fee';

/** Says what a trade really was: terms that are sent replace, absent ones stay. */
export const CorrectTrade = z
  .strictObject({ tradeId: Id, ...CorrectedTerms, reason: Remark })
  .refine(correctsSomething, NOTHING_CORRECTED);

/** Says that a trade never was. */
export const CancelTrade = z.strictObject({ tradeId: Id, reason: Remark });

/** The same commands where the path names the trade. */
export const Correction = z
  .strictObject({ ...CorrectedTerms, reason: Remark })
  .refine(correctsSomething, NOTHING_CORRECTED);
export const Cancellation = z.strictObject({ reason: Remark });

/** Commands about trades of the past, by type, with what the catalogue says of them. */
export const tradeAmendments = {
  CorrectTrade: CorrectTrade.meta({
    description:
      'Says what a trade really was: cash, average cost and profit become what they had been then.',
  }),
  CancelTrade: CancelTrade.meta({ description: 'Says that a trade never was. It cannot be booked again.' }),
} as const;

/** Such a command as the rules take it. */
export type TradeAmendment = {
  [Type in keyof typeof tradeAmendments]: {
    readonly type: Type;
    readonly data: z.infer<(typeof tradeAmendments)[Type]>;
  };
}[keyof typeof tradeAmendments];

// ---- events: type → data of the newest schema version ----

/**
 * A holding after a trade. `costBasis` is what the held quantity cost, to 8 decimals; `averageCost` is costBasis ÷
 * quantity for people, and no sum is made from it. A short position has a negative quantity and cost basis.
 */
export const Position = z.strictObject({
  quantity: DecimalText,
  averageCost: DecimalText,
  costBasis: DecimalText,
  realizedPnl: DecimalText,
});
export type Position = z.infer<typeof Position>;

/** The terms of a trade, with what follows from them. */
const Terms = {
  side: Side,
  quantity: PositiveDecimal,
  price: PositiveDecimal,
  notional: DecimalText.meta({ description: 'Quantity × price, rounded half to even to 8 decimals.' }),
  fee: NonNegativeDecimal,
};

/** What the account has after the event, so that a view needs no sum. */
const Balances = {
  cash: DecimalText.meta({ description: 'The balance after the event.' }),
  fees: DecimalText.meta({ description: 'Every fee paid so far.' }),
};

/** A trade moved cash and a position. */
export const TradeExecuted = z.strictObject({
  tradeId: Id,
  symbol: SymbolName,
  ...Terms,
  executedAt: Time,
  realizedPnl: DecimalText.meta({ description: 'Profit realised by this trade alone.' }),
  ...Balances,
  position: Position.meta({ description: 'The position in the symbol after the trade.' }),
});
export type TradeExecuted = z.infer<typeof TradeExecuted>;

/** What a correction and a cancellation have in common. */
const Amendment = {
  tradeId: Id,
  symbol: SymbolName,
  reason: Remark,
  executedAt: Time.meta({ description: 'When the trade was executed.' }),
  tradeVersion: Version.min(1).meta({ description: 'The version of the trade that the event is about.' }),
  effectiveAt: UtcTime.meta({
    description: 'When that trade was recorded: what is known now holds from then on.',
  }),
  changes: z
    .strictObject({
      cash: DecimalChange,
      fees: DecimalChange,
      quantity: DecimalChange,
      realizedPnl: DecimalChange,
    })
    .meta({ description: 'What the event adds to balance, fees, holding and profit in the symbol.' }),
  ...Balances,
  position: Position.meta({
    description: 'The position that all trades in the symbol give, as they are known now.',
  }),
  lastTrade: z
    .strictObject({ tradeId: Id, price: PositiveDecimal, executedAt: Time })
    .nullable()
    .meta({ description: 'The one executed last of them, whose price the holding is valued at.' }),
};

/** A trade was not what it was booked as: its terms as they really were, all of them. */
export const TradeCorrected = z.strictObject({
  ...Amendment,
  ...Terms,
  realizedPnl: DecimalText.meta({ description: 'Profit that the trade realised, as it really was.' }),
});
export type TradeCorrected = z.infer<typeof TradeCorrected>;

/** A trade never was. */
export const TradeCancelled = z.strictObject(Amendment);
export type TradeCancelled = z.infer<typeof TradeCancelled>;

/** Events by type, in their newest shape, with what the catalogue says of them. */
export const tradeEvents = {
  TradeExecuted: TradeExecuted.meta({ description: 'A trade moved cash and a position.' }),
  TradeCorrected: TradeCorrected.meta({
    description: 'A trade was not what it was booked as: its terms as they really were, all of them.',
  }),
  TradeCancelled: TradeCancelled.meta({ description: 'A trade never was: what it moved is moved back.' }),
} as const;

/** Refusals of the commands about trades of the past, beside the account's usual ones, in the order of their checks. */
export const TRADE_AMENDMENT_REFUSALS = [
  'trade_not_found',
  'trade_already_cancelled',
  'nothing_to_correct',
  'trade_out_of_reach',
] as const;

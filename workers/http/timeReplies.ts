/** What requests about the past of an account answer. */
import { z } from 'zod';
import { INTERVALS } from '../../schemas/calendar.ts';
import { Currency } from '../../schemas/currency.ts';
import { DecimalText, Id, SymbolName, UtcTime, Version } from '../../schemas/scalars.ts';
import { TradeCancelled } from '../../schemas/trade.ts';
import { AccountReply } from './replies.ts';

/** What of a moment counts: what had been recorded by then, or what is known of it now. */
export const KNOWLEDGES = ['recorded', 'known'] as const;

const PresentVersion = Version.min(1);

const KnownVersion = PresentVersion.meta({
  description: 'Corrections and cancellations of trades count up to this version.',
});

const AsOf = z.strictObject({
  at: UtcTime.nullable().meta({ description: 'The time that was asked for; null where it was a version.' }),
  version: PresentVersion.meta({ description: 'The newest one that had been recorded by then.' }),
  recordedAt: UtcTime.meta({ description: 'When it was recorded.' }),
  knowledge: z.enum(KNOWLEDGES),
  knownVersion: KnownVersion,
});
/** Which moment an answer shows, by what is known when. */
export type AsOf = z.infer<typeof AsOf>;

/** The account as it is, or as it was. */
export const PortfolioReply = AccountReply.extend({
  asOf: AsOf.optional().meta({ description: 'Where a moment was asked for.' }),
}).meta({ id: 'Portfolio' });

const Difference = z.strictObject({
  cash: DecimalText,
  fees: DecimalText,
  positions: z.array(
    z.strictObject({
      symbol: SymbolName,
      quantity: DecimalText,
      averageCost: DecimalText,
      realizedPnl: DecimalText,
    }),
  ),
});

const Amendment = z
  .strictObject({
    version: PresentVersion,
    eventType: z.enum(['TradeCorrected', 'TradeCancelled']),
    recordedAt: UtcTime,
    ...TradeCancelled.pick({ tradeId: true, tradeVersion: true, symbol: true, reason: true, changes: true })
      .shape,
  })
  .meta({ id: 'Amendment' });

/** A moment as it was known then and as it is known now. */
export const PortfolioDifferenceReply = z.strictObject({
  accountId: Id,
  asOf: AsOf.omit({ knowledge: true }),
  recorded: AccountReply.meta({ description: 'As it was recorded then.' }),
  known: AccountReply.meta({ description: 'As it is known by `knownVersion`.' }),
  difference: Difference.meta({
    description: 'What is known, less what was recorded; positions that differ.',
  }),
  amendments: z.array(Amendment).meta({ description: 'Why it differs: the last of them, oldest first.' }),
  amendmentsTotal: z.number().int().min(0),
});
export type PortfolioDifferenceReply = z.infer<typeof PortfolioDifferenceReply>;

/** Balances by period. */
export const BalanceHistoryReply = z.strictObject({
  accountId: Id,
  currency: Currency,
  interval: z.enum(INTERVALS),
  asOf: AsOf.pick({ version: true, knowledge: true, knownVersion: true }),
  periods: z.array(
    z
      .strictObject({
        period: z.string().meta({ description: '`2026-01-31`, `2026-W05` (ISO 8601) or `2026-01`.' }),
        from: UtcTime,
        to: UtcTime.meta({ description: 'The first moment after the period.' }),
        opening: DecimalText.meta({ description: '0 in the period in which the account was opened.' }),
        closing: DecimalText,
        minimum: DecimalText.meta({ description: 'The lowest balance at any moment of the period.' }),
        maximum: DecimalText,
      })
      .meta({ id: 'BalancePeriod' }),
  ),
});

/** The trade blotter: every trade as it was booked, corrected or cancelled. */
import { z } from 'zod';
import { Currency } from '../../schemas/currency.ts';
import { AggregateId, DecimalText, Id, SymbolName, UtcTime, Version } from '../../schemas/scalars.ts';
import { Side } from '../../schemas/trade.ts';
import type { EventKind } from './kind.ts';

const BlotterRow = z
  .strictObject({
    accountId: AggregateId,
    customerId: Id,
    version: Version,
    eventId: z.uuid(),
    eventType: z.string(),
    recordedAt: UtcTime,
    executedAt: UtcTime,
    tradeId: Id,
    symbol: SymbolName,
    side: Side.nullable().meta({ description: 'Null, as the other terms, where the trade was cancelled.' }),
    quantity: DecimalText.nullable(),
    price: DecimalText.nullable(),
    currency: Currency,
    notional: DecimalText.nullable(),
    fee: DecimalText.nullable(),
    realizedPnl: DecimalText.nullable(),
    amendedVersion: Version.nullable().meta({ description: 'The trade that is corrected or cancelled.' }),
    reason: z.string().nullable(),
    userId: z.string(),
  })
  .meta({ id: 'BlotterRow' });

/** The kind. */
export const tradeBlotter: EventKind = {
  name: 'trade-blotter',
  columns: Object.keys(BlotterRow.shape),
  row: BlotterRow,
  rowsOf({ event, fact }, { accountId, closing }) {
    const { tradeId, symbol, executedAt, terms, amendedVersion, reason } = fact;
    return [
      {
        accountId,
        customerId: closing.customerId,
        version: event.version,
        eventId: event.eventId,
        eventType: event.eventType,
        recordedAt: event.recordedAt,
        executedAt,
        tradeId,
        symbol,
        side: terms?.side ?? null,
        quantity: terms?.quantity ?? null,
        price: terms?.price ?? null,
        currency: closing.currency,
        notional: terms?.notional ?? null,
        fee: terms?.fee ?? null,
        realizedPnl: terms?.realizedPnl ?? null,
        amendedVersion,
        reason,
        userId: event.metadata.userId,
      },
    ];
  },
};

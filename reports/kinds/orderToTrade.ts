/** The trail from the command that somebody sent, over the event that it led to, to the trade that the event books. */
import { z } from 'zod';
import { HashText } from '../../schemas/envelope.ts';
import { AggregateId, DecimalText, Id, SymbolName, UtcTime, Version } from '../../schemas/scalars.ts';
import { Side } from '../../schemas/trade.ts';
import type { EventKind } from './kind.ts';

const TrailRow = z
  .strictObject({
    accountId: AggregateId,
    commandId: z.string(),
    userId: z.string().meta({ description: 'Who sent the command.' }),
    correlationId: z.string(),
    causationId: z.string().nullable(),
    sagaId: AggregateId.nullable(),
    recordedAt: UtcTime.meta({ description: 'When the command was decided.' }),
    eventId: z.uuid(),
    eventType: z.string(),
    version: Version,
    hash: HashText,
    tradeId: Id,
    symbol: SymbolName,
    side: Side.nullable(),
    quantity: DecimalText.nullable(),
    price: DecimalText.nullable(),
    executedAt: UtcTime,
    amendedVersion: Version.nullable(),
  })
  .meta({ id: 'TrailRow' });

/** The kind. */
export const orderToTrade: EventKind = {
  name: 'order-to-trade',
  columns: Object.keys(TrailRow.shape),
  row: TrailRow,
  rowsOf({ event, fact }, { accountId }) {
    const { commandId, userId, correlationId, causationId, sagaId = null } = event.metadata;
    const { tradeId, symbol, executedAt, terms, amendedVersion } = fact;
    return [
      {
        accountId,
        commandId,
        userId,
        correlationId,
        causationId,
        sagaId,
        recordedAt: event.recordedAt,
        eventId: event.eventId,
        eventType: event.eventType,
        version: event.version,
        hash: event.hash,
        tradeId,
        symbol,
        side: terms?.side ?? null,
        quantity: terms?.quantity ?? null,
        price: terms?.price ?? null,
        executedAt,
        amendedVersion,
      },
    ];
  },
};

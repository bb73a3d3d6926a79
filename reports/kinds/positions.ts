/** Holdings at the end of a period, and those of them that are large. */
import { z } from 'zod';
import { Currency } from '../../schemas/currency.ts';
import { formatDecimal, multiply, parseDecimal, type Scaled, subtract } from '../../schemas/decimal.ts';
import { AggregateId, DecimalText, Id, SymbolName, UtcTime } from '../../schemas/scalars.ts';
import type { Position } from '../../schemas/trade.ts';
import { ReportValue } from '../report.ts';
import type { ReportedAccount, StateKind } from './kind.ts';
import { reachedOf, type Thresholds } from './thresholds.ts';

const PositionRow = z
  .strictObject({
    accountId: AggregateId,
    customerId: Id,
    currency: Currency,
    symbol: SymbolName,
    openingQuantity: DecimalText.meta({ description: 'When the period began.' }),
    quantity: DecimalText.meta({ description: 'At its end; negative: short.' }),
    averageCost: DecimalText,
    costBasis: DecimalText,
    price: DecimalText.nullable().meta({
      description: 'Of the trade in the symbol that the account executed last; null where none is known.',
    }),
    priceTradeId: Id.nullable(),
    pricedAt: UtcTime.nullable(),
    marketValue: ReportValue.nullable(),
    unrealizedPnl: ReportValue.nullable(),
    realizedPnl: ReportValue.meta({ description: 'Of the period.' }),
  })
  .meta({ id: 'PositionRow' });

type PositionRow = z.infer<typeof PositionRow>;

const NO_POSITION: Position = { quantity: '0', averageCost: '0', costBasis: '0', realizedPnl: '0' };

/** Every holding, and what was closed in the period. */
export const positions: StateKind<void> = {
  name: 'positions',
  columns: Object.keys(PositionRow.shape),
  row: PositionRow,
  rowsOfState: (account) => positionRows(account),
};

function positionRows({ accountId, closing, opening }: ReportedAccount): PositionRow[] {
  const { customerId, currency } = closing;
  return Object.keys(closing.positions)
    .sort()
    .flatMap((symbol) => {
      const held = closing.positions[symbol] as Position;
      const before = opening?.positions[symbol] ?? NO_POSITION;
      const realizedPnl = formatDecimal(
        subtract(parseDecimal(held.realizedPnl), parseDecimal(before.realizedPnl)),
      );
      if (held.quantity === '0' && before.quantity === '0' && realizedPnl === '0') return [];
      const last = closing.lastTrades[symbol];
      const value = last === undefined ? undefined : worthOf(held.quantity, last.price);
      return [
        {
          accountId,
          customerId,
          currency,
          symbol,
          openingQuantity: before.quantity,
          quantity: held.quantity,
          averageCost: held.averageCost,
          costBasis: held.costBasis,
          price: last?.price ?? null,
          priceTradeId: last?.tradeId ?? null,
          pricedAt: last?.executedAt ?? null,
          marketValue: value === undefined ? null : formatDecimal(value),
          unrealizedPnl:
            value === undefined ? null : formatDecimal(subtract(value, parseDecimal(held.costBasis))),
          realizedPnl,
        },
      ];
    });
}

function worthOf(quantity: string, price: string): Scaled {
  return multiply(parseDecimal(quantity), parseDecimal(price));
}

const LargePositionRow = PositionRow.extend({
  reached: z
    .enum(['QUANTITY', 'VALUE', 'QUANTITY_AND_VALUE'])
    .meta({ description: 'The thresholds that it reaches, long or short.' }),
}).meta({ id: 'LargePositionRow' });

/** Holdings that reach a threshold. */
export const largePositions: StateKind<Thresholds> = {
  name: 'large-positions',
  columns: Object.keys(LargePositionRow.shape),
  row: LargePositionRow,
  rowsOfState: (account, thresholds) =>
    positionRows(account).flatMap((row) => {
      const reached = reachedOf(row.quantity, row.marketValue, thresholds);
      return reached === undefined ? [] : [{ ...row, reached }];
    }),
};

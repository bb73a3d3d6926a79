/** Every trade, one row each. */
import type { TradeExecuted } from '../../schemas/account.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import { jsonStatements } from '../kernel/database.ts';
import type { RebuildableProjector } from '../kernel/projector.ts';
import { tradesAudit } from './audits.ts';

const insertSql = (colour: Colour) => `
  INSERT INTO trades_${colour} (account_id, version, trade_id, symbol, side, quantity, price, notional, fee, realized_pnl,
    executed_at, recorded_at)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
    value ->> 8, value ->> 9, value ->> 10, value ->> 11
  FROM json_each(?)`;

export const tradesProjector: RebuildableProjector = {
  view: 'trades',
  aggregateTypes: ['account'],
  table: {
    name: (colour) => `trades_${colour}`,
    key: ['account_id', 'version'],
    idColumn: 'account_id',
    versionColumn: 'version',
    clearRows: 20_000,
  },
  audit: tradesAudit,
  collector({ colour }) {
    const rows: (string | number)[][] = [];
    return {
      add(event) {
        if (event.eventType !== 'TradeExecuted') return;
        const trade: TradeExecuted = event.current;
        rows.push([
          event.aggregateId,
          event.version,
          trade.tradeId,
          trade.symbol,
          trade.side,
          trade.quantity,
          trade.price,
          trade.notional,
          trade.fee,
          trade.realizedPnl,
          Date.parse(trade.executedAt),
          event.recordedAt,
        ]);
      },
      statements: () => jsonStatements(insertSql(colour), rows),
    };
  },
};

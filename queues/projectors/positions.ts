/** Holdings by account and symbol, as the last trade in the symbol, or the last amendment of one, left them. Closed ones stay for their profit. */

import type { Colour } from '../../schemas/tables/views.ts';
import { type TradeExecuted, tradeEvents } from '../../schemas/trade.ts';
import { jsonStatements } from '../kernel/database.ts';
import type { ProjectedEvent, RebuildableProjector } from '../kernel/projector.ts';
import { positionsAudit } from './audits.ts';

/** What a trade and an amendment of one say alike. */
type Holding = Pick<TradeExecuted, 'symbol' | 'position'>;

const upsertSql = (colour: Colour) => `
  INSERT INTO positions_${colour} (account_id, symbol, quantity, average_cost, cost_basis, realized_pnl, version)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6
  FROM jsonb_each(?) WHERE true
  ON CONFLICT (account_id, symbol) DO UPDATE SET quantity = excluded.quantity, average_cost = excluded.average_cost,
    cost_basis = excluded.cost_basis, realized_pnl = excluded.realized_pnl, version = excluded.version`;

export const positionsProjector: RebuildableProjector = {
  view: 'positions',
  aggregateTypes: ['account'],
  table: {
    name: (colour) => `positions_${colour}`,
    key: ['account_id', 'symbol'],
    idColumn: 'account_id',
    clearRows: 20_000,
  },
  audit: positionsAudit,
  collector({ colour }) {
    /** The last such event by account and symbol: the holding is what it left. */
    const trades = new Map<string, ProjectedEvent>();
    return {
      add(event) {
        if (!Object.hasOwn(tradeEvents, event.eventType)) return;
        const { symbol, position }: Holding = event.current;
        // Here and not while the statements are made: what cannot be stored is poison of this event alone.
        if (typeof position?.quantity !== 'string') throw new TypeError('a trade without its position');
        trades.set(`${event.aggregateId} ${symbol}`, event);
      },
      statements() {
        const rows = Array.from(trades.values(), ({ aggregateId, version, current }) => {
          const { symbol, position }: Holding = current;
          const { quantity, averageCost, costBasis, realizedPnl } = position;
          return [aggregateId, symbol, quantity, averageCost, costBasis, realizedPnl, version];
        });
        return jsonStatements(upsertSql(colour), rows);
      },
    };
  },
};

/** Holdings by account and symbol, as the last trade in the symbol left them. Closed ones stay for their profit. */
import type { Position, TradeExecuted } from '../../schemas/account.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import type { Projector } from '../kernel/projector.ts';

interface PositionRow extends Position {
  accountId: string;
  symbol: string;
  version: number;
}

const upsertSql = (colour: Colour) => `
  INSERT INTO positions_${colour} (account_id, symbol, quantity, average_cost, cost_basis, realized_pnl, version)
  SELECT value ->> 'accountId', value ->> 'symbol', value ->> 'quantity', value ->> 'averageCost',
    value ->> 'costBasis', value ->> 'realizedPnl', value ->> 'version'
  FROM json_each(?) WHERE true
  ON CONFLICT (account_id, symbol) DO UPDATE SET quantity = excluded.quantity, average_cost = excluded.average_cost,
    cost_basis = excluded.cost_basis, realized_pnl = excluded.realized_pnl, version = excluded.version`;

export const positionsProjector: Projector = {
  view: 'positions',
  aggregateType: 'account',
  collector(colour) {
    const rows = new Map<string, PositionRow>();
    return {
      add(event) {
        if (event.eventType !== 'TradeExecuted') return;
        const { symbol, position }: TradeExecuted = event.current;
        const { aggregateId: accountId, version } = event;
        rows.set(`${accountId} ${symbol}`, { ...position, accountId, symbol, version });
      },
      statements: () =>
        rows.size === 0 ? [] : [{ sql: upsertSql(colour), parameters: [JSON.stringify([...rows.values()])] }],
    };
  },
};

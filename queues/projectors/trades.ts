/** Every trade, one row each, with the terms that are known of it now. */

import type { Colour } from '../../schemas/tables/views.ts';
import type { TradeCancelled, TradeCorrected, TradeExecuted, TradeStatus } from '../../schemas/trade.ts';
import { jsonStatements } from '../kernel/database.ts';
import type { ProjectedEvent, RebuildableProjector } from '../kernel/projector.ts';
import { tradesAudit } from './audits.ts';

const insertSql = (colour: Colour) => `
  INSERT INTO trades_${colour} (account_id, version, trade_id, symbol, side, quantity, price, notional, fee, realized_pnl,
    executed_at, recorded_at)
  SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7,
    value ->> 8, value ->> 9, value ->> 10, value ->> 11
  FROM jsonb_each(?)`;

const amendSql = (colour: Colour) => `
  UPDATE trades_${colour} AS trade SET
    side = coalesce(change.value ->> 'side', trade.side), quantity = coalesce(change.value ->> 'quantity', trade.quantity),
    price = coalesce(change.value ->> 'price', trade.price),
    notional = coalesce(change.value ->> 'notional', trade.notional), fee = coalesce(change.value ->> 'fee', trade.fee),
    realized_pnl = coalesce(change.value ->> 'realizedPnl', trade.realized_pnl),
    status = change.value ->> 'status', amended_version = change.value ->> 'amendedVersion'
  FROM jsonb_each(?) AS change
  WHERE trade.account_id = change.value ->> 'accountId' AND trade.version = change.value ->> 'version'`;

/** What becomes of a row. A cancelled trade keeps its last terms: its status says that they count no more. */
interface Change extends Partial<Pick<TradeCorrected, (typeof CORRECTED)[number]>> {
  readonly accountId: string;
  readonly version: number;
  readonly status: TradeStatus;
  readonly amendedVersion: number;
}

const CORRECTED = ['side', 'quantity', 'price', 'notional', 'fee', 'realizedPnl'] as const;

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
    /** By account and version of the trade: of several amendments of one trade the later ones count. */
    const changes = new Map<string, Change>();
    return {
      add(event) {
        if (event.eventType === 'TradeExecuted') rows.push(rowOf(event));
        if (event.eventType !== 'TradeCorrected' && event.eventType !== 'TradeCancelled') return;
        const change = changeOf(event);
        const key = `${change.accountId} ${change.version}`;
        changes.set(key, { ...changes.get(key), ...change });
      },
      statements: () => [
        ...jsonStatements(insertSql(colour), rows),
        ...jsonStatements(amendSql(colour), [...changes.values()]),
      ],
    };
  },
};

function rowOf({ aggregateId, version, recordedAt, current }: ProjectedEvent): (string | number)[] {
  const trade: TradeExecuted = current;
  return [
    aggregateId,
    version,
    trade.tradeId,
    trade.symbol,
    trade.side,
    trade.quantity,
    trade.price,
    trade.notional,
    trade.fee,
    trade.realizedPnl,
    Date.parse(trade.executedAt),
    recordedAt,
  ];
}

function changeOf({ aggregateId, version: amendedVersion, eventType, current }: ProjectedEvent): Change {
  const { tradeVersion: version }: TradeCancelled = current;
  // Here and not while the statements are made: what cannot be stored is poison of this event alone.
  if (typeof version !== 'number') throw new TypeError('an amendment without its trade');
  const place = { accountId: aggregateId, version, amendedVersion };
  if (eventType === 'TradeCancelled') return { ...place, status: 'CANCELLED' };
  const trade: TradeCorrected = current;
  const terms = Object.fromEntries(CORRECTED.map((name) => [name, trade[name]]));
  return { ...place, ...terms, status: 'CORRECTED' };
}

/**
 * A statement as one table. What a row is about stands in its first column: a `fact` has a name and a value, the others are
 * movements, positions, and profit by symbol.
 */
import { type CsvRow, csvTable } from '../csv.ts';
import type { Movement, Statement, StatementPosition } from './statement.ts';

const COLUMNS = [
  'record',
  'name',
  'value',
  'version',
  'eventId',
  'recordedAt',
  'kind',
  'amount',
  'balance',
  'reference',
  'transferId',
  'transferAccountId',
  'tradeId',
  'symbol',
  'side',
  'quantity',
  'price',
  'notional',
  'fee',
  'realizedPnl',
  'executedAt',
  'amendedVersion',
  'effectiveAt',
  'quantityChange',
  'averageCost',
  'costBasis',
  'priceTradeId',
  'pricedAt',
  'marketValue',
  'unrealizedPnl',
] as const;

/** The text of the file. */
export function statementCsv(statement: Statement): string {
  return csvTable(COLUMNS, rowsOf(statement));
}

function* rowsOf(statement: Statement): Iterable<CsvRow> {
  const { heads, totals, realizedPnl, movements, positions, ...facts } = statement;
  for (const [name, value] of Object.entries(facts)) yield { record: 'fact', name, value };
  for (const { version, hash } of heads) {
    yield { record: 'fact', name: 'headVersion', value: version };
    yield { record: 'fact', name: 'headHash', value: hash };
  }
  for (const [name, value] of Object.entries(totals)) yield { record: 'fact', name, value };
  yield { record: 'fact', name: 'realizedPnl', value: realizedPnl.total };
  for (const movement of movements) yield movementRow(movement);
  for (const position of positions) yield positionRow(position);
  for (const { symbol, realizedPnl: profit } of realizedPnl.bySymbol) {
    yield { record: 'realizedPnl', symbol, realizedPnl: profit };
  }
}

function movementRow({ trade, transfer, amendment, ...movement }: Movement): CsvRow {
  return {
    record: 'movement',
    ...movement,
    ...(transfer === null ? {} : { transferId: transfer.transferId, transferAccountId: transfer.accountId }),
    ...trade,
    ...(amendment === null ? {} : amendmentCells(amendment)),
  };
}

/** Fees and profit are what the amendment changed, so that these columns add up. */
function amendmentCells({
  tradeId,
  symbol,
  tradeVersion,
  effectiveAt,
  changes,
}: NonNullable<Movement['amendment']>): CsvRow {
  return {
    tradeId,
    symbol,
    amendedVersion: tradeVersion,
    effectiveAt,
    fee: changes.fees,
    realizedPnl: changes.realizedPnl,
    quantityChange: changes.quantity,
  };
}

function positionRow(position: StatementPosition): CsvRow {
  return { record: 'position', ...position };
}

/** A statement as a document for people. */
import { minorUnit } from '../../schemas/currency.ts';
import type { Column, Document, Fact, Row, Table } from '../document.ts';
import { figureText, momentText, periodText, stampText } from '../figures.ts';
import type { Movement, MovementKind, Statement, StatementPosition } from './statement.ts';

const KIND_TEXT: Readonly<Record<MovementKind, string>> = {
  INITIAL_DEPOSIT: 'Initial deposit',
  DEPOSIT: 'Deposit',
  WITHDRAWAL: 'Withdrawal',
  BUY: 'Bought',
  SELL: 'Sold',
  TRANSFER_IN: 'Transfer in',
  TRANSFER_OUT: 'Transfer out',
  TRADE_CORRECTION: 'Correction',
  TRADE_CANCELLATION: 'Cancellation',
};

const MOVEMENT_COLUMNS: readonly Column[] = [
  { head: 'Recorded (UTC)', align: 'left', share: 25 },
  { head: 'Movement', align: 'left', share: 37 },
  { head: 'Amount', align: 'right', share: 19 },
  { head: 'Balance', align: 'right', share: 19 },
];

const POSITION_COLUMNS: readonly Column[] = [
  { head: 'Symbol', align: 'left', share: 15 },
  { head: 'Quantity', align: 'right', share: 17 },
  { head: 'Average cost', align: 'right', share: 17 },
  { head: 'Price', align: 'right', share: 17 },
  { head: 'Value', align: 'right', share: 17 },
  { head: 'Unrealised', align: 'right', share: 17 },
];

const PROFIT_COLUMNS: readonly Column[] = [
  { head: 'Symbol', align: 'left', share: 60 },
  { head: 'Realised profit', align: 'right', share: 40 },
];

/** The document. */
export function statementDocument(statement: Statement): Document {
  const { accountId, currency, from, to, asOf, realizedPnl } = statement;
  const money = (amount: string) => figureText(amount, minorUnit(currency));
  const period = periodText(from, to);
  return {
    title: 'Statement of account',
    subtitle: `Account ${accountId} in ${currency}, ${period} (UTC)`,
    running: `Account ${accountId}, ${period}`,
    lists: [
      { heading: 'Account', facts: accountFacts(statement) },
      { heading: `Cash in ${currency}`, facts: cashFacts(statement, money) },
      { heading: `Value in ${currency}`, facts: valueFacts(statement, money) },
    ],
    tables: [
      movementTable(statement, money),
      {
        heading: 'Positions',
        columns: POSITION_COLUMNS,
        rows: statement.positions.map((position) => positionRow(position, money)),
        ifEmpty: 'Nothing was held at the end of the period.',
      },
      {
        heading: 'Realised profit by symbol',
        columns: PROFIT_COLUMNS,
        rows: realizedPnl.bySymbol.map(({ symbol, realizedPnl: profit }) => ({
          cells: [symbol, money(profit)],
        })),
        ifEmpty: 'No profit or loss was realised in the period.',
      },
    ],
    notes: notesOf(statement),
    asOf,
  };
}

function accountFacts({ accountId, customerId, accountType, status, currency }: Statement): Fact[] {
  return [
    { label: 'Account', value: accountId },
    { label: 'Customer', value: customerId },
    { label: 'Type', value: accountType === 'CORPORATE' ? 'Corporate' : 'Individual' },
    { label: 'Status', value: `${status[0]}${status.slice(1).toLowerCase()}` },
    { label: 'Currency', value: currency },
  ];
}

type Money = (amount: string) => string;

function cashFacts({ openingBalance, totals, closingBalance, reserved }: Statement, money: Money): Fact[] {
  const optional = (label: string, amount: string) =>
    amount === '0' ? [] : [{ label, value: money(amount) }];
  return [
    { label: 'Opening balance', value: money(openingBalance), strong: true },
    ...optional('Deposits', totals.deposits),
    ...optional('Withdrawals', totals.withdrawals),
    ...optional('Transfers in', totals.transfersIn),
    ...optional('Transfers out', totals.transfersOut),
    ...optional('Purchases', totals.purchases),
    ...optional('Sales', totals.sales),
    ...optional('Corrections', totals.corrections),
    { label: 'Fees', value: money(totals.fees) },
    { label: 'Closing balance', value: money(closingBalance), strong: true },
    ...optional('of which reserved', reserved),
  ];
}

function valueFacts(
  { closingBalance, positionsValue, totalValue, realizedPnl }: Statement,
  money: Money,
): Fact[] {
  return [
    { label: 'Cash', value: money(closingBalance) },
    { label: 'Positions', value: money(positionsValue) },
    { label: 'Total', value: money(totalValue), strong: true },
    { label: 'Realised profit', value: money(realizedPnl.total) },
  ];
}

function movementTable({ movements, openingBalance, closingBalance }: Statement, money: Money): Table {
  const edge = (text: string, balance: string): Row => ({
    cells: ['', text, '', money(balance)],
    strong: true,
  });
  return {
    heading: 'Movements',
    columns: MOVEMENT_COLUMNS,
    rows: [
      edge('Opening balance', openingBalance),
      ...movements.map((movement) => movementRow(movement, money)),
      edge('Closing balance', closingBalance),
    ],
    ifEmpty: '',
  };
}

function movementRow(movement: Movement, money: Money): Row {
  const { recordedAt, amount, balance } = movement;
  const what = movementText(movement);
  const detail = detailOf(movement, money);
  const cells = [stampText(recordedAt), what, money(amount), money(balance)];
  return detail === '' ? { cells } : { cells, detail };
}

function movementText({ kind, trade, amendment }: Movement): string {
  if (amendment !== null) return `${KIND_TEXT[kind]} of a trade in ${amendment.symbol}`;
  if (trade === null) return KIND_TEXT[kind];
  return `${KIND_TEXT[kind]} ${figureText(trade.quantity)} ${trade.symbol} at ${figureText(trade.price)}`;
}

function detailOf(
  { amendment, reference, transfer, trade, kind, recordedAt }: Movement,
  money: Money,
): string {
  const parts = [];
  if (trade !== null) {
    parts.push(`trade ${trade.tradeId}`);
    if (trade.executedAt !== recordedAt) parts.push(`executed ${momentText(trade.executedAt)}`);
    if (trade.fee !== '0') parts.push(`fee ${money(trade.fee)}`);
    if (trade.realizedPnl !== '0') parts.push(`realised ${money(trade.realizedPnl)}`);
  }
  if (amendment !== null) {
    const { quantity, fees, realizedPnl } = amendment.changes;
    parts.push(`trade ${amendment.tradeId}`, `recorded ${stampText(amendment.effectiveAt)}`);
    if (quantity !== '0') parts.push(`quantity ${signed(figureText(quantity))}`);
    if (fees !== '0') parts.push(`fees ${signed(money(fees))}`);
    if (realizedPnl !== '0') parts.push(`realised ${signed(money(realizedPnl))}`);
  }
  if (transfer !== null) {
    const direction = kind === 'TRANSFER_IN' ? 'from' : 'to';
    parts.push(`transfer ${transfer.transferId} ${direction} account ${transfer.accountId}`);
  }
  if (reference !== null) parts.push(reference);
  return parts.join(' · ');
}

/** A figure that is by how much another changes: without its sign it would pass for the new one. */
function signed(figure: string): string {
  return figure.startsWith('-') ? figure : `+${figure}`;
}

function positionRow(position: StatementPosition, money: Money): Row {
  const { symbol, quantity, averageCost, price, priceTradeId, pricedAt, marketValue, unrealizedPnl } =
    position;
  const shown = (amount: string | null, text: Money) => (amount === null ? '' : text(amount));
  const cells = [
    symbol,
    figureText(quantity),
    figureText(averageCost),
    shown(price, figureText),
    shown(marketValue, money),
    shown(unrealizedPnl, money),
  ];
  const source =
    priceTradeId === null || pricedAt === null
      ? 'no price is known: not in the value of the positions'
      : `price of trade ${priceTradeId}, executed ${momentText(pricedAt)}`;
  return { cells, detail: source };
}

function notesOf({ heads, asOf }: Statement): string[] {
  const covered = heads.map(
    ({ aggregateType, aggregateId, version, hash }) =>
      `Covers the log of ${aggregateType} ${aggregateId} up to version ${version}, recorded ${stampText(asOf)}, hash ${hash}. ` +
      `Asked for again with version ${version}, this statement comes out the same.`,
  );
  return [
    'Times are UTC and, unless said otherwise, those at which entries were recorded. Amounts are exact.',
    'Positions are valued at the price of the trade in the symbol that this account executed last, among those recorded by ' +
      'the end of the period. It need not be the price at which they could be sold.',
    ...covered,
  ];
}

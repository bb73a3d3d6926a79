/**
 * Transactions as a competent authority wants them reported (`rts22.ts`). A correction cancels what was reported and reports
 * the transaction anew, under the same reference.
 */
import { hash } from 'node:crypto';
import { z } from 'zod';
import { AggregateId, Id, SymbolName, UtcTime, Version } from '../../schemas/scalars.ts';
import type { TradeEvent, TradeFact } from '../trades.ts';
import type { EventKind, ReportedAccount, Row } from './kind.ts';
import { isIsin, RTS22_FIELDS } from './rts22.ts';

/** Hexadecimal digits of a reference: it has at most 52 characters, letters and digits. */
const REFERENCE_LENGTH = 40;

/** Columns of ours, before those of the regulation: what a firm needs to fill in what Folio does not know. */
const OWN_COLUMNS = {
  accountId: AggregateId,
  customerId: Id,
  accountType: z.string(),
  accountSide: z.enum(['BUYER', 'SELLER']).nullable().meta({ description: 'What the account was.' }),
  tradeId: Id,
  symbol: SymbolName,
  userId: z.string(),
  version: Version,
  recordedAt: UtcTime,
};

const filled = RTS22_FIELDS.filter(({ source }) => source !== undefined);
const empty = RTS22_FIELDS.filter(({ source }) => source === undefined);

const TransactionRow = z
  .strictObject({
    ...OWN_COLUMNS,
    ...Object.fromEntries(
      filled.map(({ column, number, name }) => [
        column,
        z
          .string()
          .nullable()
          .meta({ description: `Field ${number}: ${name}.` }),
      ]),
    ),
  })
  .meta({ id: 'TransactionRow' });

/** The kind. */
export const transactionReport: EventKind = {
  name: 'transaction-report',
  columns: [...Object.keys(OWN_COLUMNS), ...RTS22_FIELDS.map(({ column }) => column)],
  row: TransactionRow,
  emptyColumns: empty.map(({ column }) => column),
  rowsOf(traded, account) {
    const { terms, amendedVersion } = traded.fact;
    if (amendedVersion === null) return [row('NEWT', traded, account)];
    // What is cancelled is named by its reference; its terms were reported with it.
    const cancelled = row('CANC', { ...traded, fact: { ...traded.fact, terms: null } }, account);
    return terms === null ? [cancelled] : [cancelled, row('NEWT', traded, account)];
  },
};

function row(status: 'NEWT' | 'CANC', { event, fact }: TradeEvent, account: ReportedAccount): Row {
  const { accountId, closing } = account;
  const { tradeId, symbol, executedAt, terms } = fact;
  const isNew = status === 'NEWT';
  return {
    accountId,
    customerId: closing.customerId,
    accountType: closing.accountType,
    accountSide: terms === null ? null : terms.side === 'BUY' ? 'BUYER' : 'SELLER',
    tradeId,
    symbol,
    userId: event.metadata.userId,
    version: event.version,
    recordedAt: event.recordedAt,
    reportStatus: status,
    transactionReferenceNumber: hash('sha256', `${accountId}/${tradeId}`)
      .slice(0, REFERENCE_LENGTH)
      .toUpperCase(),
    tradingDateTime: executedAt,
    quantity: terms?.quantity ?? null,
    price: terms?.price ?? null,
    priceCurrency: isNew ? closing.currency : null,
    instrumentId: isIsin(symbol) ? symbol : null,
    shortSelling: isNew ? shortSelling(fact) : null,
    securitiesFinancingTransaction: isNew ? 'false' : null,
  };
}

/** Of a sale: whether something was sold that was not held. */
function shortSelling({ terms, amendedVersion, position }: TradeFact): string | null {
  if (terms?.side !== 'SELL') return null;
  if (amendedVersion !== null) return 'UNDI';
  return position.quantity.startsWith('-') ? 'SESH' : 'SELL';
}

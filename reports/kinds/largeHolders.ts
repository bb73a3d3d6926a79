/**
 * Customers whose holdings are large over all of their accounts: what one account is long and another short is netted, the gross
 * is named beside it, and the accounts are listed below.
 */
import { z } from 'zod';
import { Currency } from '../../schemas/currency.ts';
import {
  absolute,
  add,
  formatDecimal,
  multiply,
  parseDecimal,
  type Scaled,
  ZERO,
} from '../../schemas/decimal.ts';
import type { Holding } from '../../schemas/holding.ts';
import { AggregateId, DecimalText, Id, SymbolName, UtcTime } from '../../schemas/scalars.ts';
import { ReportValue } from '../report.ts';
import type { Kind } from './kind.ts';
import { reachedOf, type Thresholds } from './thresholds.ts';

const Row = z
  .strictObject({
    level: z.enum(['CUSTOMER', 'ACCOUNT']).meta({
      description: "A customer's total, or one of the accounts that it is made of: these follow their total.",
    }),
    customerId: Id,
    accountId: AggregateId.nullable().meta({ description: 'Null in a total.' }),
    symbol: SymbolName,
    currency: Currency,
    accounts: z.number().int().min(1).nullable().meta({ description: 'How many a total is made of.' }),
    quantity: DecimalText.meta({ description: 'Net; negative: short.' }),
    longQuantity: DecimalText.meta({ description: 'Of the accounts that are long.' }),
    shortQuantity: DecimalText.meta({ description: 'Of those that are short, as a positive number.' }),
    quantityInAllCurrencies: DecimalText.nullable().meta({
      description:
        'Net, over all accounts of the customer whatever their currency: what `minQuantity` is compared with.',
    }),
    price: DecimalText.nullable().meta({
      description:
        'Of the trade in the symbol that any of these accounts executed last; null where none is known.',
    }),
    priceTradeId: Id.nullable(),
    priceAccountId: AggregateId.nullable(),
    pricedAt: UtcTime.nullable(),
    marketValue: ReportValue.nullable().meta({
      description: 'Net, at that price: in a total what `minValue` is compared with.',
    }),
    grossValue: ReportValue.nullable().meta({ description: 'Long and short added up.' }),
    reached: z
      .enum(['QUANTITY', 'VALUE', 'QUANTITY_AND_VALUE'])
      .nullable()
      .meta({ description: 'The thresholds that a total reaches, long or short.' }),
  })
  .meta({ id: 'LargeHolderRow' });

type Row = z.infer<typeof Row>;

/** Customers' holdings that reach a threshold. */
export const largeHolders: Kind = {
  name: 'large-holders',
  columns: Object.keys(Row.shape),
  row: Row,
};

/** Rows of the holdings of one customer in one symbol: all of them, in the order of their currencies and accounts. */
export function largeHolderRows(holdings: readonly Holding[], thresholds: Thresholds): Row[] {
  const inAll = formatDecimal(sum(holdings.map(({ quantity }) => parseDecimal(quantity))));
  const byCurrency = Map.groupBy(holdings, ({ currency }) => currency);
  return [...byCurrency.values()].flatMap((own) => {
    const [total, ...accounts] = rowsOf(own);
    const reached = reachedOf(inAll, total.marketValue, thresholds);
    return reached === undefined ? [] : [{ ...total, quantityInAllCurrencies: inAll, reached }, ...accounts];
  });
}

/** The total of some holdings in one currency, and each of them. */
function rowsOf(holdings: readonly Holding[]): [Row, ...Row[]] {
  const priced = lastPrice(holdings);
  const [first] = holdings as [Holding, ...Holding[]];
  const { customerId, symbol, currency } = first;
  const common = {
    customerId,
    symbol,
    currency,
    price: priced?.price ?? null,
    priceTradeId: priced?.priceTradeId ?? null,
    priceAccountId: priced?.accountId ?? null,
    pricedAt: priced?.pricedAt ?? null,
    quantityInAllCurrencies: null,
    reached: null,
  };
  const accounts = holdings.map(({ accountId, quantity }): Row => {
    const held = parseDecimal(quantity);
    const own = { level: 'ACCOUNT', ...common, accountId, accounts: null } as const;
    return { ...own, ...amounts([held], common.price) };
  });
  const held = holdings.map(({ quantity }) => parseDecimal(quantity));
  const total = { level: 'CUSTOMER', ...common, accountId: null, accounts: holdings.length } as const;
  return [{ ...total, ...amounts(held, common.price) }, ...accounts];
}

/** Values are rounded account by account, so that a total is the sum of what is listed below it. */
function amounts(held: readonly Scaled[], price: string | null) {
  const values = price === null ? undefined : held.map((quantity) => multiply(quantity, parseDecimal(price)));
  return {
    quantity: formatDecimal(sum(held)),
    longQuantity: formatDecimal(sum(held.filter((quantity) => quantity > ZERO))),
    shortQuantity: formatDecimal(absolute(sum(held.filter((quantity) => quantity < ZERO)))),
    marketValue: values === undefined ? null : formatDecimal(sum(values)),
    grossValue: values === undefined ? null : formatDecimal(sum(values.map(absolute))),
  };
}

/** The holding whose price was traded last; of prices of one moment that of the first account. */
function lastPrice(holdings: readonly Holding[]): Holding | undefined {
  let last: Holding | undefined;
  for (const holding of holdings) {
    if (holding.pricedAt !== null && (last?.pricedAt ?? '') < holding.pricedAt) last = holding;
  }
  return last;
}

function sum(values: readonly Scaled[]): Scaled {
  return values.reduce((total, value) => add(total, value), ZERO);
}

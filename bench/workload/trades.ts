/** Trades like those of a market, in cycles that end where they began, so that they can be repeated for as long as needed. */
import { uniform } from './random.ts';

/** One trade, but for its id. */
export interface Trade {
  readonly symbol: string;
  readonly quantity: string;
  readonly price: string;
  readonly side: 'BUY' | 'SELL';
  readonly fee: string;
  readonly executedAt: string;
}

/** Symbols and about what they cost. */
const MARKET: readonly (readonly [symbol: string, price: number])[] = [
  ['AAPL', 189.12],
  ['MSFT', 427.5],
  ['NVDA', 131.26],
  ['AMZN', 201.7],
  ['GOOG', 175.39],
  ['BRK.B', 468.22],
  ['F', 11.045],
  ['XOM', 118.63],
  ['BTC-USD', 98_250.01],
  ['EUR/USD', 1.0843],
];

/** Decimals of a price: most venues quote two, some up to four. */
const PRICE_DECIMALS = [2, 2, 2, 3, 4] as const;

/** How far a price strays, as a share of itself. */
const PRICE_SPREAD = 0.01;

/** The time of the first trade of a cycle. */
const SESSION_START = Date.parse('2026-11-20T14:30:00.000Z');

/**
 * A cycle of `length` trades of one account over ten symbols, buys and sells mixed: positions grow, shrink, flip between
 * long and short, and are all closed at the end. `length` is even.
 */
export function tradeCycle(seed: number, length: number): Trade[] {
  const random = uniform(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T;
  const trades: Trade[] = [];
  const open: { index: number; quantity: string; side: 'BUY' | 'SELL' }[] = [];
  for (let place = 0; place < length; place++) {
    // Opens until half of the cycle is spent, then mirrors the open ones in random order.
    const opening = open.length === 0 || (open.length < length - place && random() < 0.5);
    const order = opening
      ? {
          index: Math.floor(random() * MARKET.length),
          quantity: quantityText(random()),
          side: pick(['BUY', 'SELL'] as const),
        }
      : (open.splice(Math.floor(random() * open.length), 1)[0] as (typeof open)[number]);
    if (opening) open.push(order);
    const [symbol, basePrice] = MARKET[order.index] as (typeof MARKET)[number];
    const side = opening ? order.side : order.side === 'BUY' ? 'SELL' : 'BUY';
    trades.push({
      symbol,
      quantity: order.quantity,
      price: (basePrice * (1 + (random() - 0.5) * PRICE_SPREAD)).toFixed(pick(PRICE_DECIMALS)),
      side,
      fee: pick(['0', '0.35', '1']),
      executedAt: new Date(SESSION_START + place * 137).toISOString(),
    });
  }
  return trades;
}

/** Whole lots mostly, and fractions as brokers now take them. */
function quantityText(share: number): string {
  const quantity = 1 + Math.floor(share * 500);
  return quantity % 10 === 0 ? `${quantity}.${quantity % 8}5` : String(quantity);
}

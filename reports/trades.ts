/** What the events of an account say of trades: booked, corrected, cancelled. */
import type { AccountEvent } from '../schemas/account.ts';
import type { EventEnvelope } from '../schemas/envelope.ts';
import type { Position, TradeCancelled, TradeCorrected, TradeExecuted } from '../schemas/trade.ts';
import { upcast } from '../schemas/upcasts.ts';

type DataOf<Type extends AccountEvent['type']> = Extract<AccountEvent, { type: Type }>['data'];

/** The terms of a trade, and what followed from it; all null where it never was. */
type Terms = Pick<TradeExecuted, 'side' | 'quantity' | 'price' | 'notional' | 'fee' | 'realizedPnl'>;

/** What one event says of a trade. */
export interface TradeFact {
  readonly tradeId: string;
  readonly symbol: string;
  readonly executedAt: string;
  /** As they are known from the event on; null: the trade never was. */
  readonly terms: Terms | null;
  /** The version of the trade's own event, where this one is about an earlier one. */
  readonly amendedVersion: number | null;
  readonly reason: string | null;
  /** The holding after the event. */
  readonly position: Position;
}

/** An event that is about a trade. */
export interface TradeEvent {
  readonly event: EventEnvelope;
  readonly fact: TradeFact;
}

const ABOUT_NO_TRADE = () => null;

/** Every event type of an account. A new one does not compile before it stands here. */
const FACTS: { readonly [Type in AccountEvent['type']]: (data: DataOf<Type>) => TradeFact | null } = {
  TradeExecuted: (data) => ({ ...common(data), terms: termsOf(data), amendedVersion: null, reason: null }),
  TradeCorrected: (data) => ({ ...common(data), ...amended(data), terms: termsOf(data) }),
  TradeCancelled: (data) => ({ ...common(data), ...amended(data), terms: null }),
  AccountOpened: ABOUT_NO_TRADE,
  FundsDeposited: ABOUT_NO_TRADE,
  FundsWithdrawn: ABOUT_NO_TRADE,
  LimitsSet: ABOUT_NO_TRADE,
  AccountFrozen: ABOUT_NO_TRADE,
  AccountUnfrozen: ABOUT_NO_TRADE,
  AccountClosed: ABOUT_NO_TRADE,
  FundsReserved: ABOUT_NO_TRADE,
  FundsReleased: ABOUT_NO_TRADE,
  FundsReservationExpired: ABOUT_NO_TRADE,
  FundsTransferredOut: ABOUT_NO_TRADE,
  FundsTransferredIn: ABOUT_NO_TRADE,
  TransferAccepted: ABOUT_NO_TRADE,
  TransferCancelled: ABOUT_NO_TRADE,
};

function common({ tradeId, symbol, executedAt, position }: TradeExecuted | TradeCancelled) {
  return { tradeId, symbol, executedAt, position };
}

function termsOf({
  side,
  quantity,
  price,
  notional,
  fee,
  realizedPnl,
}: TradeExecuted | TradeCorrected): Terms {
  return { side, quantity, price, notional, fee, realizedPnl };
}

function amended({ tradeVersion, reason }: TradeCorrected | TradeCancelled) {
  return { amendedVersion: tradeVersion, reason };
}

/** What an event says of a trade; undefined where it is about none. Throws on a type that is unknown: no report leaves it out. */
export function tradeEventOf(event: EventEnvelope): TradeEvent | undefined {
  const { eventType, schemaVersion, data } = event;
  if (!Object.hasOwn(FACTS, eventType))
    throw new Error(`a report cannot tell what ${eventType} says of trades`);
  const told = FACTS[eventType as AccountEvent['type']] as (data: object) => TradeFact | null;
  const fact = told(upcast(eventType, schemaVersion, data));
  return fact === null ? undefined : { event, fact };
}

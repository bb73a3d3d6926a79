/** From the events of an account to the movements of its cash. */
import type { AccountEvent } from '../../schemas/account.ts';
import { formatDecimal, parseDecimal, type Scaled, subtract } from '../../schemas/decimal.ts';
import type { EventEnvelope } from '../../schemas/envelope.ts';
import type { TradeCancelled } from '../../schemas/trade.ts';
import { upcast } from '../../schemas/upcasts.ts';
import type { Movement, MovementKind } from './statement.ts';

type DataOf<Type extends AccountEvent['type']> = Extract<AccountEvent, { type: Type }>['data'];
type Told = Pick<Movement, 'reference' | 'transfer' | 'trade' | 'amendment'>;

/** What an event says of the cash that it moved, and the balance that it left. */
interface Moved extends Told {
  readonly kind: MovementKind;
  readonly cash: string;
}

const NOTHING_TOLD: Told = { reference: null, transfer: null, trade: null, amendment: null };

/** An event that leaves the cash as it is. */
const MOVES_NOTHING = () => null;

/**
 * Every event type of an account: one that moves cash says how, any other says that it does not. A new type does not
 * compile before it stands here.
 */
const MOVES: { readonly [Type in AccountEvent['type']]: (data: DataOf<Type>) => Moved | null } = {
  AccountOpened: ({ cash }) => (cash === '0' ? null : { ...NOTHING_TOLD, kind: 'INITIAL_DEPOSIT', cash }),
  FundsDeposited: ({ cash, reference }) => ({ ...NOTHING_TOLD, kind: 'DEPOSIT', cash, reference }),
  FundsWithdrawn: ({ cash, reference }) => ({ ...NOTHING_TOLD, kind: 'WITHDRAWAL', cash, reference }),
  TradeExecuted: ({ cash, fees: _, position: __, ...trade }) => ({
    ...NOTHING_TOLD,
    kind: trade.side,
    cash,
    trade,
  }),
  TradeCorrected: (data) => ({ ...amendedBy(data), kind: 'TRADE_CORRECTION' }),
  TradeCancelled: (data) => ({ ...amendedBy(data), kind: 'TRADE_CANCELLATION' }),
  FundsTransferredIn: ({ cash, transferId, fromAccountId: accountId }) => ({
    ...NOTHING_TOLD,
    kind: 'TRANSFER_IN',
    cash,
    transfer: { transferId, accountId },
  }),
  FundsTransferredOut: ({ cash, transferId, toAccountId: accountId }) => ({
    ...NOTHING_TOLD,
    kind: 'TRANSFER_OUT',
    cash,
    transfer: { transferId, accountId },
  }),
  LimitsSet: MOVES_NOTHING,
  AccountFrozen: MOVES_NOTHING,
  AccountUnfrozen: MOVES_NOTHING,
  AccountClosed: MOVES_NOTHING,
  // Money that is set aside is still there.
  FundsReserved: MOVES_NOTHING,
  FundsReleased: MOVES_NOTHING,
  FundsReservationExpired: MOVES_NOTHING,
  TransferAccepted: MOVES_NOTHING,
  TransferCancelled: MOVES_NOTHING,
};

/**
 * Collects the movements of a log from a version on. What does not add up is a bug here or a log that was tampered with, and
 * no statement is made of it: every event is the next one, and whatever says a balance says the one that the movements lead to.
 */
export class MovementLedger {
  readonly movements: Movement[] = [];
  #version: number;
  #balance: Scaled;

  /** Begins after an event, with the balance that it left; version 0 is before the first. */
  constructor(version: number, balance: string) {
    this.#version = version;
    this.#balance = parseDecimal(balance);
  }

  /** The version of the last event that was added. */
  get version(): number {
    return this.#version;
  }

  /** The balance after it. */
  get balance(): string {
    return formatDecimal(this.#balance);
  }

  /** Adds the next events. Throws where they do not follow, do not add up, or are of an unknown type. */
  add(events: readonly EventEnvelope[]): void {
    for (const event of events) {
      if (event.version !== this.#version + 1) {
        throw new Error(`event ${event.version} follows ${this.#version}`);
      }
      this.#version = event.version;
      this.#addOne(event);
    }
  }

  #addOne({ version, eventId, eventType, recordedAt, schemaVersion, data }: EventEnvelope): void {
    const current = upcast(eventType, schemaVersion, data);
    const moved = movedBy(eventType, current);
    const cash = moved?.cash ?? (current.cash as string | undefined);
    if (moved === null) {
      // A reservation says the balance too.
      if (cash === undefined || parseDecimal(cash) === this.#balance) return;
      throw new Error(
        `${eventType} ${version} moves cash from ${this.balance} to ${cash} without a movement`,
      );
    }
    const balance = parseDecimal(moved.cash);
    const amount = formatDecimal(subtract(balance, this.#balance));
    const { kind, reference, transfer, trade, amendment } = moved;
    this.#balance = balance;
    this.movements.push({
      version,
      eventId,
      recordedAt,
      kind,
      amount,
      balance: moved.cash,
      reference,
      transfer,
      trade,
      amendment,
    });
  }
}

/** An amendment is told with its reason, and moves what it changes on the day that it was recorded. */
function amendedBy({ cash, reason, tradeId, tradeVersion, symbol, effectiveAt, changes }: TradeCancelled) {
  const amendment = { tradeId, tradeVersion, symbol, effectiveAt, changes };
  return { ...NOTHING_TOLD, cash, reference: reason, amendment };
}

function movedBy(eventType: string, data: object): Moved | null {
  if (!Object.hasOwn(MOVES, eventType)) throw new Error(`a statement cannot tell what ${eventType} moves`);
  return (MOVES[eventType as AccountEvent['type']] as (data: object) => Moved | null)(data);
}

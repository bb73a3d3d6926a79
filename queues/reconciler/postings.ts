/**
 * The events of an account as postings: each moves as much as it names, and the balance that it says must be what it was before
 * and that. No code is shared with the account's rules or with statements: it is what these are held against.
 */
import type { AccountEvent } from '../../schemas/account.ts';
import { add, formatDecimal, negate, parseDecimal, type Scaled, subtract } from '../../schemas/decimal.ts';
import type { EventEnvelope } from '../../schemas/envelope.ts';
import type { AccountBook, TransferSide } from '../../schemas/generalLedger.ts';
import { upcast } from '../../schemas/upcasts.ts';

type DataOf<Type extends AccountEvent['type']> = Extract<AccountEvent, { type: Type }>['data'];

/** Amounts that a book adds up, by name. */
const COLUMNS = ['deposited', 'withdrawn', 'traded', 'transferredIn', 'transferredOut'] as const;
type Column = (typeof COLUMNS)[number];

/** What an event adds to one column. */
interface Posting {
  readonly column: Column;
  readonly amount: Scaled;
  /** The account at the other end of a transfer. */
  readonly otherId?: string;
}

const NOTHING = () => null;
const amended = ({ changes }: DataOf<'TradeCancelled'>): Posting => ({
  column: 'traded',
  amount: parseDecimal(changes.cash),
});

/** Every event type of an account. A new one does not compile before it stands here. */
const POSTINGS: { readonly [Type in AccountEvent['type']]: (data: DataOf<Type>) => Posting | null } = {
  AccountOpened: ({ cash }) => ({ column: 'deposited', amount: parseDecimal(cash) }),
  FundsDeposited: ({ amount }) => ({ column: 'deposited', amount: parseDecimal(amount) }),
  FundsWithdrawn: ({ amount }) => ({ column: 'withdrawn', amount: parseDecimal(amount) }),
  TradeExecuted: ({ side, notional, fee }) => {
    const bought = side === 'BUY' ? negate(parseDecimal(notional)) : parseDecimal(notional);
    return { column: 'traded', amount: subtract(bought, parseDecimal(fee)) };
  },
  TradeCorrected: amended,
  TradeCancelled: amended,
  FundsTransferredIn: ({ amount, fromAccountId }) => ({
    column: 'transferredIn',
    amount: parseDecimal(amount),
    otherId: fromAccountId,
  }),
  FundsTransferredOut: ({ amount, toAccountId }) => ({
    column: 'transferredOut',
    amount: parseDecimal(amount),
    otherId: toAccountId,
  }),
  LimitsSet: NOTHING,
  AccountFrozen: NOTHING,
  AccountUnfrozen: NOTHING,
  AccountClosed: NOTHING,
  FundsReserved: NOTHING,
  FundsReleased: NOTHING,
  FundsReservationExpired: NOTHING,
  TransferAccepted: NOTHING,
  TransferCancelled: NOTHING,
};

/** What the columns come to, as decimal strings. */
export type Totals = Pick<AccountBook, Column>;

/** A book that has nothing in it. */
export const NO_TOTALS: Totals = {
  deposited: '0',
  withdrawn: '0',
  traded: '0',
  transferredIn: '0',
  transferredOut: '0',
};

/** The postings of one account from a version on. */
export class Postings {
  readonly transfers: TransferSide[] = [];
  readonly #accountId: string;
  readonly #columns: Record<Column, Scaled>;
  #version: number;

  /** Begins after an event, with what all up to it come to. */
  constructor(accountId: string, version: number, totals: Totals) {
    this.#accountId = accountId;
    this.#version = version;
    this.#columns = Object.fromEntries(COLUMNS.map((name) => [name, parseDecimal(totals[name])])) as never;
  }

  get version(): number {
    return this.#version;
  }

  get totals(): Totals {
    return Object.fromEntries(COLUMNS.map((name) => [name, formatDecimal(this.#columns[name])])) as never;
  }

  /** What the account has by what moved. */
  get balance(): string {
    return formatDecimal(this.#balance);
  }

  /** Adds the next events. Throws where they do not follow, do not add up or are of an unknown type. */
  add(events: readonly EventEnvelope[]): void {
    for (const event of events) {
      if (event.version !== this.#version + 1)
        throw new Error(`version ${event.version} follows ${this.#version}`);
      this.#version = event.version;
      this.#addOne(event);
    }
  }

  #addOne({ version, eventType, schemaVersion, recordedAt, data }: EventEnvelope): void {
    const current: Readonly<Record<string, unknown>> = upcast(eventType, schemaVersion, data);
    const before = this.balance;
    const posting = postingOf(eventType, current);
    if (posting !== null) {
      const { column, amount, otherId } = posting;
      this.#columns[column] = add(this.#columns[column], amount);
      if (otherId !== undefined)
        this.transfers.push({
          transferId: String(current.transferId),
          way: column === 'transferredIn' ? 'in' : 'out',
          accountId: this.#accountId,
          version,
          otherId,
          amount: formatDecimal(amount),
          recordedAt: Date.parse(recordedAt),
        });
    }
    const { cash } = current;
    if (typeof cash !== 'string' || parseDecimal(cash) === this.#balance) return;
    throw new Error(
      `${eventType} ${version} says ${cash}, and what it moves makes ${this.balance} of ${before}`,
    );
  }

  get #balance(): Scaled {
    const { deposited, withdrawn, traded, transferredIn, transferredOut } = this.#columns;
    return subtract(add(add(deposited, traded), transferredIn), add(withdrawn, transferredOut));
  }
}

function postingOf(eventType: string, data: object): Posting | null {
  if (!Object.hasOwn(POSTINGS, eventType)) throw new Error(`what ${eventType} moves is not known`);
  return (POSTINGS[eventType as AccountEvent['type']] as (data: object) => Posting | null)(data);
}

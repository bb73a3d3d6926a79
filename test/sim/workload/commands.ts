/** The commands that clients think of: all kinds, sensible and not. */
import type { Random } from '../../../demo/random.ts';
import { DEPOSIT_POISONED_VIEWS, POISONS, poisonMark } from './poisonProjector.ts';

/** A command without its id. */
export interface Body {
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const SYMBOLS = ['IBM', 'BTC-USD', 'EUR/USD'];
const CURRENCIES = ['USD', 'USD', 'JPY', 'KWD'];
/** Longer than a queue message of the simulation takes: such an event is announced without its data. */
const LONG_NOTE = 'n'.repeat(2_500);
/** How long holds last. */
const HOLD_MILLISECONDS = [0, 500, 5_000, 60_000, 600_000];

/** Draws a command's body. `unique` gives texts that no other command has. */
export class BodyMaker {
  readonly #random: Random;
  readonly #poison: number;
  readonly #unique: (prefix: string) => string;

  constructor(random: Random, poison: number, unique: (prefix: string) => string) {
    this.#random = random;
    this.#poison = poison;
    this.#unique = unique;
  }

  /** What opens an account; once there were persons' alone. */
  opening(isBefore: boolean): Body {
    const random = this.#random;
    const initialBalance = random.chance(0.7) ? { initialBalance: `${random.integer(1_000_000)}` } : {};
    return {
      type: 'OpenAccount',
      data: {
        accountType: isBefore ? 'INDIVIDUAL' : random.pick(['INDIVIDUAL', 'CORPORATE']),
        currency: random.pick(CURRENCIES),
        customerId: this.#unique('customer'),
        ...initialBalance,
      },
    };
  }

  /** Anything that can be asked of an account; `tradeIds` are its trades so far. */
  account(tradeIds: readonly string[], isBefore: boolean): Body {
    const random = this.#random;
    const roll = random.integer(100);
    if (roll < 37) return this.#trade();
    if (roll < 45) return tradeIds.length === 0 ? this.#trade() : this.amendment(tradeIds);
    if (roll < 65) return this.#deposit();
    if (roll < 78) return { type: 'WithdrawFunds', data: { amount: this.#amount(3_000) } };
    if (roll < 83) return this.opening(isBefore);
    if (roll < 89) return { type: 'SetLimits', data: this.#limits() };
    const reason = { reason: this.#unique('because') };
    if (roll < 92) return { type: 'FreezeAccount', data: reason };
    if (roll < 98) return { type: 'UnfreezeAccount', data: reason };
    return { type: 'CloseAccount', data: reason };
  }

  /** Anything that can be asked of a holder; `open` are holds that may be open. */
  holder(open: readonly string[]): Body {
    const random = this.#random;
    if (open.length > 0 && random.chance(0.25)) {
      return { type: 'ReleaseHold', data: { holdId: random.pick(open) } };
    }
    const holdIds = Array.from({ length: 1 + random.integer(3) }, () => this.#unique('hold'));
    const note = random.chance(0.05) ? LONG_NOTE : 'short';
    return { type: 'PlaceHolds', data: { holdIds, milliseconds: random.pick(HOLD_MILLISECONDS), note } };
  }

  /** A command that makes the rules throw. */
  exploding(aggregateType: string): Body {
    if (aggregateType === 'account') return { type: 'DepositFunds', data: { amount: 'not a number' } };
    return { type: 'Explode', data: { where: this.#random.pick(['decide', 'evolve']) } };
  }

  #deposit(): Body {
    const random = this.#random;
    const amount = this.#amount(5_000);
    if (!random.chance(this.#poison)) {
      return { type: 'DepositFunds', data: { amount, reference: this.#unique('transfer') } };
    }
    return {
      type: 'DepositFunds',
      data: { amount, reference: poisonMark(random.pick(POISONS), random.pick(DEPOSIT_POISONED_VIEWS)) },
    };
  }

  /** What is said later of a trade: of an old one, or of the one that came last. */
  amendment(tradeIds: readonly string[]): Body {
    const random = this.#random;
    const tradeId = random.chance(0.5) ? (tradeIds.at(-1) as string) : random.pick(tradeIds);
    const about = { tradeId, reason: this.#unique('because') };
    if (random.chance(0.2)) return { type: 'CancelTrade', data: about };
    const terms = random.pick<() => Record<string, unknown>>([
      () => ({ price: decimal(1 + random.integer(99_999), random.integer(4)) }),
      () => ({ quantity: decimal(1 + random.integer(9_999), random.pick([0, 1, 8])) }),
      () => ({ side: random.pick(['BUY', 'SELL']), fee: decimal(random.integer(300), 2) }),
    ])();
    return { type: 'CorrectTrade', data: { ...terms, ...about } };
  }

  #trade(): Body {
    const random = this.#random;
    const fee = random.chance(0.5) ? { fee: decimal(random.integer(300), 2) } : {};
    const executedAt = random.chance(0.3) ? { executedAt: '2026-01-02T15:04:05.678Z' } : {};
    return {
      type: 'ExecuteTrade',
      data: {
        ...executedAt,
        ...fee,
        price: decimal(1 + random.integer(99_999), random.integer(4)),
        quantity: decimal(1 + random.integer(9_999), random.pick([0, 0, 1, 3, 8])),
        side: random.pick(['BUY', 'SELL']),
        symbol: random.pick(SYMBOLS),
        tradeId: this.#unique('trade'),
      },
    };
  }

  /** A whole number where the currency may have no minor unit, or with decimals that some currencies refuse. */
  #amount(below: number): string {
    const random = this.#random;
    return decimal(1 + random.integer(below), random.pick([0, 0, 0, 1, 2, 3]));
  }

  #limits(): Record<string, unknown> {
    const random = this.#random;
    const limit = () => (random.chance(0.5) ? null : decimal(1 + random.integer(1_000_000), 0));
    return random.pick<() => Record<string, unknown>>([
      () => ({ allowShort: true }),
      () => ({ allowShort: random.chance(0.7), maxOrderNotional: limit() }),
      () => ({ maxPositionNotional: limit(), maxPositionQuantity: limit() }),
    ])();
  }
}

/** A decimal text as the edge would hand it over: digits × 10^-places without trailing zeros. */
export function decimal(digits: number, places: number): string {
  const text = String(digits).padStart(places + 1, '0');
  if (places === 0) return text;
  const fraction = text.slice(-places).replace(/0+$/, '');
  return fraction === '' ? text.slice(0, -places) : `${text.slice(0, -places)}.${fraction}`;
}

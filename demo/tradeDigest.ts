/** Lists of trades by their digests, so that two of them can be compared whole, and millions of trades need no memory. */
import { createHash } from 'node:crypto';

/** A trade: as its command says it, and with what came of it. */
export interface DigestedTrade {
  readonly version: number;
  readonly tradeId: string;
  readonly symbol: string;
  readonly side: string;
  readonly quantity: string;
  readonly price: string;
  /** Absent is none. */
  readonly fee?: string;
  /** Absent where the command left it to the platform. */
  readonly executedAt?: string;
  readonly notional?: string;
  readonly realizedPnl?: string;
}

/** Trades of one account in order of version. */
export class TradeDigest {
  count = 0;
  readonly #timed: boolean;
  readonly #sent = createHash('sha256');
  readonly #executed = createHash('sha256');

  /** `timed` is false where the commands did not say when a trade was made, so that only the platform knows. */
  constructor(timed: boolean) {
    this.#timed = timed;
  }

  add(trade: DigestedTrade): void {
    const { version, tradeId, symbol, side, quantity, price, fee = '0', executedAt = '' } = trade;
    this.count += 1;
    const said = `${version} ${tradeId} ${symbol} ${side} ${quantity} ${price} ${fee}`;
    this.#sent.update(`${said} ${this.#timed ? executedAt : ''}\n`);
    this.#executed.update(`${said} ${executedAt} ${trade.notional} ${trade.realizedPnl}\n`);
  }

  /** Equal where the commands said the same. */
  get sent(): string {
    return this.#sent.copy().digest('hex');
  }

  /** Equal where the same came of them, too. */
  get executed(): string {
    return this.#executed.copy().digest('hex');
  }
}

/** The beginning of a tape, with its first trade read in advance, so that a wrong file is found before anything starts. */
import { type Tape, TapeError, type TapeTrade } from './tape.ts';

/** At most a number of a tape's trades. Iterate once. */
export class CappedTape implements AsyncIterable<TapeTrade> {
  readonly tape: Tape;
  readonly max: number;
  /** Whether the tape has more trades than were taken; known at the end. */
  isCut = false;
  readonly #trades: AsyncIterator<TapeTrade>;
  readonly #first: TapeTrade;

  private constructor(tape: Tape, max: number, first: TapeTrade, trades: AsyncIterator<TapeTrade>) {
    this.tape = tape;
    this.max = max;
    this.#first = first;
    this.#trades = trades;
  }

  /** Opens the tape. Rejects with a {@link TapeError} where it cannot be read or has no trade. */
  static async open(tape: Tape, max: number): Promise<CappedTape> {
    const trades = tape[Symbol.asyncIterator]();
    const first = await trades.next();
    if (first.done === true) throw new TapeError(`${tape.name}: the tape has no trade`);
    return new CappedTape(tape, max, first.value, trades);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TapeTrade> {
    let trade: TapeTrade | undefined = this.#first;
    for (let taken = 0; trade !== undefined && taken < this.max; taken++) {
      yield trade;
      const next: IteratorResult<TapeTrade> = await this.#trades.next();
      trade = next.done === true ? undefined : next.value;
    }
    this.isCut = trade !== undefined;
    await this.#trades.return?.();
  }
}

/** What a look could not tell: it must not pass for what was looked at and is right. */
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import { type AggregateKey, keyOf } from '../kernel/positions.ts';

/** Of whom something could not be told in one look, however many checks had to leave it open. */
export class Untold {
  readonly #logger: Logger;
  readonly #names = new Set<string>();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** How many they are. */
  get count(): number {
    return this.#names.size;
  }

  /** Some that nothing can be told of now, since they are on the move. */
  add(keys: readonly AggregateKey[]): void {
    for (const key of keys) this.#names.add(keyOf(key));
  }

  /** One of whom a question was not answered. */
  failed(key: AggregateKey, error: unknown): void {
    this.add([key]);
    this.#logger.log('warn', 'aggregate not reconciled', { aggregate: keyOf(key), ...errorFields(error) });
  }
}

/** Ctrl-C in a long run: the first one ends it early and in order, the second at once. */
import type { EventEmitter } from 'node:events';

/** A second signal this soon is the same one: the terminal sends it to npm as well, which passes it on. */
const SAME_SIGNAL_MS = 500;

export class Interrupt {
  readonly #source: Pick<EventEmitter, 'on' | 'removeListener'>;
  readonly #listener: () => void;
  #firstAt: number | undefined;

  constructor(
    source: Pick<EventEmitter, 'on' | 'removeListener'>,
    { onFirst, onSecond }: { readonly onFirst: () => void; readonly onSecond: () => void },
    now: () => number = () => performance.now(),
  ) {
    this.#source = source;
    this.#listener = () => {
      if (this.#firstAt === undefined) {
        this.#firstAt = now();
        onFirst();
      } else if (now() - this.#firstAt > SAME_SIGNAL_MS) onSecond();
    };
    source.on('SIGINT', this.#listener);
  }

  /** Whether nothing new is to be begun. */
  get isStopping(): boolean {
    return this.#firstAt !== undefined;
  }

  /** Leaves Ctrl-C to others again. */
  release(): void {
    this.#source.removeListener('SIGINT', this.#listener);
  }
}

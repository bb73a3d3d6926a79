/** The product's order, which also tells when it was decided: polling for it would take part of what is measured. */
import { OrderActor as ProductOrderActor } from '../actors/index.ts';
import type { CommandContext, CommandEnvelope, Outcome } from '../schemas/envelope.ts';

export class OrderActor extends ProductOrderActor {
  #waiting: ((status: string) => void)[] = [];

  override async execute(commands: readonly CommandEnvelope[], context: CommandContext): Promise<Outcome[]> {
    const outcomes = await super.execute(commands, context);
    const status = this.#status();
    if (status !== 'PENDING') for (const tell of this.#waiting.splice(0)) tell(status);
    return outcomes;
  }

  /** The order's status once it is no longer `PENDING`. */
  decided(): Promise<string> {
    const status = this.#status();
    if (status !== 'PENDING') return Promise.resolve(status);
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #status(): string {
    return this.read()?.state.status ?? 'UNPLACED';
  }
}

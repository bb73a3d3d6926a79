/** Holds the product's account rules against the demonstration's own books, command by command. */
import { accountDecider } from '../../actors/account/decider.ts';
import type { AccountState } from '../../actors/account/state.ts';
import { Books } from '../../demo/books.ts';
import type { Command, Outcome, RefusalCode } from '../../demo/commands.ts';
import { type AccountCommand, accountCommands } from '../../schemas/account.ts';

const AT = '2026-01-02T03:04:05.678Z';

/** Runs commands through both sides and throws at the first step in which they differ. */
export class Differential {
  readonly books: Books = new Books();
  readonly #states: Map<string, { state: AccountState; version: number }> = new Map();
  steps = 0;

  /** The outcome on which both sides agree. `foreseen` is what the generator promised, if it did. */
  run(command: Command, foreseen?: Outcome): Outcome {
    this.steps += 1;
    const ours = this.books.apply(command);
    if (foreseen !== undefined) agree(command, 'foreseen outcome', foreseen, ours);
    // Repeats are recognised by the kernel before the decider is asked: there, nothing may change.
    const repeat =
      ours.status === 'replayed' || (ours.status === 'refused' && ours.code === 'command_id_reused');
    if (!repeat) agree(command, 'outcome', this.#decide(command), ours);
    this.#compareState(command);
    return ours;
  }

  #decide(command: Command): Outcome {
    const data = accountCommands[command.type].parse(command.data);
    const parsed = { type: command.type, data, at: AT } as AccountCommand & { at: string };
    const entry = this.#states.get(command.aggregateId) ?? { state: accountDecider.initial(), version: 0 };
    const decision = accountDecider.decide(parsed, entry.state);
    if (!decision.accepted) return { status: 'refused', code: decision.refusal.code as RefusalCode };
    for (const event of decision.events) {
      entry.state = accountDecider.evolve(entry.state, event);
      entry.version += 1;
    }
    this.#states.set(command.aggregateId, entry);
    return { status: 'accepted', version: entry.version };
  }

  #compareState(command: Command): void {
    const entry = this.#states.get(command.aggregateId);
    if (entry === undefined) {
      agree(command, 'account', undefined, this.books.account(command.aggregateId));
      return;
    }
    const { status, currency, cash, fees, positions } = entry.state;
    const theirs = {
      status,
      currency,
      version: entry.version,
      cash,
      fees,
      positions: Object.keys(positions)
        .sort()
        .map((symbol) => ({ symbol, ...positions[symbol] })),
    };
    const { events, ...ours } = this.books.report(command.aggregateId);
    agree(command, 'state', theirs, ours);
    agree(
      command,
      'number of events',
      entry.version,
      Object.values(events).reduce((a, b) => a + b, 0),
    );
    const conservation = this.books.conservation(command.aggregateId);
    if (!conservation.holds)
      throw new Error(`money was made or lost by ${text(command)}: ${text(conservation)}`);
  }
}

function agree(command: Command, what: string, product: unknown, books: unknown): void {
  const [theirs, ours] = [text(product), text(books)];
  if (theirs === ours) return;
  throw new Error(`${what} after ${text(command)}\n  product: ${theirs}\n  books:   ${ours}`);
}

/** JSON with sorted keys: the order of keys says nothing. */
function text(value: unknown): string {
  return (
    JSON.stringify(value, (_key, inner: unknown) =>
      inner !== null && typeof inner === 'object' && !Array.isArray(inner)
        ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
        : inner,
    ) ?? 'nothing'
  );
}

/** Gives commands their ids, asks the books how each must end, and keeps both for the next batch. */
import { Books } from './books.ts';
import type { Command, Intent, Outcome, RefusalCode } from './commands.ts';
import type { Random } from './random.ts';

/** A command and how it must end. */
export interface Expected {
  readonly command: Command;
  readonly outcome: Outcome;
}

/** Counts of what has been dispatched. */
export interface WorkloadCounts {
  commands: number;
  accepted: number;
  /** Refused by the account's rules. */
  refused: number;
  /** Repeats of an accepted command: replayed, or refused with `command_id_reused`. */
  repeated: number;
  /** Accepted trades: one for every trade of the tape. */
  trades: number;
  refusedByCode: Partial<Record<RefusalCode, number>>;
}

/** Accepted commands that a repeat may choose from: repeats then reach over several batches and memory stays small. */
const REPEATABLE_MAX = 2_000;

/** Dispatches in one order: the books know the outcome only if the platform gets the commands in the same. */
export class Dispatcher {
  readonly books: Books = new Books();
  readonly counts: WorkloadCounts = {
    commands: 0,
    accepted: 0,
    refused: 0,
    repeated: 0,
    trades: 0,
    refusedByCode: {},
  };
  readonly #prefix: string;
  readonly #random: Random;
  readonly #repeatable: Command[] = [];
  #queue: Expected[] = [];
  #lastId = 0;

  constructor(prefix: string, random: Random) {
    this.#prefix = prefix;
    this.#random = random;
  }

  /** An id that this run has not used. `kind` is a letter that tells people what it names. */
  newId(kind: string): string {
    this.#lastId += 1;
    return `${this.#prefix}-${kind}${this.#lastId}`;
  }

  /** The intent as a command with an id of its own. */
  command(aggregateId: string, intent: Intent, commandId = this.newId('c')): Command {
    return { commandId, aggregateType: 'account', aggregateId, ...intent };
  }

  /** How the intent would end now. */
  preview(aggregateId: string, intent: Intent): Outcome {
    return this.books.preview({ commandId: '', aggregateType: 'account', aggregateId, ...intent });
  }

  /** Sends a command that must be accepted. Throws where the books refuse it: a fault of the generator. */
  accept(aggregateId: string, intent: Intent, commandId?: string): void {
    const command = this.command(aggregateId, intent, commandId);
    const outcome = this.#send(command);
    if (outcome.status !== 'accepted') throw fault(command, 'accepted', outcome);
    this.counts.accepted += 1;
    if (command.type === 'ExecuteTrade') this.counts.trades += 1;
    if (this.#repeatable.length < REPEATABLE_MAX) this.#repeatable.push(command);
    else this.#repeatable[this.#random.integer(REPEATABLE_MAX)] = command;
  }

  /** Sends a command that must be refused with `code`. Throws where the books see it otherwise. */
  refuse(code: RefusalCode, aggregateId: string, intent: Intent): void {
    const command = this.command(aggregateId, intent);
    const outcome = this.#send(command);
    if (outcome.status !== 'refused' || outcome.code !== code) throw fault(command, code, outcome);
    this.counts.refused += 1;
  }

  /** Sends a repeat, which the books must know as one. */
  repeat(command: Command): void {
    const outcome = this.#send(command);
    const known =
      outcome.status === 'replayed' || (outcome.status === 'refused' && outcome.code === 'command_id_reused');
    if (!known) throw fault(command, 'a repeat', outcome);
    this.counts.repeated += 1;
  }

  /** An accepted command to repeat, or undefined before the first. */
  repeatable(): Command | undefined {
    return this.#repeatable.length === 0 ? undefined : this.#random.pick(this.#repeatable);
  }

  /** Commands not yet taken. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Takes up to `count` commands, oldest first. */
  take(count: number): Expected[] {
    return this.#queue.splice(0, count);
  }

  #send(command: Command): Outcome {
    const outcome = this.books.apply(command);
    this.#queue.push({ command, outcome });
    this.counts.commands += 1;
    if (outcome.status === 'refused') {
      this.counts.refusedByCode[outcome.code] = (this.counts.refusedByCode[outcome.code] ?? 0) + 1;
    }
    return outcome;
  }
}

function fault(command: Command, wanted: string, outcome: Outcome): Error {
  const got = outcome.status === 'refused' ? outcome.code : outcome.status;
  return new Error(`the workload wanted ${wanted} and the books say ${got}: ${JSON.stringify(command)}`);
}

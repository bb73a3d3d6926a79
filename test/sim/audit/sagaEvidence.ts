/**
 * What the logs of others say of a saga's steps: whether a command was taken, and what an event that ends a step has said. Whatever the
 * saga says that it has heard is held against them.
 */
import type { AuditedEvent } from './book.ts';
import { type Protocol, type StepCommand, stepParts, type Word } from './protocol.ts';
import type { SagaRecord } from './sagaRecord.ts';

/** Steps whose receiver may not exist yet: it cannot remember whom to refuse, and what comes late ends by a timer. */
const NOBODY_THERE: Readonly<Record<string, string>> = {
  'reserve-stock': 'inventory_not_found',
  'reserve-funds': 'account_not_found',
};

/** Which of a step's commands is meant: what it does in a round, from 0, or what undoes it for the so-manieth time, from 1. */
export interface AskedTime {
  readonly undoing: number | undefined;
  readonly round: number;
}

export class SagaEvidence {
  readonly #record: SagaRecord;

  constructor(record: SagaRecord) {
    this.#record = record;
  }

  /** What a step of this saga, or what undoes it for the so-manieth time, asks of whom; undefined where it never asked. */
  commandOf(name: string, { undoing, round }: AskedTime): StepCommand | undefined {
    const { steps, input, startedAt, ledgerOf } = this.#record;
    const step = steps.get(name);
    if (input === undefined || step === undefined || step.status === 'PENDING') return undefined;
    const undoneFor = undoing === undefined ? undefined : step.undoings[undoing - 1];
    if (undoing === undefined ? round > step.rounds : undoneFor === undefined) return undefined;
    const asked = { ...stepParts(name), input, startedAt, round, undoneFor, undoing };
    return this.#record.protocol.command(asked, ledgerOf);
  }

  /** Whether a step can no longer be done: what undoes it was taken, or whom it is for said that there is nothing to undo. */
  isBarred(name: string): boolean {
    const { status, nothingThere } = this.#record.step(name);
    const isBelieved = nothingThere !== undefined && !this.#wasNobodyThere(name);
    return this.#undoingHasRun(name) || (status === 'UNDONE' && isBelieved);
  }

  /** Whether a step's command, or what undoes it, was taken by whom it is for. */
  hasRun(name: string, undoing: number | undefined): boolean {
    const { rounds: round } = this.#record.step(name);
    const command = this.commandOf(name, { undoing, round });
    if (command === undefined) return false;
    const what =
      undoing === undefined ? `${name}${round === 0 ? '' : ` ${round}`}` : `undo ${name} ${undoing}`;
    return this.#record.ledgerOf(command.target).runs.has(`saga ${this.#record.sagaId} ${what}`);
  }

  /** What an aggregate said that it did is in its log. */
  requireRun(event: AuditedEvent, name: string, undoing: number | undefined): void {
    if (!this.hasRun(name, undoing))
      this.#record.fail(event, 'acknowledged is durable', `${name} is in no log of the one who took it`);
  }

  /** What an event said of a step is what it said: it is in the log of whom it is of. */
  requireWord(event: AuditedEvent, name: string, eventType: string, words?: readonly Word[]): void {
    const isSaid = this.awaited(name).some((other) => {
      const word = other.type === eventType ? this.word(name, other) : undefined;
      return word !== undefined && (words?.includes(word) ?? true);
    });
    if (!isSaid)
      this.#record.fail(event, 'sagas believe what happened', `no ${eventType} says so of ${name}`);
  }

  /** What ends an undoing is in the log of whom it is of, and says so. */
  requireSaid(
    event: AuditedEvent,
    name: string,
    eventType: string,
    says: Protocol['undoes'] = () => true,
  ): void {
    const { base } = stepParts(name);
    const isSaid = this.awaited(name).some((other) => other.type === eventType && says(base, other));
    if (!isSaid)
      this.#record.fail(event, 'sagas believe what happened', `there is no ${eventType} for ${name}`);
  }

  /** What an event says to a step. */
  word(name: string, event: AuditedEvent): Word {
    const asked = { round: this.#record.step(name).rounds, version: this.#record.version };
    return this.#record.protocol.word?.(stepParts(name).base, event, asked);
  }

  /** Everything that those have done whose events may end a step. */
  awaited(name: string): AuditedEvent[] {
    const { protocol, input = {}, ledgerOf } = this.#record;
    const sources = protocol.awaits?.(stepParts(name).base, input) ?? [];
    return sources.flatMap((source) => ledgerOf(source).events);
  }

  /** Everything that those have done whose events end any step. */
  sources(): AuditedEvent[] {
    const names = [...this.#record.steps.keys()];
    return [...new Set(names.flatMap((name) => this.awaited(name)))];
  }

  /** Whether an event has said that what is left is taken care of elsewhere. */
  isOver(): boolean {
    return [...this.#record.steps.keys()].some((name) =>
      this.awaited(name).some((other) => this.word(name, other) === 'over'),
    );
  }

  /** Whether there is nothing that a step could do. */
  isMoot(name: string): boolean {
    const { base, key } = stepParts(name);
    const { protocol, input = {}, ledgerOf } = this.#record;
    return protocol.isMoot?.(base, key, input, ledgerOf) === true;
  }

  /** Whether nothing of a step is left, as far as it was ever done. */
  isUndone(name: string): boolean {
    const { base, key } = stepParts(name);
    const { protocol, input = {}, ledgerOf } = this.#record;
    if (protocol.isUndone !== undefined) return protocol.isUndone(base, key, input, ledgerOf);
    return !this.hasRun(name, undefined) || this.#undoingHasRun(name) || this.#wasNobodyThere(name);
  }

  /** Whether who was to undo a step was not there yet. */
  #wasNobodyThere(name: string): boolean {
    const { nothingThere } = this.#record.step(name);
    return nothingThere !== undefined && NOBODY_THERE[stepParts(name).base] === nothingThere;
  }

  #undoingHasRun(name: string): boolean {
    return this.#record.step(name).undoings.some((_, index) => this.hasRun(name, index + 1));
  }
}

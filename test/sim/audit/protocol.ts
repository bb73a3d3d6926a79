/**
 * What the auditor knows of sagas: what each step asks of whom, which events end it, and what its undoing must leave. Written
 * down once more, so that it does not depend on the definitions that it is held against.
 */
import type { Source } from '../../../actors/kernel/messages.ts';
import type { Body } from '../workload/commands.ts';
import type { AuditedEvent } from './book.ts';
import type { LedgerOf } from './ledger.ts';

/** A command of a step or of what undoes it. */
export interface StepCommand {
  readonly target: Source;
  readonly body: Body;
}

/** What a saga works with. */
export type SagaInput = Readonly<Record<string, unknown>>;

/** What the command of a step depends on. */
export interface StepAsked {
  /** The step without its key and without what a later version puts behind its name, and its key. */
  readonly base: string;
  readonly key: string;
  readonly input: SagaInput;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** How often it was begun anew after an event had said no. */
  readonly round: number;
  /** Why it is undone, and for the how-manieth time: 1, 2, …; undefined for what it does. */
  readonly undoneFor: string | undefined;
  readonly undoing: number | undefined;
}

/** What an event says of a step that waits for one. */
export type Word = 'done' | 'refused' | 'given up' | 'over' | undefined;

/** One kind of saga. */
export interface Protocol {
  /** The command of a step, or the one that undoes it; undefined where there is none. */
  command(asked: StepAsked, ledgerOf: LedgerOf): StepCommand | undefined;
  /** Whose events end a step; nobody's where the answer to its command does. */
  awaits?(base: string, input: SagaInput): readonly Source[];
  /** What such an event says to a saga of this version. */
  word?(base: string, event: AuditedEvent, asked: { readonly round: number; readonly version: number }): Word;
  /** Whether such an event may say that what a step had done did not last, also after the saga's end. */
  mayLapse?(base: string, version: number): boolean;
  /** Whether such an event says that nothing is left of a step which is being undone; all do where it is left out. */
  undoes?(base: string, event: AuditedEvent): boolean;
  /** The steps that such an event adds, and what else of the saga's events can. */
  adds?(event: AuditedEvent, input: SagaInput): readonly string[];
  /** Whether nothing is left of a step; undefined where the command that undoes it must have been taken. */
  isUndone?(base: string, key: string, input: SagaInput, ledgerOf: LedgerOf): boolean;
  /** Whether there is nothing (left) that a step could do, so that it is done without anybody having taken its command. */
  isMoot?(base: string, key: string, input: SagaInput, ledgerOf: LedgerOf): boolean;
  /** Whether nothing but an operator's word can ever end a saga that is parked, and that not for good. */
  isHopeless?(input: SagaInput, ledgerOf: LedgerOf): boolean;
}

/** What a later version of a definition puts behind the names of its steps. */
const LATER = /-alone$/;

/** A step's name in its parts. */
export function stepParts(name: string): { base: string; key: string } {
  const [base = '', key = ''] = name.split(':');
  return { base: base.replace(LATER, ''), key };
}

/** What the auditor knows of one saga from its own log: its steps, and how each stands. */
import { Breach } from '../model/world.ts';
import type { AuditedEvent } from './book.ts';
import type { LedgerOf } from './ledger.ts';
import type { Protocol, SagaInput } from './protocol.ts';
import { protocolOf } from './protocols.ts';

/** How a step stands. */
export interface Step {
  readonly stage: number;
  status: 'PENDING' | 'RUNNING' | 'WAITING' | 'UNDOING' | 'DONE' | 'NOT_DONE' | 'UNDONE' | 'UNDO_FAILED';
  sends: boolean;
  dueAt: number;
  timeoutAt: number;
  /** How often it was begun anew, and whether it is about to be: an event said no. */
  rounds: number;
  isRefusedByEvent: boolean;
  /** Whether an event was ever heard to give it up. */
  isGivenUp: boolean;
  /** Why it was undone, each time. */
  readonly undoings: string[];
  /** Whether what undoes it was taken and an event is to say what became of it, and whether one said that it failed. */
  isUndoTaken: boolean;
  isUndoFailed: boolean;
  /** The refusal, or the event, that said that there was nothing to undo, if one did. */
  nothingThere: string | undefined;
}

/** A step that nobody has begun. */
export function unbegun(stage: number): Step {
  return {
    stage,
    status: 'PENDING',
    sends: false,
    dueAt: 0,
    timeoutAt: 0,
    rounds: 0,
    isRefusedByEvent: false,
    isGivenUp: false,
    undoings: [],
    isUndoTaken: false,
    isUndoFailed: false,
    nothingThere: undefined,
  };
}

export class SagaRecord {
  status = 'UNSTARTED';
  definition = '';
  /** Of its definition. */
  version = 0;
  input: SagaInput | undefined;
  /** Milliseconds since 1970. */
  startedAt = 0;
  /** Whether it undoes what was done, and why. */
  backward = false;
  cause = '';
  readonly sagaId: string;
  readonly ledgerOf: LedgerOf;
  readonly steps = new Map<string, Step>();

  constructor(sagaId: string, ledgerOf: LedgerOf) {
    this.sagaId = sagaId;
    this.ledgerOf = ledgerOf;
  }

  get protocol(): Protocol {
    return protocolOf(this.definition);
  }

  step(name: string): Step {
    const step = this.steps.get(name);
    if (step === undefined) throw new Breach('sagas keep their trace', `${this.sagaId} has no step ${name}`);
    return step;
  }

  /** A step is being undone from now on, milliseconds since 1970. */
  undo(name: string, at: number): void {
    const step = this.step(name);
    step.status = 'UNDOING';
    step.undoings.push(this.cause);
    step.isUndoTaken = false;
    step.isUndoFailed = false;
    step.dueAt = at;
  }

  fail({ version, type }: AuditedEvent, check: string, detail: string): never {
    throw new Breach(check, `saga/${this.sagaId} version ${version} (${type}): ${detail}`);
  }
}

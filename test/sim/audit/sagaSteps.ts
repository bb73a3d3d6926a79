/** How a saga's steps go on by its events, each held against what those have done whom it is about. */
import type { AuditedEvent } from './book.ts';
import { stepParts } from './protocol.ts';
import type { SagaEvidence } from './sagaEvidence.ts';
import type { SagaRecord, Step } from './sagaRecord.ts';

/** The code of a step that was taken and then could not be done. */
const REFUSED_BY_EVENT = 'refused_by_event';

/** Longer than anything takes to be told of: queues fail for hours, and the sweeper tells what they lost. */
const HEARD_WITHIN_MS = 86_400_000;

/** Refusals have underscores and no capitals. */
const EVENT_NAME = /^[A-Z]/;

export class SagaSteps {
  readonly #record: SagaRecord;
  readonly #evidence: SagaEvidence;

  constructor(record: SagaRecord, evidence: SagaEvidence) {
    this.#record = record;
    this.#evidence = evidence;
  }

  /** Takes an event of a step, recorded at `at`, milliseconds since 1970; fails where the logs of others contradict it. */
  apply(event: AuditedEvent, step: Step, at: number): void {
    const name = String(event.data.step);
    switch (event.type) {
      case 'StepAccepted':
        this.#evidence.requireRun(event, name, undefined);
        step.status = 'WAITING';
        return;
      case 'StepCompleted':
        this.#completed(event, name, step);
        return;
      case 'EventObserved':
        this.#evidence.requireWord(event, name, String(event.data.eventType));
        step.isGivenUp ||= event.data.verdict === 'given up';
        return;
      case 'StepSucceededLate':
        if (step.sends) this.#evidence.requireRun(event, name, undefined);
        if (step.status === 'UNDOING') this.#record.undo(name, at);
        else step.status = 'DONE';
        return;
      case 'StepPutOff':
      case 'CompensationPutOff':
        step.dueAt = Math.max(Date.parse(String(event.data.retryAt)), step.dueAt + 1);
        return;
      case 'StepRefused':
        this.#refused(event, name, step);
        return;
      case 'StepTimedOut':
        if (at < step.timeoutAt)
          this.#record.fail(event, 'no timer fires early', `${name} had ${step.timeoutAt - at} ms left`);
        this.#checkHeard(event, name, at);
        step.status = 'NOT_DONE';
        return;
      case 'StepFailed':
        this.#failed(event, name, step);
        return;
      case 'StepCompensated':
        this.#compensated(event, name, step);
        return;
      case 'CompensationAccepted':
        this.#evidence.requireRun(event, name, step.undoings.length);
        step.isUndoTaken = true;
        step.timeoutAt = Date.parse(String(event.data.timeoutAt));
        return;
      case 'CompensationCalledOff':
        this.#calledOff(event, name, step);
        return;
      case 'CompensationFailed':
        this.#undoFailed(event, name, step, at);
        return;
      default:
        this.#record.fail(event, 'sagas keep their trace', `${event.type} is not expected`);
    }
  }

  #completed(event: AuditedEvent, name: string, step: Step): void {
    const { eventType } = event.data as { eventType: string | null };
    if (eventType !== null) this.#evidence.requireWord(event, name, eventType, ['done', 'over']);
    else if (step.sends && !this.#evidence.isMoot(name)) this.#evidence.requireRun(event, name, undefined);
    step.status = 'DONE';
  }

  #refused(event: AuditedEvent, name: string, step: Step): void {
    const { code, detail } = event.data.error as { code: string; detail: string };
    step.isRefusedByEvent = code === REFUSED_BY_EVENT;
    if (step.isRefusedByEvent) this.#evidence.requireWord(event, name, detail, ['refused']);
    else if (event.data.unheard === false && this.#evidence.hasRun(name, undefined))
      this.#record.fail(event, 'a refused step has done nothing', `${name} was done`);
    step.status = 'NOT_DONE';
  }

  #failed(event: AuditedEvent, name: string, step: Step): void {
    const { code, detail } = event.data.error as { code: string; detail: string };
    step.isRefusedByEvent = code === REFUSED_BY_EVENT;
    step.isGivenUp ||= step.isRefusedByEvent;
    if (step.isRefusedByEvent) this.#evidence.requireWord(event, name, detail, ['given up']);
    step.status = 'NOT_DONE';
  }

  /** A step whose time is up has not been given up by an event for long. */
  #checkHeard(event: AuditedEvent, name: string, at: number): void {
    if (this.#record.step(name).isGivenUp) return;
    const missed = this.#evidence
      .awaited(name)
      .find(
        (other) => other.recordedAt < at - HEARD_WITHIN_MS && this.#evidence.word(name, other) === 'given up',
      );
    if (missed !== undefined)
      this.#record.fail(event, 'sagas hear what gives them up', `${missed.type} of ${missed.recordedAt}`);
  }

  #compensated(event: AuditedEvent, name: string, step: Step): void {
    const code = event.data.code as string | null;
    if (code === null) this.#evidence.requireRun(event, name, step.undoings.length);
    else if (EVENT_NAME.test(code))
      this.#evidence.requireSaid(event, name, code, this.#record.protocol.undoes);
    step.nothingThere = code ?? undefined;
    step.status = 'UNDONE';
  }

  #undoFailed(event: AuditedEvent, name: string, step: Step, at: number): void {
    const { code, detail } = event.data.error as { code: string; detail: string };
    step.isUndoFailed = code === REFUSED_BY_EVENT;
    if (step.isUndoFailed) this.#evidence.requireSaid(event, name, detail);
    if (code === 'timed_out' && at < step.timeoutAt)
      this.#record.fail(event, 'no timer fires early', `${name} had ${step.timeoutAt - at} ms left`);
    step.status = 'UNDO_FAILED';
  }

  /** The saga goes forward again: what it was about to undo is being done after all. */
  #calledOff(event: AuditedEvent, name: string, step: Step): void {
    const { protocol, input = {}, ledgerOf } = this.#record;
    const { base, key } = stepParts(name);
    if (protocol.isUndone?.(base, key, input, ledgerOf))
      this.#record.fail(event, 'sagas keep their trace', `${name} is undone`);
    this.#record.status = 'RUNNING';
    this.#record.backward = false;
    step.status = 'WAITING';
    step.timeoutAt = Date.parse(String(event.data.timeoutAt));
  }
}

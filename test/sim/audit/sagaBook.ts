/**
 * One saga as the auditor follows it: which steps are under way, what each answer must have left in the log of the
 * aggregate that it came from, and that nothing which was done is left standing when the saga says that all is undone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { Body } from '../workload/commands.ts';
import { type AuditedEvent, type Book, type Due, EFFECT_SLACK_MS, TIMER_SLACK_MS } from './book.ts';
import type { Ledger, LedgerOf } from './ledger.ts';
import { type SagaInput, type StepCommand, stepParts } from './protocol.ts';
import { type AskedTime, SagaEvidence } from './sagaEvidence.ts';
import { SagaRecord, type Step, unbegun } from './sagaRecord.ts';
import { startOf, toldEvent } from './sagaStarts.ts';
import { SagaSteps } from './sagaSteps.ts';

const EFFECT_ID = /^effect (do|undo) (\S+)(?: (\d+))? (\d+)$/;
const TIMER_ID = /^timer timeout (\S+) (\d+)$/;
const START_ID = /^start (\S+)$/;
const EVENT_ID = /^event (\S+)$/;

/** The commands that a saga takes, and the events with which each may begin. */
const BEGINNINGS: Readonly<Record<string, readonly string[]>> = {
  StartSaga: ['SagaStarted'],
  RetrySaga: ['SagaRetried'],
  CompensateSaga: ['CompensationStarted', 'SagaRetried'],
  TimeOutStep: ['StepTimedOut', 'CompensationFailed'],
  ObserveEvent: [
    'StepCompleted',
    'StepRefused',
    'StepFailed',
    'StepsAdded',
    'EventObserved',
    'CompensationStarted',
    'StepCompensated',
    'CompensationFailed',
    'StepSucceededLate',
  ],
  RecordAnswer: [
    'StepAccepted',
    'StepCompleted',
    'StepPutOff',
    'StepRefused',
    'StepFailed',
    'StepSucceededLate',
    'StepCompensated',
    'CompensationAccepted',
    'CompensationCalledOff',
    'CompensationPutOff',
    'CompensationFailed',
  ],
};

export class SagaBook implements Book {
  readonly #record: SagaRecord;
  readonly #evidence: SagaEvidence;
  readonly #steps: SagaSteps;

  constructor(sagaId: string, ledgerOf: LedgerOf) {
    this.#record = new SagaRecord(sagaId, ledgerOf);
    this.#evidence = new SagaEvidence(this.#record);
    this.#steps = new SagaSteps(this.#record, this.#evidence);
  }

  get status(): string {
    return this.#record.status;
  }

  get definition(): string {
    return this.#record.definition;
  }

  get input(): SagaInput | undefined {
    return this.#record.input;
  }

  /** Of its definition. */
  get version(): number {
    return this.#record.version;
  }

  /** Whether it goes on by itself. */
  get isRunning(): boolean {
    return this.status === 'RUNNING' || this.status === 'COMPENSATING';
  }

  /** Whether it is parked, and would be again however often it was tried. */
  get isHopeless(): boolean {
    if (this.status !== 'PARKED') return false;
    const { protocol, input = {}, ledgerOf } = this.#record;
    return protocol.isHopeless?.(input, ledgerOf) === true;
  }

  /** What a step of this saga, or what undoes it for the so-manieth time, asks of whom; undefined where it never asked. */
  commandOf(name: string, asked: AskedTime): StepCommand | undefined {
    return this.#evidence.commandOf(name, asked);
  }

  /** Whether a step can no longer be done: what undoes it was taken, or whom it is for said that there is nothing to undo. */
  isBarred(name: string): boolean {
    return this.#evidence.isBarred(name);
  }

  fits({ type, data }: Body, event: AuditedEvent, index: number): boolean {
    if (index > 0) return true;
    if (!BEGINNINGS[type]?.includes(event.type)) return false;
    if (type === 'StartSaga') {
      const { sagaId, definition, input } = event.data;
      return (
        sagaId === data.sagaId &&
        definition === data.definition &&
        isDeepStrictEqual(input, { ...(data.input as object) })
      );
    }
    return ['step', 'reason'].every((name) => data[name] === undefined || data[name] === event.data[name]);
  }

  platformBody(_event: AuditedEvent, commandId: string): Body | undefined {
    const [, started] = START_ID.exec(commandId) ?? [];
    const { sagaId, ledgerOf, input } = this.#record;
    if (started !== undefined) return started === sagaId ? startOf(started, ledgerOf) : undefined;
    const [, told] = EVENT_ID.exec(commandId) ?? [];
    if (told !== undefined) return toldEvent(told, input, ledgerOf);
    const [, timed, timeoutAt] = TIMER_ID.exec(commandId) ?? [];
    if (timed !== undefined) {
      const isDue = this.#record.steps.get(timed)?.timeoutAt === Number(timeoutAt);
      return isDue ? { type: 'TimeOutStep', data: { step: timed } } : undefined;
    }
    const [, verb, name = '', undoing] = EFFECT_ID.exec(commandId) ?? [];
    const round = this.#record.steps.get(name)?.rounds ?? 0;
    const command = this.commandOf(name, { undoing: verb === 'undo' ? Number(undoing) : undefined, round });
    return command && { type: 'RecordAnswer', data: { step: name } };
  }

  *due(): Iterable<Due> {
    if (!this.isRunning) return;
    for (const [name, { status, dueAt, timeoutAt, isUndoTaken }] of this.#record.steps) {
      const isUndone = status === 'UNDOING' && isUndoTaken;
      if (status === 'RUNNING' || (status === 'UNDOING' && !isUndoTaken))
        yield { what: `step ${name}`, at: dueAt, slackMs: EFFECT_SLACK_MS };
      if (status === 'RUNNING' || isUndone || (status === 'WAITING' && !this.#record.backward))
        yield { what: `timeout of ${name}`, at: timeoutAt, slackMs: TIMER_SLACK_MS };
    }
  }

  apply(event: AuditedEvent): void {
    const { data, recordedAt } = event;
    const at = Date.parse(String(data.at));
    if (at !== recordedAt) this.#record.fail(event, 'sagas keep their trace', `it says ${data.at}`);
    this.#checkOpen(event);
    switch (event.type) {
      case 'SagaStarted':
        this.#start(data, at);
        return;
      case 'StepsStarted':
        for (const { step, sends, timeoutAt } of data.steps as {
          step: string;
          sends: boolean;
          timeoutAt: string;
        }[]) {
          const status = sends ? 'RUNNING' : 'WAITING';
          Object.assign(this.#record.step(step), {
            status,
            sends,
            dueAt: at,
            timeoutAt: Date.parse(timeoutAt),
          });
        }
        return;
      case 'StepsAdded':
        this.#addSteps(event);
        return;
      case 'SagaRetried':
        this.#retry(data, at);
        return;
      case 'CompensationStarted':
        this.#record.status = 'COMPENSATING';
        this.#record.backward = true;
        this.#record.cause = String(data.reason);
        for (const name of data.steps as string[]) {
          this.#checkOrder(event, name);
          this.#record.undo(name, at);
        }
        return;
      case 'SagaParked':
        this.#record.status = 'PARKED';
        return;
      case 'SagaCompleted':
      case 'SagaCompensated':
        this.#end(event);
        return;
      default:
        this.#steps.apply(event, this.#record.step(String(data.step)), at);
    }
  }

  /** After its end nothing follows, but for what turns out to have been done after all, or not to have lasted. */
  #checkOpen(event: AuditedEvent): void {
    if (this.#record.status === 'COMPLETED' && this.#isLapse(event)) this.#record.status = 'RUNNING';
    if (this.#record.status === 'COMPLETED') this.#record.fail(event, 'sagas end once', 'it has completed');
    const late = event.type === 'StepSucceededLate' || event.type === 'CompensationStarted';
    if (this.#record.status === 'COMPENSATED' && !late)
      this.#record.fail(event, 'sagas end once', 'all was undone');
  }

  #isLapse({ type, data }: AuditedEvent): boolean {
    const { base } = stepParts(String(data.step));
    const { protocol, version } = this.#record;
    return type === 'StepRefused' && protocol.mayLapse?.(base, version) === true;
  }

  #start(data: Readonly<Record<string, unknown>>, at: number): void {
    this.#record.status = 'RUNNING';
    this.#record.definition = String(data.definition);
    this.#record.version = Number(data.definitionVersion);
    this.#record.input = data.input as SagaInput;
    this.#record.startedAt = at;
    for (const [stage, names] of (data.stages as string[][]).entries())
      for (const name of names) this.#record.steps.set(name, unbegun(stage));
  }

  /** What an event adds is what it says, all of it and once. */
  #addSteps(event: AuditedEvent): void {
    const steps = event.data.steps as { stage: number; step: string }[];
    const plain = ({ base, key }: ReturnType<typeof stepParts>) => (key === '' ? base : `${base}:${key}`);
    const names = steps.map(({ step }) => plain(stepParts(step)));
    const input = this.#record.input ?? {};
    const isSaid = this.#evidence
      .sources()
      .some(
        (other) =>
          other.type === event.data.eventType &&
          isDeepStrictEqual(new Set(names), new Set(this.#record.protocol.adds?.(other, input))),
      );
    if (!isSaid) this.#record.fail(event, 'sagas believe what happened', `nothing adds ${names}`);
    for (const { stage, step } of steps) {
      if (this.#record.steps.has(step)) this.#record.fail(event, 'exactly once', `${step} was added before`);
      this.#record.steps.set(step, unbegun(stage));
    }
  }

  #retry(data: Readonly<Record<string, unknown>>, at: number): void {
    this.#record.status = this.#record.backward ? 'COMPENSATING' : 'RUNNING';
    for (const { step: name, timeoutAt } of data.steps as { step: string; timeoutAt: string }[]) {
      const step = this.#record.step(name);
      if (this.#record.backward) this.#undoAgain(step);
      else step.status = step.sends ? 'RUNNING' : 'WAITING';
      if (step.isRefusedByEvent && !this.#record.backward) step.rounds++;
      step.isRefusedByEvent = false;
      step.dueAt = Math.max(at, step.dueAt + 1);
      step.timeoutAt = Date.parse(timeoutAt);
    }
  }

  /** What was taken and came to nothing is asked for anew. */
  #undoAgain(step: Step): void {
    step.status = 'UNDOING';
    if (step.isUndoTaken || step.isUndoFailed) step.undoings.push(this.#record.cause);
    step.isUndoTaken = false;
    step.isUndoFailed = false;
  }

  /** What came later is undone before. */
  #checkOrder(event: AuditedEvent, name: string): void {
    const { stage } = this.#record.step(name);
    for (const [other, step] of this.#record.steps)
      if (step.stage > stage && (step.status === 'DONE' || step.status === 'UNDOING'))
        this.#record.fail(event, 'undone in reverse', `${name} before ${other}`);
  }

  /** At an end either everything is done, or whatever was done has been undone after. */
  #end(event: AuditedEvent): void {
    this.#record.status = event.type === 'SagaCompleted' ? 'COMPLETED' : 'COMPENSATED';
    for (const [name, step] of this.#record.steps) {
      if (this.#record.status === 'COMPLETED') {
        if (step.status !== 'DONE' && !this.#evidence.isOver())
          this.#record.fail(event, 'a saga completes whole', `${name} is ${step.status}`);
      } else if (!this.#evidence.isUndone(name)) {
        this.#record.fail(event, 'what was done is undone', `${name} was done and is not undone`);
      }
    }
  }
}

/** The book of a saga, from its ledger. */
export function sagaBookOf({ book }: Ledger): SagaBook {
  return book as SagaBook;
}

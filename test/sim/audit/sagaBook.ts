/**
 * One saga as the auditor follows it: which steps are under way, what each answer must have left in the log of the
 * aggregate that it came from, and that nothing which was done is left standing when the saga says that all is undone.
 */
import { Breach } from '../model/world.ts';
import type { Body } from '../workload/commands.ts';
import { type Book, type Due, type LedgerOf, TIMER_SLACK_MS } from './book.ts';
import type { AuditedEvent, Ledger } from './ledger.ts';
import { type StepCommand, stepCommand, type TransferInput } from './transferProtocol.ts';

/** An effect whose moment has come may be looked after this much later: the longest pause, and the alarm's own delay. */
const EFFECT_SLACK_MS = 70_001;

const EFFECT_ID = /^effect (do|undo) (\S+)(?: (\d+))? (\d+)$/;
const TIMER_ID = /^timer timeout (\S+) (\d+)$/;

interface Step {
  readonly stage: number;
  status: 'PENDING' | 'RUNNING' | 'UNDOING' | 'DONE' | 'NOT_DONE' | 'UNDONE' | 'UNDO_FAILED';
  dueAt: number;
  timeoutAt: number;
  undoings: number;
}

/** The commands that a saga takes, and the events with which each may begin. */
const BEGINNINGS: Readonly<Record<string, readonly string[]>> = {
  StartSaga: ['SagaStarted'],
  RetrySaga: ['SagaRetried'],
  CompensateSaga: ['CompensationStarted', 'SagaRetried'],
  TimeOutStep: ['StepTimedOut'],
  RecordAnswer: [
    'StepCompleted',
    'StepPutOff',
    'StepRefused',
    'StepFailed',
    'StepSucceededLate',
    'StepCompensated',
    'CompensationPutOff',
    'CompensationFailed',
  ],
};

export class SagaBook implements Book {
  status = 'UNSTARTED';
  input: TransferInput | undefined;
  readonly #sagaId: string;
  readonly #ledgerOf: LedgerOf;
  readonly #steps = new Map<string, Step>();
  #startedAt = 0;
  #backward = false;

  constructor(sagaId: string, ledgerOf: LedgerOf) {
    this.#sagaId = sagaId;
    this.#ledgerOf = ledgerOf;
  }

  /** Whether it goes on by itself. */
  get isRunning(): boolean {
    return this.status === 'RUNNING' || this.status === 'COMPENSATING';
  }

  /** What a step of this saga, or what undoes it for the so-manieth time, asks of whom; undefined where it never asked. */
  commandOf(name: string, undoing: number | undefined): StepCommand | undefined {
    const step = this.#steps.get(name);
    if (this.input === undefined || step === undefined || step.status === 'PENDING') return undefined;
    if (undoing !== undefined && (undoing < 1 || undoing > step.undoings)) return undefined;
    return stepCommand(name, undoing !== undefined, this.input, this.#startedAt);
  }

  fits({ type, data }: Body, event: AuditedEvent, index: number): boolean {
    if (index > 0) return true;
    if (!BEGINNINGS[type]?.includes(event.type)) return false;
    if (type === 'StartSaga') {
      const { sagaId, definition, input } = event.data;
      return (
        sagaId === data.sagaId &&
        definition === data.definition &&
        JSON.stringify(sorted(input)) === JSON.stringify(sorted(data.input))
      );
    }
    return data.step === undefined || data.step === event.data.step;
  }

  platformBody(_event: AuditedEvent, commandId: string): Body | undefined {
    const [, timed, timeoutAt] = TIMER_ID.exec(commandId) ?? [];
    if (timed !== undefined) {
      const step = this.#steps.get(timed);
      return step?.timeoutAt === Number(timeoutAt)
        ? { type: 'TimeOutStep', data: { step: timed } }
        : undefined;
    }
    const [, verb, name = '', undoing] = EFFECT_ID.exec(commandId) ?? [];
    const isKnown = this.commandOf(name, verb === 'undo' ? Number(undoing) : undefined) !== undefined;
    return isKnown ? { type: 'RecordAnswer', data: { step: name } } : undefined;
  }

  *due(): Iterable<Due> {
    if (!this.isRunning) return;
    for (const [name, { status, dueAt, timeoutAt }] of this.#steps) {
      if (status === 'RUNNING' || status === 'UNDOING')
        yield { what: `step ${name}`, at: dueAt, slackMs: EFFECT_SLACK_MS };
      if (status === 'RUNNING') yield { what: `timeout of ${name}`, at: timeoutAt, slackMs: TIMER_SLACK_MS };
    }
  }

  apply(event: AuditedEvent): void {
    const { data, recordedAt } = event;
    const at = Date.parse(String(data.at));
    if (at !== recordedAt) this.#fail(event, 'sagas keep their trace', `it says ${data.at}`);
    this.#checkOpen(event);
    switch (event.type) {
      case 'SagaStarted':
        this.#start(data, at);
        return;
      case 'StepsStarted':
        for (const { step, timeoutAt } of data.steps as { step: string; timeoutAt: string }[])
          Object.assign(this.#step(step), { status: 'RUNNING', dueAt: at, timeoutAt: Date.parse(timeoutAt) });
        return;
      case 'SagaRetried':
        this.status = this.#backward ? 'COMPENSATING' : 'RUNNING';
        for (const { step, timeoutAt } of data.steps as { step: string; timeoutAt: string }[]) {
          const own = this.#step(step);
          own.status = this.#backward ? 'UNDOING' : 'RUNNING';
          own.dueAt = Math.max(at, own.dueAt + 1);
          own.timeoutAt = Date.parse(timeoutAt);
        }
        return;
      case 'CompensationStarted':
        this.status = 'COMPENSATING';
        this.#backward = true;
        for (const name of data.steps as string[]) {
          this.#checkOrder(event, name);
          this.#undo(name, at);
        }
        return;
      case 'SagaParked':
        this.status = 'PARKED';
        return;
      case 'SagaCompleted':
      case 'SagaCompensated':
        this.#end(event);
        return;
      default:
        this.#stepChanged(event, this.#step(String(data.step)), at);
    }
  }

  /** After its end nothing follows, but for what turns out to have been done after all. */
  #checkOpen(event: AuditedEvent): void {
    if (this.status === 'COMPLETED') this.#fail(event, 'sagas end once', 'it has completed');
    const late = event.type === 'StepSucceededLate' || event.type === 'CompensationStarted';
    if (this.status === 'COMPENSATED' && !late) this.#fail(event, 'sagas end once', 'all was undone');
  }

  #start(data: Readonly<Record<string, unknown>>, at: number): void {
    this.status = 'RUNNING';
    this.input = data.input as TransferInput;
    this.#startedAt = at;
    for (const [stage, names] of (data.stages as string[][]).entries())
      for (const name of names)
        this.#steps.set(name, { stage, status: 'PENDING', dueAt: 0, timeoutAt: 0, undoings: 0 });
  }

  #stepChanged(event: AuditedEvent, step: Step, at: number): void {
    const name = String(event.data.step);
    switch (event.type) {
      case 'StepCompleted':
        this.#ran(event, name, undefined);
        step.status = 'DONE';
        return;
      case 'StepSucceededLate':
        this.#ran(event, name, undefined);
        if (step.status === 'UNDOING') this.#undo(name, at);
        else step.status = 'DONE';
        return;
      case 'StepPutOff':
      case 'CompensationPutOff':
        step.dueAt = Math.max(Date.parse(String(event.data.retryAt)), step.dueAt + 1);
        return;
      case 'StepRefused':
        if (event.data.unheard === false && this.#hasRun(name, undefined))
          this.#fail(event, 'a refused step has done nothing', `${name} was done`);
        step.status = 'NOT_DONE';
        return;
      case 'StepTimedOut':
        if (at < step.timeoutAt)
          this.#fail(event, 'no timer fires early', `${name} had ${step.timeoutAt - at} ms left`);
        step.status = 'NOT_DONE';
        return;
      case 'StepFailed':
        step.status = 'NOT_DONE';
        return;
      case 'StepCompensated':
        if (event.data.code === null) this.#ran(event, name, step.undoings);
        step.status = 'UNDONE';
        return;
      case 'CompensationFailed':
        step.status = 'UNDO_FAILED';
        return;
      default:
        this.#fail(event, 'sagas keep their trace', `${event.type} is not expected`);
    }
  }

  /** What came later is undone before. */
  #checkOrder(event: AuditedEvent, name: string): void {
    const { stage } = this.#step(name);
    for (const [other, step] of this.#steps)
      if (step.stage > stage && (step.status === 'DONE' || step.status === 'UNDOING'))
        this.#fail(event, 'undone in reverse', `${name} before ${other}`);
  }

  #undo(name: string, at: number): void {
    const step = this.#step(name);
    step.status = 'UNDOING';
    step.undoings++;
    step.dueAt = at;
  }

  /** At an end either everything is done, or whatever was done has been undone after. */
  #end(event: AuditedEvent): void {
    this.status = event.type === 'SagaCompleted' ? 'COMPLETED' : 'COMPENSATED';
    for (const [name, { status, undoings }] of this.#steps) {
      if (this.status === 'COMPLETED') {
        if (status !== 'DONE') this.#fail(event, 'a saga completes whole', `${name} is ${status}`);
      } else if (this.#hasRun(name, undefined) && !this.#wasUndone(name, undoings)) {
        this.#fail(event, 'what was done is undone', `${name} was done and is not undone`);
      }
    }
  }

  #wasUndone(name: string, undoings: number): boolean {
    return Array.from({ length: undoings }, (_, index) => index + 1).some((n) => this.#hasRun(name, n));
  }

  /** What an aggregate said that it did is in its log. */
  #ran(event: AuditedEvent, name: string, undoing: number | undefined): void {
    if (!this.#hasRun(name, undoing))
      this.#fail(event, 'acknowledged is durable', `${name} is in no log of the one who took it`);
  }

  #hasRun(name: string, undoing: number | undefined): boolean {
    if (this.input === undefined) return false;
    const command = stepCommand(name, undoing !== undefined, this.input, this.#startedAt);
    if (command === undefined) return false;
    const id = `saga ${this.#sagaId} ${undoing === undefined ? name : `undo ${name} ${undoing}`}`;
    return this.#ledgerOf(command.target).runs.has(id);
  }

  #step(name: string): Step {
    const step = this.#steps.get(name);
    if (step === undefined) throw new Breach('sagas keep their trace', `${this.#sagaId} has no step ${name}`);
    return step;
  }

  #fail({ version, type }: AuditedEvent, check: string, detail: string): never {
    throw new Breach(check, `saga/${this.#sagaId} version ${version} (${type}): ${detail}`);
  }
}

/** The book of a saga, from its ledger. */
export function sagaBookOf({ book }: Ledger): SagaBook {
  return book as SagaBook;
}

function sorted(value: unknown): unknown {
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

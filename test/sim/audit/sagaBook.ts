/**
 * One saga as the auditor follows it: which steps are under way, what each answer must have left in the log of the
 * aggregate that it came from, and that nothing which was done is left standing when the saga says that all is undone.
 */
import { isDeepStrictEqual } from 'node:util';
import { Breach } from '../model/world.ts';
import type { Body } from '../workload/commands.ts';
import { type AuditedEvent, type Book, type Due, EFFECT_SLACK_MS, TIMER_SLACK_MS } from './book.ts';
import type { Ledger, LedgerOf } from './ledger.ts';
import { type Protocol, type SagaInput, type StepCommand, stepParts, type Word } from './protocol.ts';
import { protocolOf } from './protocols.ts';
import { startOf, toldEvent } from './sagaStarts.ts';

const EFFECT_ID = /^effect (do|undo) (\S+)(?: (\d+))? (\d+)$/;
const TIMER_ID = /^timer timeout (\S+) (\d+)$/;
const START_ID = /^start (\S+)$/;
const EVENT_ID = /^event (\S+)$/;

/** The code of a step that was taken and then could not be done. */
const REFUSED_BY_EVENT = 'refused_by_event';

/** Longer than anything takes to be told of: queues fail for hours, and the sweeper tells what they lost. */
const HEARD_WITHIN_MS = 86_400_000;

/** Refusals have underscores and no capitals. */
const EVENT_NAME = /^[A-Z]/;

/** Steps whose receiver may not exist yet: it cannot remember whom to refuse, and what comes late ends by a timer. */
const NOBODY_THERE: Readonly<Record<string, string>> = {
  'reserve-stock': 'inventory_not_found',
  'reserve-funds': 'account_not_found',
};

interface Step {
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
  status = 'UNSTARTED';
  definition = '';
  input: SagaInput | undefined;
  readonly #sagaId: string;
  readonly #ledgerOf: LedgerOf;
  readonly #steps = new Map<string, Step>();
  #startedAt = 0;
  #version = 0;
  #backward = false;
  #cause = '';

  constructor(sagaId: string, ledgerOf: LedgerOf) {
    this.#sagaId = sagaId;
    this.#ledgerOf = ledgerOf;
  }

  /** Of its definition. */
  get version(): number {
    return this.#version;
  }

  /** Whether it goes on by itself. */
  get isRunning(): boolean {
    return this.status === 'RUNNING' || this.status === 'COMPENSATING';
  }

  /** Whether it is parked, and would be again however often it was tried. */
  get isHopeless(): boolean {
    return this.status === 'PARKED' && this.#protocol.isHopeless?.(this.input ?? {}, this.#ledgerOf) === true;
  }

  /** What a step of this saga, or what undoes it for the so-manieth time, asks of whom; undefined where it never asked. */
  commandOf(
    name: string,
    { undoing, round }: { readonly undoing: number | undefined; readonly round: number },
  ): StepCommand | undefined {
    const step = this.#steps.get(name);
    if (this.input === undefined || step === undefined || step.status === 'PENDING') return undefined;
    const undoneFor = undoing === undefined ? undefined : step.undoings[undoing - 1];
    if (undoing === undefined ? round > step.rounds : undoneFor === undefined) return undefined;
    const { input } = this;
    const asked = { ...stepParts(name), input, startedAt: this.#startedAt, round, undoneFor, undoing };
    return this.#protocol.command(asked, this.#ledgerOf);
  }

  /** Whether a step can no longer be done: what undoes it was taken, or whom it is for said that there is nothing to undo. */
  isBarred(name: string): boolean {
    const { status, nothingThere } = this.#step(name);
    const isBelieved = nothingThere !== undefined && !this.#wasNobodyThere(name);
    return this.#undoingHasRun(name) || (status === 'UNDONE' && isBelieved);
  }

  /** Whether who was to undo a step was not there yet. */
  #wasNobodyThere(name: string): boolean {
    const { nothingThere } = this.#step(name);
    return nothingThere !== undefined && NOBODY_THERE[stepParts(name).base] === nothingThere;
  }

  #undoingHasRun(name: string): boolean {
    return this.#step(name).undoings.some((_, index) => this.#hasRun(name, index + 1));
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
    if (started !== undefined) return started === this.#sagaId ? startOf(started, this.#ledgerOf) : undefined;
    const [, told] = EVENT_ID.exec(commandId) ?? [];
    if (told !== undefined) return toldEvent(told, this.input, this.#ledgerOf);
    const [, timed, timeoutAt] = TIMER_ID.exec(commandId) ?? [];
    if (timed !== undefined) {
      const isDue = this.#steps.get(timed)?.timeoutAt === Number(timeoutAt);
      return isDue ? { type: 'TimeOutStep', data: { step: timed } } : undefined;
    }
    const [, verb, name = '', undoing] = EFFECT_ID.exec(commandId) ?? [];
    const round = this.#steps.get(name)?.rounds ?? 0;
    const command = this.commandOf(name, { undoing: verb === 'undo' ? Number(undoing) : undefined, round });
    return command && { type: 'RecordAnswer', data: { step: name } };
  }

  *due(): Iterable<Due> {
    if (!this.isRunning) return;
    for (const [name, { status, dueAt, timeoutAt, isUndoTaken }] of this.#steps) {
      const isUndone = status === 'UNDOING' && isUndoTaken;
      if (status === 'RUNNING' || (status === 'UNDOING' && !isUndoTaken))
        yield { what: `step ${name}`, at: dueAt, slackMs: EFFECT_SLACK_MS };
      if (status === 'RUNNING' || isUndone || (status === 'WAITING' && !this.#backward))
        yield { what: `timeout of ${name}`, at: timeoutAt, slackMs: TIMER_SLACK_MS };
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
        for (const { step, sends, timeoutAt } of data.steps as {
          step: string;
          sends: boolean;
          timeoutAt: string;
        }[]) {
          const status = sends ? 'RUNNING' : 'WAITING';
          Object.assign(this.#step(step), { status, sends, dueAt: at, timeoutAt: Date.parse(timeoutAt) });
        }
        return;
      case 'StepsAdded':
        this.#addSteps(event);
        return;
      case 'SagaRetried':
        this.#retry(data, at);
        return;
      case 'CompensationStarted':
        this.status = 'COMPENSATING';
        this.#backward = true;
        this.#cause = String(data.reason);
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
    this.definition = String(data.definition);
    this.#version = Number(data.definitionVersion);
    this.input = data.input as SagaInput;
    this.#startedAt = at;
    for (const [stage, names] of (data.stages as string[][]).entries())
      for (const name of names) this.#steps.set(name, unbegun(stage));
  }

  /** What an event adds is what it says, all of it and once. */
  #addSteps(event: AuditedEvent): void {
    const steps = event.data.steps as { stage: number; step: string }[];
    const plain = ({ base, key }: ReturnType<typeof stepParts>) => (key === '' ? base : `${base}:${key}`);
    const names = steps.map(({ step }) => plain(stepParts(step)));
    const input = this.input ?? {};
    const isSaid = this.#stepSources().some(
      (other) =>
        other.type === event.data.eventType &&
        isDeepStrictEqual(new Set(names), new Set(this.#protocol.adds?.(other, input))),
    );
    if (!isSaid) this.#fail(event, 'sagas believe what happened', `nothing adds ${names}`);
    for (const { stage, step } of steps) {
      if (this.#steps.has(step)) this.#fail(event, 'exactly once', `${step} was added before`);
      this.#steps.set(step, unbegun(stage));
    }
  }

  /** Everything that those have done whose events end any step. */
  #stepSources(): AuditedEvent[] {
    const names = [...this.#steps.keys()];
    return [...new Set(names.flatMap((name) => this.#awaited(name)))];
  }

  #retry(data: Readonly<Record<string, unknown>>, at: number): void {
    this.status = this.#backward ? 'COMPENSATING' : 'RUNNING';
    for (const { step: name, timeoutAt } of data.steps as { step: string; timeoutAt: string }[]) {
      const step = this.#step(name);
      if (this.#backward) this.#undoAgain(step);
      else step.status = step.sends ? 'RUNNING' : 'WAITING';
      if (step.isRefusedByEvent && !this.#backward) step.rounds++;
      step.isRefusedByEvent = false;
      step.dueAt = Math.max(at, step.dueAt + 1);
      step.timeoutAt = Date.parse(timeoutAt);
    }
  }

  /** What was taken and came to nothing is asked for anew. */
  #undoAgain(step: Step): void {
    step.status = 'UNDOING';
    if (step.isUndoTaken || step.isUndoFailed) step.undoings.push(this.#cause);
    step.isUndoTaken = false;
    step.isUndoFailed = false;
  }

  #stepChanged(event: AuditedEvent, step: Step, at: number): void {
    const name = String(event.data.step);
    switch (event.type) {
      case 'StepAccepted':
        this.#ran(event, name, undefined);
        step.status = 'WAITING';
        return;
      case 'StepCompleted':
        this.#completed(event, name, step);
        return;
      case 'EventObserved':
        this.#checkWord(event, name, String(event.data.eventType));
        step.isGivenUp ||= event.data.verdict === 'given up';
        return;
      case 'StepSucceededLate':
        if (step.sends) this.#ran(event, name, undefined);
        if (step.status === 'UNDOING') this.#undo(name, at);
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
          this.#fail(event, 'no timer fires early', `${name} had ${step.timeoutAt - at} ms left`);
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
        this.#ran(event, name, step.undoings.length);
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
        this.#fail(event, 'sagas keep their trace', `${event.type} is not expected`);
    }
  }

  #completed(event: AuditedEvent, name: string, step: Step): void {
    const { eventType } = event.data as { eventType: string | null };
    if (eventType !== null) this.#checkWord(event, name, eventType, ['done', 'over']);
    else if (step.sends && !this.#isMoot(name)) this.#ran(event, name, undefined);
    step.status = 'DONE';
  }

  #refused(event: AuditedEvent, name: string, step: Step): void {
    const { code, detail } = event.data.error as { code: string; detail: string };
    step.isRefusedByEvent = code === REFUSED_BY_EVENT;
    if (step.isRefusedByEvent) this.#checkWord(event, name, detail, ['refused']);
    else if (event.data.unheard === false && this.#hasRun(name, undefined))
      this.#fail(event, 'a refused step has done nothing', `${name} was done`);
    step.status = 'NOT_DONE';
  }

  #failed(event: AuditedEvent, name: string, step: Step): void {
    const { code, detail } = event.data.error as { code: string; detail: string };
    step.isRefusedByEvent = code === REFUSED_BY_EVENT;
    step.isGivenUp ||= step.isRefusedByEvent;
    if (step.isRefusedByEvent) this.#checkWord(event, name, detail, ['given up']);
    step.status = 'NOT_DONE';
  }

  /** A step whose time is up has not been given up by an event for long. */
  #checkHeard(event: AuditedEvent, name: string, at: number): void {
    if (this.#step(name).isGivenUp) return;
    const missed = this.#awaited(name).find(
      (other) => other.recordedAt < at - HEARD_WITHIN_MS && this.#word(name, other) === 'given up',
    );
    if (missed !== undefined)
      this.#fail(event, 'sagas hear what gives them up', `${missed.type} of ${missed.recordedAt}`);
  }

  #compensated(event: AuditedEvent, name: string, step: Step): void {
    const code = event.data.code as string | null;
    if (code === null) this.#ran(event, name, step.undoings.length);
    else if (EVENT_NAME.test(code)) this.#checkSaid(event, name, code, this.#protocol.undoes);
    step.nothingThere = code ?? undefined;
    step.status = 'UNDONE';
  }

  #undoFailed(event: AuditedEvent, name: string, step: Step, at: number): void {
    const { code, detail } = event.data.error as { code: string; detail: string };
    step.isUndoFailed = code === REFUSED_BY_EVENT;
    if (step.isUndoFailed) this.#checkSaid(event, name, detail);
    if (code === 'timed_out' && at < step.timeoutAt)
      this.#fail(event, 'no timer fires early', `${name} had ${step.timeoutAt - at} ms left`);
    step.status = 'UNDO_FAILED';
  }

  /** The saga goes forward again: what it was about to undo is being done after all. */
  #calledOff(event: AuditedEvent, name: string, step: Step): void {
    if (
      this.#protocol.isUndone?.(stepParts(name).base, stepParts(name).key, this.input ?? {}, this.#ledgerOf)
    )
      this.#fail(event, 'sagas keep their trace', `${name} is undone`);
    this.status = 'RUNNING';
    this.#backward = false;
    step.status = 'WAITING';
    step.timeoutAt = Date.parse(String(event.data.timeoutAt));
  }

  /** What an event said of a step is what it said: it is in the log of whom it is of. */
  #checkWord(event: AuditedEvent, name: string, eventType: string, words?: readonly Word[]): void {
    const isSaid = this.#awaited(name).some((other) => {
      const word = other.type === eventType ? this.#word(name, other) : undefined;
      return word !== undefined && (words?.includes(word) ?? true);
    });
    if (!isSaid) this.#fail(event, 'sagas believe what happened', `no ${eventType} says so of ${name}`);
  }

  /** What ends an undoing is in the log of whom it is of, and says so. */
  #checkSaid(
    event: AuditedEvent,
    name: string,
    eventType: string,
    says: Protocol['undoes'] = () => true,
  ): void {
    const { base } = stepParts(name);
    const isSaid = this.#awaited(name).some((other) => other.type === eventType && says(base, other));
    if (!isSaid) this.#fail(event, 'sagas believe what happened', `there is no ${eventType} for ${name}`);
  }

  /** Everything that those have done whose events may end a step. */
  #awaited(name: string): AuditedEvent[] {
    const sources = this.#protocol.awaits?.(stepParts(name).base, this.input ?? {}) ?? [];
    return sources.flatMap((source) => this.#ledgerOf(source).events);
  }

  #word(name: string, event: AuditedEvent): Word {
    const asked = { round: this.#step(name).rounds, version: this.#version };
    return this.#protocol.word?.(stepParts(name).base, event, asked);
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
    step.undoings.push(this.#cause);
    step.isUndoTaken = false;
    step.isUndoFailed = false;
    step.dueAt = at;
  }

  /** At an end either everything is done, or whatever was done has been undone after. */
  #end(event: AuditedEvent): void {
    this.status = event.type === 'SagaCompleted' ? 'COMPLETED' : 'COMPENSATED';
    for (const [name, step] of this.#steps) {
      if (this.status === 'COMPLETED') {
        if (step.status !== 'DONE' && !this.#isOver())
          this.#fail(event, 'a saga completes whole', `${name} is ${step.status}`);
      } else if (!this.#isUndone(name)) {
        this.#fail(event, 'what was done is undone', `${name} was done and is not undone`);
      }
    }
  }

  /** Whether an event has said that what is left is taken care of elsewhere. */
  #isOver(): boolean {
    return [...this.#steps.keys()].some((name) =>
      this.#awaited(name).some((other) => this.#word(name, other) === 'over'),
    );
  }

  /** Whether there is nothing that a step could do. */
  #isMoot(name: string): boolean {
    const { base, key } = stepParts(name);
    return this.#protocol.isMoot?.(base, key, this.input ?? {}, this.#ledgerOf) === true;
  }

  #isUndone(name: string): boolean {
    const { base, key } = stepParts(name);
    const { isUndone } = this.#protocol;
    if (isUndone !== undefined) return isUndone(base, key, this.input ?? {}, this.#ledgerOf);
    return !this.#hasRun(name, undefined) || this.#undoingHasRun(name) || this.#wasNobodyThere(name);
  }

  /** What an aggregate said that it did is in its log. */
  #ran(event: AuditedEvent, name: string, undoing: number | undefined): void {
    if (!this.#hasRun(name, undoing))
      this.#fail(event, 'acknowledged is durable', `${name} is in no log of the one who took it`);
  }

  /** Whether a step's command, or what undoes it, was taken by whom it is for. */
  #hasRun(name: string, undoing: number | undefined): boolean {
    const { rounds: round } = this.#step(name);
    const command = this.commandOf(name, { undoing, round });
    if (command === undefined) return false;
    const what =
      undoing === undefined ? `${name}${round === 0 ? '' : ` ${round}`}` : `undo ${name} ${undoing}`;
    return this.#ledgerOf(command.target).runs.has(`saga ${this.#sagaId} ${what}`);
  }

  get #protocol(): Protocol {
    return protocolOf(this.definition);
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

function unbegun(stage: number): Step {
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

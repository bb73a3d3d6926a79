/**
 * What a saga is made of: data and pure functions. A definition that a saga has been started with is never changed: a new
 * version is added beside it, and stays until no saga that began with the old one is left.
 */

/** A command and the aggregate that it is for. */
export interface TargetedCommand {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly type: string;
  readonly data: object;
}

/** What a step's functions know. */
export interface StepContext<Input> {
  readonly sagaId: string;
  readonly input: Input;
  /** When the saga was started, RFC 3339: deadlines are counted from there. */
  readonly startedAt: string;
  /** What the step is for, where there are several of it; else the empty text. */
  readonly key: string;
  /** How often it was begun anew after an event had said that it could not be done. */
  readonly round: number;
  /** What the event said that added the step; nothing of any other step. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** What a compensation knows beyond that. */
export interface UndoContext<Input> extends StepContext<Input> {
  /** Why the saga turned back, in a line. */
  readonly reason: string;
  /** Which undoing of the step it is: 1, 2, …, each with a command of its own. */
  readonly undoing: number;
}

/** An event that a step may wait for. */
export interface ObservedEvent {
  readonly eventType: string;
  readonly aggregateId: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/**
 * What an event means for a step: it is done; it cannot be done; it is given up, as if its time were up, so that what it
 * stands for is undone; or the saga is over, since what follows is taken care of elsewhere. Undefined: nothing.
 */
export type EventVerdict = 'completed' | 'refused' | 'given up' | 'ends the saga' | undefined;

/** When to try again: after `firstMs`, then after twice as long each time up to `maxMs`, `attemptsMax` times in all. */
export interface RetryPolicy {
  readonly firstMs: number;
  readonly maxMs: number;
  readonly attemptsMax: number;
}

/** How what a step did is undone. Its receiver must take it also where the step's command never arrived, and remember. */
export interface Compensation<Input> {
  command(context: UndoContext<Input>): TargetedCommand;
  readonly retry: RetryPolicy;
  /** Refusals that say that there is nothing to undo. */
  readonly undoneOn?: readonly string[];
  /**
   * Refusals of a receiver that is not there yet and so remembers nothing: the step's command may still come, and be taken once
   * it is. From `until` on, milliseconds since 1970, that command is refused by whoever is there. One that answers earlier is
   * asked once more then, and there is nothing to undo where it says the same again.
   */
  readonly absentOn?: {
    readonly codes: readonly string[];
    until(context: StepContext<Input>): number;
  };
  /**
   * Refusals that say that the step is being done after all: the saga goes forward again, if nothing else was undone, and
   * has passed the point of no return where the step is that.
   */
  readonly calledOffOn?: readonly string[];
  /** Refusals after which it is tried again; any other, and it waits for an operator. */
  readonly retryOn?: readonly string[];
  /** Where given, an event says what became of it, and the answer to its command only that it was taken. */
  readonly awaits?: UndoneByEvent;
}

/**
 * The events that end an undoing. One of `failedBy` says as well that there is (again) something to undo, where nothing was
 * known of it or it was taken for undone.
 */
export interface UndoneByEvent {
  readonly undoneBy: readonly string[];
  readonly failedBy: readonly string[];
  /** Events that say as well that there is something to undo again; while it is being undone they say nothing. */
  readonly againBy?: readonly string[];
  /** Whether one of `undoneBy` says that all of it is undone; absent: it always does. */
  isUndone?(event: ObservedEvent): boolean;
  /** Milliseconds from its being taken after which an operator is asked. */
  readonly timeoutMs: number;
}

/** A step that an event adds. */
export interface AddedStep {
  /** What it is for, unique among all that are ever added, ≤ 96 characters of an id; the empty text: there is one of it. */
  readonly key: string;
  /** What of the event its command needs: plain JSON. */
  readonly given: Readonly<Record<string, unknown>>;
}

/** One step, or one for each of several things. */
export interface StepDefinition<Input> {
  /** Lower case with hyphens. */
  readonly name: string;
  /** The keys of the things that there is a step for, each ≤ 96 characters of an id; absent: one step. */
  each?(input: Input): readonly string[];
  /**
   * Where given, there is no such step until an event adds some to its stage, and then one for each of these. They begin at
   * once where the stage has begun, and the stage ends when they have.
   */
  readonly addedBy?: {
    readonly eventTypes: readonly string[];
    steps(event: ObservedEvent): readonly AddedStep[];
  };
  /** What is sent, the same at every attempt; absent: nothing is, the step waits for an event or only has a compensation. */
  command?(context: StepContext<Input>): TargetedCommand;
  /** Refusals after which it is tried again, and refusals that say that it was done before. Any other: it cannot be done. */
  readonly retryOn?: readonly string[];
  readonly doneOn?: readonly string[];
  /** Refusals that are for good: the same command would be refused as well if it came once more, however late. */
  readonly finalOn?: readonly string[];
  /** Where given, the step ends with an event and not with the answer to its command. */
  readonly awaits?: {
    readonly eventTypes: readonly string[];
    verdict(event: ObservedEvent, context: StepContext<Input>): EventVerdict;
    /** Whether events say nothing of it that come before it has begun, since others do the same; absent: they may come too early. */
    readonly onceBegun?: boolean;
    /** Events that say that what was done did not last: an operator is asked, also after the end of the saga. */
    readonly lapsesBy?: readonly string[];
  };
  /** Milliseconds from its beginning after which the step is given up. */
  timeoutMs(context: StepContext<Input>): number;
  readonly retry: RetryPolicy;
  /**
   * The point of no return: once it is done, or its command may have been taken, or an event has added it, nothing is undone
   * any more. What cannot be done from there on waits for an operator.
   */
  readonly pivot?: boolean;
  /**
   * Whether an operator may say that what it could not do, or undo, was taken care of otherwise: where money can come or go by
   * another way, and nobody else goes by what the step leaves.
   */
  readonly settleable?: boolean;
  readonly compensation?: Compensation<Input>;
}

/** A process. The steps of a stage run side by side; the next stage begins when all of them are done. */
export interface SagaDefinition<Input> {
  /** Lower case with hyphens. */
  readonly name: string;
  readonly version: number;
  /** One sentence for people. */
  readonly description: string;
  /** Nothing of it is ever undone: what cannot be done waits for an operator. */
  readonly forwardOnly?: boolean;
  readonly stages: readonly (readonly StepDefinition<Input>[])[];
}

/** The same in another version, with some steps changed. */
export function withSteps<Input>(
  definition: SagaDefinition<Input>,
  version: number,
  change: (step: StepDefinition<Input>) => StepDefinition<Input>,
): SagaDefinition<Input> {
  return { ...definition, version, stages: definition.stages.map((stage) => stage.map(change)) };
}

/** A definition whose input only itself knows. */
// biome-ignore lint/suspicious/noExplicitAny: the engine hands a definition the input it was started with, and looks into neither
export type AnySagaDefinition = SagaDefinition<any>;

/** Every definition that a saga may have been started with. */
export interface SagaDefinitions {
  /** The version that new sagas get. */
  newest(name: string): AnySagaDefinition | undefined;
  /** Throws where it is unknown: a definition was taken away from under a running saga. */
  find(name: string, version: number): AnySagaDefinition;
}

/** The definitions of a list. */
export function sagaDefinitions(list: readonly AnySagaDefinition[]): SagaDefinitions {
  const keyOf = (name: string, version: number) => `${name} ${version}`;
  const known = new Map(list.map((one) => [keyOf(one.name, one.version), one]));
  if (known.size < list.length) throw new Error('two definitions have the same name and version');
  return {
    newest: (name) =>
      list
        .filter((one) => one.name === name)
        .reduce<AnySagaDefinition | undefined>(
          (newest, one) => (newest === undefined || one.version > newest.version ? one : newest),
          undefined,
        ),
    find(name, version) {
      const found = known.get(keyOf(name, version));
      if (found === undefined) throw new Error(`the saga definition ${name} ${version} is unknown`);
      return found;
    },
  };
}

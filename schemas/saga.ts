/**
 * The saga: a process over several aggregates, as an aggregate of its own. Its events are its trace: they say which steps
 * began, how each was answered, what is tried again and when, and what was undone. They need no definition to be read.
 */
import { z } from 'zod';
import type { ReceiverAnswer } from './envelope.ts';
import { AggregateId, Remark, UtcTime } from './scalars.ts';

/** `PARKED` waits for an operator: something can be neither finished nor undone. */
export const SagaStatus = z.enum(['RUNNING', 'COMPLETED', 'COMPENSATING', 'COMPENSATED', 'PARKED']);
export type SagaStatus = z.infer<typeof SagaStatus>;

/**
 * `WAITING`: the command was taken, the event that ends the step is to come. `FAILED`: no answer, though it was tried as
 * often as it may be. `SKIPPED`: not needed any more. `UNDO_FAILED`: what an operator is needed for. `SETTLED`: an operator has taken
 * care of it otherwise.
 */
export const StepStatus = z.enum([
  'PENDING',
  'RUNNING',
  'WAITING',
  'COMPLETED',
  'REFUSED',
  'FAILED',
  'TIMED_OUT',
  'COMPENSATING',
  'COMPENSATED',
  'UNDO_FAILED',
  'SETTLED',
  'SKIPPED',
]);
export type StepStatus = z.infer<typeof StepStatus>;

/** A step by its name in the definition and, where there is one for each of several things, that thing's key. */
const StepName = z
  .string()
  .regex(
    /^[a-z0-9-]{1,32}(:[A-Za-z0-9_-]{1,96})?$/,
    'must be the name of a step, with its key behind a colon',
  )
  .meta({
    description: 'The step by its name and, where there are several of it, a key: `reserve-stock:2`.',
  });

/** Lower case with hyphens. */
export const SagaDefinitionName = z
  .string()
  .regex(/^[a-z-]{1,32}$/, 'must be 1 to 32 characters of a-z and -');

// ---- commands ----

/** What every operator's command says. */
export const SagaReason = z.strictObject({ reason: Remark });

/** Commands that operators may send, by type, with what the catalogue says of them. */
export const sagaCommands = {
  RetrySaga: SagaReason.meta({
    description: 'Lets a parked saga try again what it could neither do nor undo.',
  }),
  CompensateSaga: SagaReason.meta({ description: 'Has everything undone that the saga did.' }),
  SettleSaga: SagaReason.meta({
    description:
      'Says that the money which a parked saga could not take, or give back, has come or gone by another way: the saga goes on.',
  }),
} as const;

/** A command as the decider takes it. Those that start, answer and tell come from the platform alone. */
export type SagaCommand =
  | {
      readonly type: 'StartSaga';
      /** `sagaId` is the aggregate's own id: a start is recognised by it. The input is the definition's own. */
      readonly data: { readonly sagaId: string; readonly definition: string; readonly input: object };
    }
  | {
      readonly type: 'RecordAnswer';
      readonly data: { readonly effect: string; readonly answer: ReceiverAnswer };
    }
  | { readonly type: 'TimeOutStep'; readonly data: { readonly step: string } }
  | {
      /** Something happened that some step may wait for. */
      readonly type: 'ObserveEvent';
      readonly data: { readonly eventType: string; readonly aggregateId: string; readonly data: object };
    }
  | { readonly type: 'RetrySaga'; readonly data: z.infer<typeof SagaReason> }
  | { readonly type: 'CompensateSaga'; readonly data: z.infer<typeof SagaReason> }
  | { readonly type: 'SettleSaga'; readonly data: z.infer<typeof SagaReason> };

// ---- events: type → data of the newest schema version ----

const At = UtcTime.meta({ description: 'When it happened.' });
const Attempts = z.number().int().min(0).meta({ description: 'How often it was tried by then.' });
const Fault = z
  .strictObject({
    code: z.string().meta({ description: 'The name of the refusal; `no_answer` where there was none.' }),
    detail: z.string(),
  })
  .meta({ description: 'What went wrong.' });
const Unheard = z.boolean().meta({
  description:
    'Whether its command may have been sent without being heard of: then it is undone all the same.',
});
/** Longer than an operator's remark may be, where it says what went wrong with several steps. */
const Reason = z
  .string()
  .meta({ title: 'Remark', description: 'Why: what an operator said, or what went wrong.' });
const Steps = z.array(StepName).min(1);

const SagaStarted = z.strictObject({
  sagaId: AggregateId,
  definition: SagaDefinitionName,
  definitionVersion: z
    .number()
    .int()
    .min(1)
    .meta({ description: 'The version of the definition that the saga keeps to its end.' }),
  input: z.record(z.string(), z.unknown()).meta({ description: 'What the definition works with.' }),
  stages: z.array(z.array(StepName)).min(1).meta({
    description:
      'The steps; those of one stage run side by side. One without any waits for an event to add some.',
  }),
  at: At,
});
const StepsStarted = z.strictObject({
  steps: z
    .array(
      z.strictObject({
        step: StepName,
        sends: z.boolean().meta({ description: 'Whether it sends a command, or waits for an event alone.' }),
        timeoutAt: UtcTime,
      }),
    )
    .min(1),
  at: At,
});
const StepsAdded = z.strictObject({
  steps: z
    .array(
      z.strictObject({
        stage: z
          .number()
          .int()
          .min(0)
          .meta({ description: 'The place of its stage in the saga: 0, 1, 2, …' }),
        step: StepName,
        given: z
          .record(z.string(), z.unknown())
          .meta({ description: 'What of the event its command needs.' }),
      }),
    )
    .min(1),
  eventType: z.string(),
  at: At,
});
const StepAccepted = z.strictObject({ step: StepName, attempts: Attempts, at: At });
const StepCompleted = z.strictObject({
  step: StepName,
  attempts: Attempts,
  eventType: z.string().nullable().meta({ description: 'The event that ended it, where one did.' }),
  at: At,
});
const StepPutOff = z.strictObject({
  step: StepName,
  attempts: Attempts,
  error: Fault,
  unheard: Unheard,
  retryAt: UtcTime,
  at: At,
});
const StepRefused = z.strictObject({
  step: StepName,
  attempts: Attempts,
  error: Fault,
  unheard: Unheard,
  at: At,
});
const StepFailed = z.strictObject({ step: StepName, attempts: Attempts, error: Fault, at: At });
const StepTimedOut = z.strictObject({ step: StepName, at: At });
const EventObserved = z.strictObject({ step: StepName, eventType: z.string(), verdict: z.string(), at: At });
const CompensationStarted = z.strictObject({ steps: z.array(StepName), reason: Reason, at: At });
const StepCompensated = z.strictObject({
  step: StepName,
  attempts: Attempts,
  code: z.string().nullable().meta({
    description: 'The refusal, or the event, that says so; null where the answer to its command did.',
  }),
  at: At,
});
const CompensationAccepted = z.strictObject({
  step: StepName,
  attempts: Attempts,
  timeoutAt: UtcTime.meta({ description: 'When an operator is asked.' }),
  at: At,
});
const CompensationCalledOff = z.strictObject({
  step: StepName,
  attempts: Attempts,
  code: z.string().meta({ description: 'The refusal that says so.' }),
  timeoutAt: UtcTime,
  at: At,
});
const CompensationPutOff = z.strictObject({
  step: StepName,
  attempts: Attempts,
  error: Fault,
  retryAt: UtcTime,
  at: At,
});
const CompensationFailed = z.strictObject({ step: StepName, attempts: Attempts, error: Fault, at: At });
const StepSucceededLate = z.strictObject({ step: StepName, at: At });
const SagaParked = z.strictObject({ steps: Steps, reason: Reason, at: At });
const SagaRetried = z.strictObject({
  steps: z.array(z.strictObject({ step: StepName, timeoutAt: UtcTime })).min(1),
  status: SagaStatus.meta({ description: 'Of the saga from now on.' }),
  reason: Reason,
  at: At,
});
const SagaSettled = z.strictObject({
  steps: Steps,
  status: SagaStatus.meta({ description: 'Of the saga from now on.' }),
  reason: Reason,
  at: At,
});
const SagaEnded = z.strictObject({ at: At });

/** Events by type, in their newest shape, with what the catalogue says of them. */
export const sagaEvents = {
  SagaStarted: SagaStarted.meta({ description: 'The saga exists.' }),
  StepsStarted: StepsStarted.meta({ description: 'A stage began: its steps run side by side.' }),
  StepsAdded: StepsAdded.meta({ description: 'An event gave the saga more to do.' }),
  StepAccepted: StepAccepted.meta({
    description: "The step's command was taken; the event that ends it is to come.",
  }),
  StepCompleted: StepCompleted.meta({ description: 'The step is done.' }),
  StepPutOff: StepPutOff.meta({ description: 'An attempt failed; there is another.' }),
  StepRefused: StepRefused.meta({ description: 'The step cannot be done.' }),
  StepFailed: StepFailed.meta({ description: 'The step was tried as often as it may be.' }),
  StepTimedOut: StepTimedOut.meta({ description: "The step's time is up." }),
  EventObserved: EventObserved.meta({ description: 'An event came before the step that waits for it.' }),
  CompensationStarted: CompensationStarted.meta({
    description: 'What these steps did is being undone; the stages before follow.',
  }),
  StepCompensated: StepCompensated.meta({ description: 'What the step did is undone.' }),
  CompensationAccepted: CompensationAccepted.meta({
    description:
      'The command that undoes the step was taken; the event that says what became of it is to come.',
  }),
  CompensationCalledOff: CompensationCalledOff.meta({
    description: 'The step is being done after all: the saga goes forward again.',
  }),
  CompensationPutOff: CompensationPutOff.meta({ description: 'Undoing failed; it is tried again.' }),
  CompensationFailed: CompensationFailed.meta({ description: 'What the step did cannot be undone.' }),
  StepSucceededLate: StepSucceededLate.meta({
    description: 'A step that was given up succeeded after all: it is undone.',
  }),
  SagaParked: SagaParked.meta({ description: 'The saga waits for an operator.' }),
  SagaRetried: SagaRetried.meta({ description: 'An operator let the saga try again.' }),
  SagaSettled: SagaSettled.meta({
    description:
      'An operator has taken care otherwise of what these steps could not do, or undo: the saga goes on.',
  }),
  SagaCompleted: SagaEnded.meta({ description: 'All is done.' }),
  SagaCompensated: SagaEnded.meta({ description: 'All that was done is undone.' }),
} as const;

/** An event as the decider folds it. */
export type SagaEvent = {
  [Type in keyof typeof sagaEvents]: {
    readonly type: Type;
    readonly data: z.infer<(typeof sagaEvents)[Type]>;
  };
}[keyof typeof sagaEvents];

/** What went wrong with a step. */
export type StepFault = z.infer<typeof Fault>;

/** Refusals in the order in which they are checked. */
export const SAGA_REFUSALS = [
  'saga_already_started',
  'saga_definition_unknown',
  'saga_not_found',
  'saga_ended',
  'saga_not_parked',
  'saga_past_pivot',
  'step_not_settleable',
  'step_not_running',
  'event_not_awaited',
] as const;
export type SagaRefusal = (typeof SAGA_REFUSALS)[number];

/** Names of the definitions that are started from outside of the engine (`actors/saga/definitions/`). */
export const TRANSFER_DEFINITION = 'funds-transfer';
export const FULFILMENT_DEFINITION = 'order-fulfilment';
export const CANCELLATION_DEFINITION = 'order-cancellation';

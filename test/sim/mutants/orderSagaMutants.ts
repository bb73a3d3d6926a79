// biome-ignore-all lint/suspicious/noTemplateCurlyInString: what is patched is source text
/** Deliberate bugs in what starts the sagas of an order, what they are told, and what they do about it. */
import type { Mutant } from './mutant.ts';

const CONSUMER = 'queues/sagas/consumer.ts';
const SUBSCRIPTIONS = 'queues/sagas/subscriptions.ts';
const STEPS = 'actors/saga/definitions/orderSteps.ts';
const FULFILMENT = 'actors/saga/definitions/orderFulfilment.ts';
const WANTS = 'actors/saga/wants.ts';

const MUTANTS: readonly Mutant[] = [
  {
    name: 'untold-event-is-passed-over',
    breaks: 'The position moves past an event that a saga could not be told.',
    patches: [
      {
        file: CONSUMER,
        find: 'return { ...key, from, version, isFailed: true };',
        replace: 'return { ...key, from, version: version + 1, isFailed: false };',
      },
    ],
  },
  {
    name: 'sagas-trust-the-queue',
    breaks: 'Messages whose events could not be told are acked, and the sweeper tells sagas nothing.',
    patches: [
      {
        file: CONSUMER,
        find: 'if (!failed.has(keyOf(announcement))) message.ack();',
        replace: 'if (failed.size >= 0) message.ack();',
      },
      {
        file: 'queues/kernel/sweep.ts',
        find: 'await follow(heads).catch(',
        replace: 'await (heads.length < 0 ? follow(heads) : Promise.resolve()).catch(',
      },
    ],
  },
  {
    name: 'sagas-read-only-messages',
    breaks: 'What a message of the sagas’ queue lacks is not read from the log.',
    patches: [
      {
        file: CONSUMER,
        find: 'const { events } = await announcement.range(deps, from, toVersion);',
        replace:
          'const { events } = await announcement.range({ ...deps, readLog: async () => [] }, from, toVersion).catch(() => ({ events: [] }));\n    version = toVersion;',
      },
    ],
  },
  {
    name: 'event-told-under-a-new-id',
    breaks: 'An event that is told again is another command, so that a saga takes it for another event.',
    patches: [
      {
        file: SUBSCRIPTIONS,
        find: 'commandId: `event ${eventIdText(published.hash)}`',
        replace: 'commandId: `event ${eventIdText(published.hash)} ${(told = told + 1)}`',
      },
      {
        file: SUBSCRIPTIONS,
        find: 'function observe(',
        replace: 'let told = 0;\nfunction observe(',
      },
    ],
  },
  {
    name: 'cancelled-by-two-sagas',
    breaks: 'An order that its own fulfilment cancels is undone by another saga as well.',
    patches: [
      {
        file: SUBSCRIPTIONS,
        find: "current.statusBefore !== 'CONFIRMED' || published.metadata.sagaId !== undefined",
        replace: "current.statusBefore !== 'CONFIRMED' || published.metadata.sagaId === ''",
      },
    ],
  },
  {
    name: 'early-event-is-dropped',
    breaks: 'An event that comes before the step that waits for it is forgotten.',
    patches: [
      {
        file: 'actors/saga/observing.ts',
        find: "    else progress.add({ type: 'EventObserved', data: { step: step.name, eventType, verdict, at } });\n",
        replace: '    else return at === undefined;\n',
      },
    ],
  },
  {
    name: 'paid-with-the-first-parcel',
    breaks: 'An order is paid once the first of its goods have left.',
    patches: [
      {
        file: FULFILMENT,
        find: "data.status === 'SHIPPED' ? [{ key: '', given: {} }] : [];",
        replace: "data.status === '' ? [] : [{ key: '', given: {} }];",
      },
    ],
  },
  {
    name: 'refused-authorisation-is-taken',
    breaks: 'An order is confirmed though the bank has declined.',
    patches: [
      {
        file: FULFILMENT,
        find: "if (eventType !== 'PaymentAuthorized') return 'refused';",
        replace: "if (eventType !== 'PaymentAuthorized') return 'completed';",
      },
    ],
  },
  {
    name: 'late-cancellation-parks',
    breaks:
      'A saga that comes to undo what has been shipped meanwhile waits for an operator instead of going on.',
    patches: [
      {
        file: FULFILMENT,
        find: "calledOffOn: ['order_already_shipped', 'order_already_delivered'],",
        replace: 'calledOffOn: [],',
      },
    ],
  },
  {
    name: 'payment-not-voided',
    breaks: 'A fulfilment that turns back leaves the money held.',
    patches: [
      {
        file: FULFILMENT,
        find: 'awaits: { undoneBy: [VOIDED, ...NEVER_HELD], failedBy: [STILL_HELD], timeoutMs: PATIENT_MS },\n      },',
        replace:
          'awaits: { undoneBy: [VOIDED, ...NEVER_HELD], failedBy: [STILL_HELD], timeoutMs: PATIENT_MS },\n      } && undefined,',
      },
    ],
  },
  {
    name: 'captured-money-stays',
    breaks: 'A fulfilment that turns back keeps what was captured by hand.',
    patches: [
      { file: FULFILMENT, find: '...UNTIL_RESERVED, [ALLOW_PAYMENT],', replace: '...UNTIL_RESERVED,' },
    ],
  },
  {
    name: 'refund-of-a-part-is-enough',
    breaks: 'Money that was captured by hand stays once a part of it has gone back.',
    patches: [
      {
        file: STEPS,
        find: 'return parseDecimal(captured as string) === parseDecimal(refunded as string);',
        replace: 'return parseDecimal(captured as string) >= parseDecimal(refunded as string);',
      },
    ],
  },
  {
    name: 'void-is-taken-for-done',
    breaks: 'A fulfilment goes on with its way back once a void was asked for, whatever the bank says to it.',
    patches: [
      {
        file: FULFILMENT,
        find: '        awaits: { undoneBy: [VOIDED, ...NEVER_HELD], failedBy: [STILL_HELD], timeoutMs: PATIENT_MS },\n',
        replace: '',
      },
    ],
  },
  {
    name: 'undone-again-under-the-old-id',
    breaks:
      'Another try at an undoing that came to nothing has the id of the one before, and is taken for its repeat.',
    patches: [
      {
        file: 'actors/saga/step.ts',
        find: '  if (step.undoAccepted || step.error?.code === REFUSED_BY_EVENT) step.undoings++;\n',
        replace: '',
      },
    ],
  },
  {
    name: 'lost-money-is-not-heard-of',
    breaks: 'A fulfilment waits for the shipment of an order whose money was let go.',
    patches: [
      {
        file: FULFILMENT,
        find: "=== 'VOIDED' ? 'given up' : undefined;",
        replace: "=== '' ? 'given up' : undefined;",
      },
    ],
  },
  {
    name: 'added-step-waits-for-its-stage',
    breaks:
      'What an event adds to a stage that has begun never begins, so that goods which left stay on the books.',
    patches: [
      {
        file: 'actors/saga/progress.ts',
        find: "stage.filter(({ status }) => status === 'PENDING');",
        replace: "stage.every(({ status }) => status === 'PENDING') ? stage : [];",
      },
    ],
  },
  {
    name: 'waiting-has-no-end',
    breaks: 'A step that waits for an event waits for ever.',
    patches: [
      {
        file: WANTS,
        find: "if (!isUndone && status !== 'RUNNING' && (status !== 'WAITING' || state.backward)) continue;",
        replace: "if (status !== 'RUNNING' || isUndone) continue;",
      },
    ],
  },
];

export const ORDER_SAGA_MUTANTS = MUTANTS.map((mutant): Mutant => ({ ...mutant, needsShop: true }));

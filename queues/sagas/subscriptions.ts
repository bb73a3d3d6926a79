/**
 * What events mean to sagas: which of them start one, and which are told to one that runs. Whatever is sent has an id made
 * from the event, so that it is recognised however often the event is delivered.
 */
import type { AGGREGATES } from '../../schemas/aggregates.ts';
import type { CONSUMER_GROUPS } from '../../schemas/consumerGroups.ts';
import type { CommandEnvelope } from '../../schemas/envelope.ts';
import { eventIdText } from '../../schemas/eventId.ts';
import { CANCELLATION_DEFINITION, FULFILMENT_DEFINITION } from '../../schemas/saga.ts';
import { cancellationSagaId, fulfilmentSagaId } from '../../schemas/sagaIds.ts';
import type { ProjectedEvent } from '../kernel/projector.ts';

/** A command to a saga. */
export interface ToldCommand {
  readonly sagaId: string;
  readonly command: CommandEnvelope;
}

/** An event as subscriptions see it, and the first one of its aggregate for those that need it. */
type Subscription = (event: ProjectedEvent, first: () => Promise<ProjectedEvent>) => Promise<ToldCommand[]>;

const orderPlaced: Subscription = async (event) => [
  start(fulfilmentSagaId(event.aggregateId), FULFILMENT_DEFINITION, orderInput(event)),
];

const orderShipped: Subscription = async (event) => [observe(fulfilmentSagaId(event.aggregateId), event)];

/** The fulfilment lets go of an order that its customer cancels; one that was confirmed has to be undone by somebody. */
const orderCancelled: Subscription = async (event, first) => {
  const { aggregateId, current, published } = event;
  const told = [observe(fulfilmentSagaId(aggregateId), event)];
  // Where the fulfilment itself cancels the order, it undoes the rest of it as well.
  if (current.statusBefore !== 'CONFIRMED' || published.metadata.sagaId !== undefined) return told;
  const { orderId, items } = orderInput(await first());
  const input = { orderId, items, reason: current.reason };
  return [start(cancellationSagaId(aggregateId), CANCELLATION_DEFINITION, input), ...told];
};

/** A payment has the id of its order. */
const toFulfilment: Subscription = async (event) => [observe(fulfilmentSagaId(event.aggregateId), event)];

/** Either may have asked for it. */
const toBoth: Subscription = async (event) => [
  observe(fulfilmentSagaId(event.aggregateId), event),
  observe(cancellationSagaId(event.aggregateId), event),
];

/** The types of aggregates whose events the sagas' queue brings. */
type ToldType = (typeof CONSUMER_GROUPS)['sagas']['aggregateTypes'][number];

type SubscriptionsOf<Type extends ToldType> = {
  readonly [EventType in keyof (typeof AGGREGATES)[Type]['events']]?: Subscription;
};

/** By type of aggregate and event. Only of those that the group `sagas` is told of (schemas/consumerGroups.ts): no other event comes. */
const SUBSCRIPTIONS: { readonly [Type in ToldType]: SubscriptionsOf<Type> } = {
  order: { OrderPlaced: orderPlaced, OrderShipped: orderShipped, OrderCancelled: orderCancelled },
  payment: {
    PaymentAuthorized: toFulfilment,
    PaymentDeclined: toFulfilment,
    PaymentFailed: toFulfilment,
    PaymentVoided: toBoth,
    VoidFailed: toBoth,
    PaymentCaptured: toFulfilment,
    CaptureFailed: toFulfilment,
    PaymentRefunded: toBoth,
    RefundFailed: toBoth,
  },
};

/** Whether events of such aggregates may mean something to a saga. */
export function isHeard(aggregateType: string): boolean {
  return Object.hasOwn(SUBSCRIPTIONS, aggregateType);
}

function subscriptionOf({ aggregateType, eventType }: ProjectedEvent): Subscription | undefined {
  const ofType: Readonly<Record<string, Readonly<Record<string, Subscription>>>> = SUBSCRIPTIONS;
  return ofType[aggregateType]?.[eventType];
}

/** What the event means to sagas; nothing for most. */
export async function toldOf(
  event: ProjectedEvent,
  first: () => Promise<ProjectedEvent>,
): Promise<ToldCommand[]> {
  const subscription = subscriptionOf(event);
  return subscription === undefined ? [] : subscription(event, first);
}

/** The event of a whole log that starts a saga, and the command that it is told; undefined where none does. */
export async function startOf(
  sagaId: string,
  log: readonly ProjectedEvent[],
): Promise<{ readonly event: ProjectedEvent; readonly command: CommandEnvelope } | undefined> {
  const first = async () => log[0] as ProjectedEvent;
  for (const event of log) {
    const told = await toldOf(event, first);
    const start = told.find((one) => one.sagaId === sagaId && one.command.type === 'StartSaga');
    if (start !== undefined) return { event, command: start.command };
  }
  return undefined;
}

function start(sagaId: string, definition: string, input: object): ToldCommand {
  const data = { sagaId, definition, input };
  // A space, which no client's command id may have.
  return { sagaId, command: { commandId: `start ${sagaId}`, type: 'StartSaga', data } };
}

function observe(
  sagaId: string,
  { aggregateId, current, eventType, published }: ProjectedEvent,
): ToldCommand {
  const data = { eventType, aggregateId, data: current };
  return {
    sagaId,
    command: { commandId: `event ${eventIdText(published.hash)}`, type: 'ObserveEvent', data },
  };
}

/** What the sagas of an order need of it: not who lives where. */
function orderInput({ current }: ProjectedEvent) {
  const { orderId, customerId, currency, total, payment, items } = current;
  return {
    orderId,
    customerId,
    currency,
    total,
    payment: { method: payment.method, token: payment.token },
    items: items.map(
      ({ line, productId, quantity }: { line: number; productId: string; quantity: string }) => ({
        line,
        productId,
        quantity,
      }),
    ),
  };
}

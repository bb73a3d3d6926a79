/**
 * Every aggregate: the binding of its actors, how it is addressed, what it is told, what it says and what it refuses. What
 * handles all aggregates alike, from the batch to the event catalogue, is made from this list.
 */
import type { z } from 'zod';
import { accessLogEvents } from './accessLog.ts';
import { ACCOUNT_REFUSALS, accountCommands, accountEvents } from './account.ts';
import { INVENTORY_REFUSALS, inventoryCommands, inventoryEvents } from './inventory.ts';
import { ORDER_REFUSALS, orderCommands, orderEvents } from './order.ts';
import { PAYMENT_REFUSALS, paymentCommands, paymentEvents } from './payment.ts';
import { PRODUCT_REFUSALS, productCommands, productEvents } from './product.ts';
import { RECONCILIATION_REFUSALS, reconciliationEvents } from './reconciliation.ts';
import { SAGA_REFUSALS, sagaCommands, sagaEvents } from './saga.ts';
import { AggregateId, Id } from './scalars.ts';
import { SERVICE_KEY_REFUSALS, serviceKeyCommands, serviceKeyEvents } from './serviceKey.ts';
import { SHIPMENT_REFUSALS, shipmentEvents } from './shipment.ts';
import { SUBJECT_REFUSALS, subjectCommands, subjectEvents } from './subject.ts';
import { tradeAmendments } from './trade.ts';

interface AggregateEntry {
  /** Of its Durable Objects, in wrangler.toml. */
  readonly binding: string;
  /** Its ids: a client's own, or longer ones that Folio makes from them. */
  readonly id: z.ZodType<string>;
  /** What clients may send, by type. Types are unique across aggregates. */
  readonly commands: Readonly<Record<string, z.ZodType>>;
  /** What is stored, by type, in the newest shape. */
  readonly events: Readonly<Record<string, z.ZodType>>;
  /** In the order in which they are checked. */
  readonly refusals: readonly string[];
}

/** Aggregates by type. */
export const AGGREGATES = {
  account: {
    binding: 'ACCOUNTS',
    id: Id,
    commands: { ...accountCommands, ...tradeAmendments },
    events: accountEvents,
    refusals: ACCOUNT_REFUSALS,
  },
  product: {
    binding: 'PRODUCTS',
    id: Id,
    commands: productCommands,
    events: productEvents,
    refusals: PRODUCT_REFUSALS,
  },
  inventory: {
    binding: 'INVENTORY',
    id: Id,
    commands: inventoryCommands,
    events: inventoryEvents,
    refusals: INVENTORY_REFUSALS,
  },
  order: {
    binding: 'ORDERS',
    id: Id,
    commands: orderCommands,
    events: orderEvents,
    refusals: ORDER_REFUSALS,
  },
  payment: {
    binding: 'PAYMENTS',
    id: AggregateId,
    commands: paymentCommands,
    events: paymentEvents,
    refusals: PAYMENT_REFUSALS,
  },
  shipment: {
    binding: 'SHIPMENTS',
    id: AggregateId,
    commands: {},
    events: shipmentEvents,
    refusals: SHIPMENT_REFUSALS,
  },
  serviceKey: {
    binding: 'SERVICE_KEYS',
    id: Id,
    commands: serviceKeyCommands,
    events: serviceKeyEvents,
    refusals: SERVICE_KEY_REFUSALS,
  },
  accessLog: {
    binding: 'ACCESS_LOGS',
    id: Id,
    commands: {},
    events: accessLogEvents,
    refusals: [],
  },
  reconciliation: {
    binding: 'RECONCILIATIONS',
    id: Id,
    commands: {},
    events: reconciliationEvents,
    refusals: RECONCILIATION_REFUSALS,
  },
  saga: {
    binding: 'SAGAS',
    id: AggregateId,
    commands: sagaCommands,
    events: sagaEvents,
    refusals: SAGA_REFUSALS,
  },
  subject: {
    binding: 'SUBJECTS',
    id: Id,
    commands: subjectCommands,
    events: subjectEvents,
    refusals: SUBJECT_REFUSALS,
  },
} as const satisfies Readonly<Record<string, AggregateEntry>>;

/** The name of a type of aggregate. */
export type AggregateType = keyof typeof AGGREGATES;

/** Aggregate types by name. */
export const AGGREGATE_TYPES = Object.keys(AGGREGATES) as [AggregateType, ...AggregateType[]];

/** Every refusal of every aggregate. */
export type AggregateRefusal = (typeof AGGREGATES)[AggregateType]['refusals'][number];

/** An aggregate as whatever treats all of them alike sees it. */
export interface ListedAggregate extends AggregateEntry {
  readonly aggregateType: AggregateType;
  readonly refusals: readonly AggregateRefusal[];
}

/** Every aggregate. */
export const AGGREGATE_LIST: readonly ListedAggregate[] = AGGREGATE_TYPES.map((aggregateType) => ({
  aggregateType,
  ...AGGREGATES[aggregateType],
}));

/** Whether there is such a type of aggregate. */
export function isAggregateType(text: string): text is AggregateType {
  return Object.hasOwn(AGGREGATES, text);
}

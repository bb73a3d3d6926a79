/** What things of the shop have to do with each other: fields that lead from one to another. */
import {
  GraphQLBoolean,
  GraphQLList,
  GraphQLNonNull,
  type GraphQLObjectType,
  type GraphQLOutputType,
} from 'graphql';
import { PROBLEMS, ProblemError } from '../http/problem.ts';
import type { StateReader } from '../http/sending.ts';
import { inventoryLevel, orderSummary, paymentSummary } from '../http/shownRows.ts';
import { accountRelations } from './accounts.ts';
import type { GraphQlContext } from './context.ts';
import type { Parts } from './parts.ts';
import { historyField, rowType } from './shop.ts';
import { type Field, type Fields, field } from './types.ts';

/** The states that relations lead to, by the operation that reads them over REST. */
export type States = ReadonlyMap<string, { readonly reader: StateReader; readonly type: GraphQLObjectType }>;

interface OfOrder {
  readonly orderId: string | null;
}

interface OfProduct {
  readonly productId: string;
}

/** The fields that an object has beyond those of its schema. */
export function relationsOf(name: string, parts: Parts, states: () => States): Fields {
  if (parts.replies.has(name)) return { replayed: REPLAYED };
  switch (name) {
    case 'Account':
      return accountRelations(parts);
    case 'OrderSummary':
      return { order: orderState(states()), ...orderRelations(parts) };
    case 'Order':
      return orderRelations(parts);
    case 'Payment':
    case 'PaymentSummary':
    case 'Shipment':
      return { order: summaryOfOrder(parts) };
    case 'OrderItem':
      return { product: productState(states()), stock: stockOfProduct(parts) };
    case 'InventoryLevel':
    case 'Inventory':
      return { product: productState(states()) };
    default:
      return {};
  }
}

const REPLAYED: Field = {
  type: new GraphQLNonNull(GraphQLBoolean),
  description: 'Whether the command was taken before, and this is the stored answer.',
};

function orderRelations(parts: Parts): Fields {
  const payment = rowType(parts.types, 'PaymentSummary');
  return {
    payments: field<{ orderId: string }>({
      type: new GraphQLNonNull(new GraphQLList(new GraphQLNonNull(payment))),
      description: 'Its payments as the view has them, newest first.',
      async resolve({ orderId }, _, context) {
        await context.requireRead('getPayments');
        return (await context.loaders.paymentsOf(orderId)).map(paymentSummary);
      },
    }),
    history: historyField(parts),
  };
}

function summaryOfOrder({ types }: Parts): Field {
  return field<OfOrder>({
    type: rowType(types, 'OrderSummary'),
    description: 'The order as the view has it; null where it does not know it.',
    async resolve({ orderId }, _, context) {
      if (orderId === null) return null;
      await context.requireRead('getOrders');
      const row = await context.loaders.order(orderId);
      return row === undefined ? null : orderSummary(row);
    },
  });
}

function stockOfProduct({ types }: Parts): Field {
  return field<OfProduct>({
    type: rowType(types, 'InventoryLevel'),
    description: 'What is there of the product as the view has it; null where it does not know it.',
    async resolve({ productId }, _, context) {
      await context.requireRead('getInventoryLevels');
      const row = await context.loaders.inventory(productId);
      return row === undefined ? null : inventoryLevel(row);
    },
  });
}

function productState(states: States): Field {
  return stateRelation<OfProduct>(states, 'getProduct', 'The product.', ({ productId }) => productId);
}

function orderState(states: States): Field {
  return stateRelation<{ orderId: string }>(
    states,
    'getOrder',
    'The order itself, as its actor has it.',
    ({ orderId }) => orderId,
  );
}

/** A field that leads to the state of an aggregate; null where there is none. */
function stateRelation<Source>(
  states: States,
  operation: string,
  description: string,
  idOf: (source: Source) => string,
): Field {
  const state = states.get(operation);
  if (state === undefined) throw new Error(`${operation} reads no state`);
  return field<Source>({
    type: state.type as GraphQLOutputType,
    description,
    async resolve(source, _, context: GraphQlContext) {
      await context.requireRead(operation);
      return context.loaders.state(state.reader, idOf(source)).catch(nullWhereMissing);
    },
  });
}

function nullWhereMissing(error: unknown): null {
  if (error instanceof ProblemError && PROBLEMS[error.problem.code].status === 404) return null;
  throw error;
}

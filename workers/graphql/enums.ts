/** What enumerations are called. One that is not here is called after the field that it was first found in. */
import { AccountStatus, AccountType } from '../../schemas/account.ts';
import { AGGREGATE_TYPES } from '../../schemas/aggregates.ts';
import { EVENT_TYPE_NAMES } from '../../schemas/eventTypes.ts';
import { OrderStatus } from '../../schemas/order.ts';
import { PaymentStatus } from '../../schemas/payment.ts';
import { PaymentProvider } from '../../schemas/paymentProvider.ts';
import { Role } from '../../schemas/role.ts';
import { SagaStatus, StepStatus } from '../../schemas/saga.ts';
import { ShipmentStatus } from '../../schemas/shipment.ts';
import { HISTORY_AGGREGATES } from '../../schemas/tables/orderViews.ts';
import { COLOURS, VIEWS } from '../../schemas/tables/views.ts';
import { Side } from '../../schemas/trade.ts';
import { KNOWLEDGES } from '../http/timeReplies.ts';
import { SALES_GROUPS } from '../reads/sales.ts';

interface EnumName {
  readonly name: string;
  readonly description: string;
}

const NAMED: readonly (readonly [values: readonly string[], name: string, description: string])[] = [
  [AccountType.options, 'AccountType', 'Who an account belongs to.'],
  [AccountStatus.options, 'AccountStatus', 'What an account may do.'],
  [Side.options, 'Side', 'Whether a trade adds to the position or takes from it.'],
  [OrderStatus.options, 'OrderStatus', 'How far an order has come.'],
  [PaymentStatus.options, 'PaymentStatus', 'Where the money of a payment is.'],
  [PaymentProvider.options, 'PaymentProvider', 'Who moves the money.'],
  [ShipmentStatus.options, 'ShipmentStatus', 'How far a shipment has come.'],
  [SagaStatus.options, 'SagaStatus', 'How far a saga has come.'],
  [StepStatus.options, 'StepStatus', 'How far a step of a saga has come.'],
  [Role.options, 'Role', 'What a caller is employed to do.'],
  [AGGREGATE_TYPES, 'AggregateType', 'The type of an aggregate.'],
  [EVENT_TYPE_NAMES, 'EventType', 'The type of an event.'],
  [HISTORY_AGGREGATES, 'HistoryAggregateType', "Whose events an order's history is made of."],
  [SALES_GROUPS, 'SalesGroup', 'What sales are added up by.'],
  [KNOWLEDGES, 'Knowledge', 'What counts of the past: as it was recorded then, or as it is known now.'],
  [VIEWS, 'ViewName', 'A read model.'],
  [COLOURS, 'ViewColour', 'One of the two sets of tables that a view has.'],
];

/** Names by the values, with blanks between. */
export const ENUM_NAMES: ReadonlyMap<string, EnumName> = new Map(
  NAMED.map(([values, name, description]) => [values.join(' '), { name, description }]),
);

/** What reads of orders and of all that they need answer, as the views have it. */
import { z } from 'zod';
import { Currency } from '../../schemas/currency.ts';
import { OrderStatus } from '../../schemas/order.ts';
import { PaymentStanding } from '../../schemas/payment.ts';
import { PaymentProvider } from '../../schemas/paymentProvider.ts';
import { SagaStatus } from '../../schemas/saga.ts';
import { AggregateId, DecimalText, Id, UtcTime, Version } from '../../schemas/scalars.ts';
import { HISTORY_AGGREGATES } from '../../schemas/tables/orderViews.ts';
import { SALES_GROUPS } from '../reads/sales.ts';

const NextCursor = z.string().nullable().meta({ description: 'Null on the last page.' });
const Count = z.number().int().min(0);

const StaleSince = Version.optional().meta({
  description:
    'Where the view cannot take an event of this one and waits for an operator: the version of that event.',
});

/** An order in a list: what it came to and how far it has come; its lines are the order's own to tell. */
const OrderSummary = z
  .strictObject({
    orderId: Id,
    customerId: Id,
    status: OrderStatus,
    currency: Currency,
    total: DecimalText,
    lines: Count,
    units: DecimalText,
    country: z.string().nullable().meta({ description: 'Where it goes; null where the address has none.' }),
    reason: z.string().nullable().meta({ description: 'Why it was cancelled; null where it was not.' }),
    placedAt: UtcTime,
    updatedAt: UtcTime,
    version: Version.min(1),
    staleSince: StaleSince,
  })
  .meta({ id: 'OrderSummary' });

/** A page of orders, newest first. */
export const OrdersReply = z.strictObject({ orders: z.array(OrderSummary), nextCursor: NextCursor });
export type OrdersReply = z.infer<typeof OrdersReply>;

/** What happened to an order. */
export const OrderHistoryReply = z.strictObject({
  orderId: Id,
  events: z.array(
    z.strictObject({
      at: UtcTime,
      aggregateType: z.enum(HISTORY_AGGREGATES),
      aggregateId: AggregateId,
      version: Version.min(1),
      eventType: z.string(),
      words: z.string().meta({ description: 'What happened, for people: not for programs to take apart.' }),
    }),
  ),
  nextCursor: NextCursor,
});
export type OrderHistoryReply = z.infer<typeof OrderHistoryReply>;

const InventoryLevel = z
  .strictObject({
    productId: Id,
    onHand: DecimalText,
    reserved: DecimalText,
    available: DecimalText,
    updatedAt: UtcTime,
    version: Version.min(1),
    staleSince: StaleSince,
  })
  .meta({ id: 'InventoryLevel' });

/** A page of products with what is there of them. */
export const InventoryLevelsReply = z.strictObject({
  inventory: z.array(InventoryLevel),
  nextCursor: NextCursor,
});
export type InventoryLevelsReply = z.infer<typeof InventoryLevelsReply>;

/** A payment in a list: where its money is. */
const PaymentSummary = z
  .strictObject({
    paymentId: AggregateId,
    orderId: Id,
    customerId: Id,
    amount: DecimalText,
    currency: Currency,
    method: z.string(),
    provider: PaymentProvider,
    ...PaymentStanding.shape,
    requestedAt: UtcTime,
    updatedAt: UtcTime,
    version: Version.min(1),
    staleSince: StaleSince,
  })
  .meta({ id: 'PaymentSummary' });

/** A page of payments, newest first. */
export const PaymentsReply = z.strictObject({ payments: z.array(PaymentSummary), nextCursor: NextCursor });
export type PaymentsReply = z.infer<typeof PaymentsReply>;

/** A saga in a list: how far it has come; its steps are its own to tell. */
const SagaSummary = z
  .strictObject({
    sagaId: AggregateId,
    definition: z.string(),
    definitionVersion: z.number().int().min(1),
    status: SagaStatus,
    reason: z
      .string()
      .nullable()
      .meta({ description: 'Why it turned back or waits for an operator; null where all is well.' }),
    startedAt: UtcTime,
    updatedAt: UtcTime,
    endedAt: UtcTime.nullable(),
    version: Version.min(1),
    staleSince: StaleSince,
  })
  .meta({ id: 'SagaSummary' });

/** A page of sagas, newest first. */
export const SagasReply = z.strictObject({ sagas: z.array(SagaSummary), nextCursor: NextCursor });
export type SagasReply = z.infer<typeof SagasReply>;

const SalesFigures = {
  currency: Currency,
  orders: Count.meta({ description: 'Orders that have any of it.' }),
  units: DecimalText,
  revenue: DecimalText,
};

/** What was sold, by group. */
export const SalesReply = z.strictObject({
  by: z.enum(SALES_GROUPS),
  sales: z
    .array(
      z.strictObject({
        key: z.string().nullable().meta({
          description:
            'The day, the product or the country; null for addresses without a country, and by product for refunds.',
        }),
        ...SalesFigures,
      }),
    )
    .meta({
      description: 'In the order of their keys; amounts in different currencies are groups of their own.',
    }),
  totals: z.array(z.strictObject(SalesFigures)).meta({ description: 'Of all pages, by currency.' }),
  nextCursor: NextCursor,
});
export type SalesReply = z.infer<typeof SalesReply>;

/** What successful requests about products, stock, orders and shipments answer. */
import { z } from 'zod';
import { Currency } from '../../schemas/currency.ts';
import { Address, OrderLine, OrderShipped, OrderStatus } from '../../schemas/order.ts';
import { PaymentMethod } from '../../schemas/payment.ts';
import { Withheld } from '../../schemas/personal.ts';
import { AggregateId, DecimalText, Id, UtcTime, Version } from '../../schemas/scalars.ts';
import { ShipmentStatus } from '../../schemas/shipment.ts';
import { CommandReply } from './replies.ts';

const PresentVersion = Version.min(1);

/** The answer to a command after which a saga goes on. */
export const SagaCommandReply = CommandReply.extend({
  sagaId: AggregateId.meta({ description: 'The saga that goes on from here: `GET /v1/sagas/{id}`.' }),
}).meta({ id: 'SagaCommandReply' });

/** A product. */
export const ProductReply = z
  .strictObject({
    productId: Id,
    name: z.string(),
    unitPrice: DecimalText,
    currency: Currency,
    version: PresentVersion,
  })
  .meta({ id: 'Product' });
export type ProductReply = z.infer<typeof ProductReply>;

/** What is there of a product. */
export const InventoryReply = z
  .strictObject({
    productId: Id,
    onHand: DecimalText.meta({ description: 'Units that are there.' }),
    reserved: DecimalText.meta({ description: 'Units of them that are promised.' }),
    available: DecimalText.meta({ description: 'Units that may still be promised: onHand − reserved.' }),
    version: PresentVersion,
  })
  .meta({ id: 'Inventory' });
export type InventoryReply = z.infer<typeof InventoryReply>;

/** Personal: in the clear for who may see it. */
const ShownAddress = z.union([Address, Withheld]);

/** An order. What stands for the card is not shown. */
export const OrderReply = z
  .strictObject({
    orderId: Id,
    customerId: Id,
    status: OrderStatus,
    currency: Currency,
    items: z.array(OrderLine.extend({ shipped: DecimalText.meta({ description: 'Units that have left.' }) })),
    total: DecimalText,
    payment: z.strictObject({ method: PaymentMethod }),
    shipTo: ShownAddress,
    country: z
      .string()
      .nullable()
      .meta({ description: 'Of the address; anybody who sees the order sees it.' }),
    shipments: z.array(
      z.strictObject({ shipmentId: AggregateId, carrier: z.string(), trackingNumber: z.string() }),
    ),
    reason: z.string().optional().meta({ description: 'Why it was cancelled.' }),
    version: PresentVersion,
  })
  .meta({ id: 'Order' });
export type OrderReply = z.infer<typeof OrderReply>;

/** A shipment. */
export const ShipmentReply = z
  .strictObject({
    shipmentId: AggregateId,
    orderId: Id,
    status: ShipmentStatus,
    carrier: z.string(),
    trackingNumber: z.string(),
    shipTo: ShownAddress,
    items: OrderShipped.shape.items,
    dispatchedAt: UtcTime.nullable(),
    deliveredAt: UtcTime.nullable(),
    version: PresentVersion,
  })
  .meta({ id: 'Shipment' });
export type ShipmentReply = z.infer<typeof ShipmentReply>;

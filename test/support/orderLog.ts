/** Orders whose logs live in the test. */
import type { z } from 'zod';
import { type OrderState, orderDecider } from '../../actors/order/decider.ts';
import { countryOf, type OrderCommand, type OrderEvent, type PlaceOrder } from '../../schemas/order.ts';
import { DeciderLog } from './deciderLog.ts';
import { encryptedOf } from './personal.ts';

type Placing = Omit<z.output<typeof PlaceOrder>, 'payment'>;

/** The log of an order. */
export class OrderLog extends DeciderLog<OrderState, OrderCommand, OrderEvent> {
  constructor(orderId: string) {
    super(orderDecider, orderId);
  }

  /** Places the order: a pound's worth of tea for the customer `c-1`, where nothing else is said. */
  place({
    shipTo = { line1: '1 High St', country: 'United Kingdom' },
    ...more
  }: Partial<Placing> = {}): this {
    return this.run({
      type: 'PlaceOrder',
      data: {
        orderId: this.aggregateId,
        customerId: 'c-1',
        currency: 'GBP',
        items: [{ productId: 'tea', quantity: '1', unitPrice: '1' }],
        payment: { method: 'card', token: encryptedOf('c-1') },
        ...more,
        // As the order's actor hands it over.
        shipTo: encryptedOf('c-1'),
        country: countryOf(shipTo),
      },
    });
  }

  confirm(): this {
    return this.run({ type: 'ConfirmOrder', data: {} });
  }

  /** Ships everything, or units of some lines. */
  ship(items?: { line: number; quantity: string }[]): this {
    return this.run({
      type: 'ShipOrder',
      data: { carrier: 'Royal Mail', trackingNumber: 'RM1', ...(items === undefined ? {} : { items }) },
    });
  }

  deliver(): this {
    return this.run({ type: 'DeliverOrder', data: {} });
  }

  cancel(reason = 'changed my mind'): this {
    return this.run({ type: 'CancelOrder', data: { reason } });
  }
}

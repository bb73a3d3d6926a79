/** Orders whose logs live in the test: what their commands make of them by the order's own rules. */

import type { z } from 'zod';
import { type OrderState, orderDecider } from '../../actors/order/decider.ts';
import type { OrderCommand, PlaceOrder } from '../../schemas/order.ts';
import { type Folding, TestLog } from './projection.ts';

type Placing = z.output<typeof PlaceOrder>;

/** The log of an order. */
export class OrderLog extends TestLog {
  override readonly aggregateType = 'order';

  protected override get decider(): Folding {
    return orderDecider as Folding;
  }

  /** Of the order as it stands. */
  get status(): string {
    return this.#state().status;
  }

  /** Adds what a command leads to. Throws where it is refused: a mistake of the test. */
  run(command: OrderCommand): this {
    const at = new Date(this.now).toISOString();
    const decision = orderDecider.decide({ ...command, at }, this.#state());
    if (!decision.accepted) throw new Error(decision.refusal.detail);
    for (const { type, data } of decision.events) this.add(type, data);
    return this;
  }

  /** Places the order: a pound's worth of tea for the customer `c-1`, where nothing else is said. */
  place(more: Partial<Placing> = {}): this {
    return this.run({
      type: 'PlaceOrder',
      data: {
        orderId: this.aggregateId,
        customerId: 'c-1',
        currency: 'GBP',
        items: [{ productId: 'tea', quantity: '1', unitPrice: '1' }],
        payment: { method: 'card', token: 'tok_ok' },
        shipTo: { line1: '1 High St', country: 'United Kingdom' },
        ...more,
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

  #state(): OrderState {
    return (this.ownState(this.head)?.state ?? orderDecider.initial()) as OrderState;
  }
}

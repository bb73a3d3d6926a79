/** The rules of products and shipments, given/when/then. */
import { describe, expect, it } from 'vitest';
import { productDecider } from '../../actors/product/decider.ts';
import { shipmentDecider } from '../../actors/shipment/decider.ts';
import type { ProductCommand } from '../../schemas/product.ts';
import { SHIPMENT_REFUSALS, type ShipmentCommand, type ShipmentEvent } from '../../schemas/shipment.ts';
import { RECEIVED_AT, specify } from '../support/given.ts';

const PARCEL = {
  orderId: 'o-1',
  carrier: 'Royal Mail',
  trackingNumber: 'RM1',
  shipTo: { line1: '1 High St' },
  items: [{ line: 1, productId: 'tea', quantity: '2' }],
};
const create: ShipmentCommand = { type: 'CreateShipment', data: PARCEL };
const dispatch: ShipmentCommand = { type: 'DispatchShipment', data: {} };
const deliver: ShipmentCommand = { type: 'DeliverShipment', data: {} };
const created: ShipmentEvent = { type: 'ShipmentCreated', data: PARCEL };
const dispatched: ShipmentEvent = { type: 'ShipmentDispatched', data: { dispatchedAt: RECEIVED_AT } };
const delivered: ShipmentEvent = { type: 'ShipmentDelivered', data: { deliveredAt: RECEIVED_AT } };

const shipment = specify(shipmentDecider);

describe('a shipment', () => {
  it('is created from what its order says, taken by the carrier, and arrives', () => {
    shipment.given().when(create).events(created);
    shipment.given(created).when(dispatch).events(dispatched);
    shipment.given(created, dispatched).when(deliver).events(delivered);
    expect(shipment.state([created, dispatched, delivered])).toEqual({
      status: 'DELIVERED',
      ...PARCEL,
      dispatchedAt: RECEIVED_AT,
      deliveredAt: RECEIVED_AT,
    });
  });

  it('may arrive without anybody having said that it was on its way', () => {
    shipment.given(created).when(deliver).events(delivered);
  });

  // In the order of NONE, CREATED, DISPATCHED, DELIVERED.
  const HISTORIES = [[], [created], [created, dispatched], [created, dispatched, delivered]];
  const MADE = 'shipment_already_created';
  const NONE = 'shipment_not_found';
  const OVER = 'shipment_already_delivered';
  it.each<[string, ShipmentCommand, string[]]>([
    ['CreateShipment', create, ['accepted', MADE, MADE, MADE]],
    ['DispatchShipment', dispatch, [NONE, 'accepted', 'shipment_already_dispatched', OVER]],
    ['DeliverShipment', deliver, [NONE, 'accepted', 'accepted', OVER]],
  ])('decides about %s by what came before', (_name, command, outcomes) => {
    const found = HISTORIES.map((history) => shipment.given(...history).when(command).outcome);
    expect(found).toEqual(outcomes);
  });

  it('has no refusal that is never given', () => {
    const all = [create, dispatch, deliver].flatMap((command) =>
      HISTORIES.map((history) => shipment.given(...history).when(command).outcome),
    );
    expect(SHIPMENT_REFUSALS.filter((code) => !all.includes(code))).toEqual([]);
  });
});

describe('a product', () => {
  const product = specify(productDecider);
  const put = (unitPrice: string): ProductCommand => ({
    type: 'PutProduct',
    data: { name: 'Tea', unitPrice, currency: 'JPY' },
  });

  it('is created and replaced whole, at any price that goods have', () => {
    const first = { name: 'Cup', unitPrice: '4', currency: 'GBP' };
    product
      .given({ type: 'ProductPut', data: first })
      .when(put('0.00125'))
      .events({ type: 'ProductPut', data: { name: 'Tea', unitPrice: '0.00125', currency: 'JPY' } });
    expect(product.given({ type: 'ProductPut', data: first }).when(put('0')).state).toEqual({
      name: 'Tea',
      unitPrice: '0',
      currency: 'JPY',
    });
  });
});

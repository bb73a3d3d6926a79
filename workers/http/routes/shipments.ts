/** Shipments: what the orders that made them have told them. */
import type { ShipmentState } from '../../../actors/shipment/decider.ts';
import type { Route } from '../operation.ts';
import { shownTo } from '../personalData.ts';
import { type Resource, stateRoute } from '../resource.ts';
import { ShipmentReply } from '../shopReplies.ts';

const SHIPMENTS: Resource = {
  aggregateType: 'shipment',
  noun: 'shipment',
  tag: 'Shipments',
  path: '/v1/shipments/{id}',
  notFound: 'shipment_not_found',
};

export const shipments: readonly Route[] = [
  stateRoute<ShipmentState>(SHIPMENTS, {
    operationId: 'getShipment',
    schema: ShipmentReply,
    isPersonal: true,
    reply: async (shipmentId, { status, ...state }, version, c): Promise<ShipmentReply> => {
      if (status === 'UNCREATED')
        throw new Error(`shipment ${shipmentId} has version ${version} but is not created`);
      const shipTo = await shownTo(c, { kind: 'address', subject: null, value: state.shipTo });
      return { shipmentId, status, ...state, shipTo, version };
    },
  }),
];

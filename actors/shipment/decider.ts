/** The shipment's rules: created from its order, taken by its carrier, delivered. */
import type {
  ShipmentCommand,
  ShipmentEvent,
  ShipmentRefusal,
  ShipmentStatus,
} from '../../schemas/shipment.ts';
import type { Decider, Decision, Timed } from '../kernel/decider.ts';

/** The shipment as its events tell it. */
export interface ShipmentState {
  status: 'UNCREATED' | ShipmentStatus;
  orderId: string;
  carrier: string;
  trackingNumber: string;
  shipTo: Extract<ShipmentEvent, { type: 'ShipmentCreated' }>['data']['shipTo'];
  items: { line: number; productId: string; quantity: string }[];
  dispatchedAt: string | null;
  deliveredAt: string | null;
}

type ShipmentDecision = Decision<ShipmentEvent, ShipmentRefusal>;

function initial(): ShipmentState {
  return {
    status: 'UNCREATED',
    orderId: '',
    carrier: '',
    trackingNumber: '',
    shipTo: {},
    items: [],
    dispatchedAt: null,
    deliveredAt: null,
  };
}

function refuse(code: ShipmentRefusal, detail: string): ShipmentDecision {
  return { accepted: false, refusal: { code, detail } };
}

function accept(event: ShipmentEvent): ShipmentDecision {
  return { accepted: true, events: [event] };
}

function decide(command: Timed<ShipmentCommand>, state: Readonly<ShipmentState>): ShipmentDecision {
  if (command.type === 'CreateShipment') {
    if (state.status !== 'UNCREATED')
      return refuse('shipment_already_created', 'A shipment with this id has been created before.');
    return accept({ type: 'ShipmentCreated', data: command.data });
  }
  if (state.status === 'UNCREATED') return refuse('shipment_not_found', 'The shipment has not been created.');
  if (state.status === 'DELIVERED')
    return refuse('shipment_already_delivered', 'The shipment has been delivered.');
  switch (command.type) {
    case 'DispatchShipment':
      if (state.status === 'DISPATCHED')
        return refuse('shipment_already_dispatched', 'The carrier has the shipment already.');
      return accept({ type: 'ShipmentDispatched', data: { dispatchedAt: command.at } });
    // What has arrived was on its way, whether or not anybody said so.
    case 'DeliverShipment':
      return accept({ type: 'ShipmentDelivered', data: { deliveredAt: command.at } });
  }
}

function evolve(state: ShipmentState, event: ShipmentEvent): ShipmentState {
  switch (event.type) {
    case 'ShipmentCreated':
      return { ...state, ...event.data, status: 'CREATED' };
    case 'ShipmentDispatched':
      return { ...state, ...event.data, status: 'DISPATCHED' };
    case 'ShipmentDelivered':
      return { ...state, ...event.data, status: 'DELIVERED' };
  }
}

/** The shipment's rules, as the kernel runs them. */
export const shipmentDecider: Decider<ShipmentState, ShipmentCommand, ShipmentEvent, ShipmentRefusal> = {
  aggregateType: 'shipment',
  stateVersion: 1,
  initial,
  decide,
  evolve,
};

/** The releases of the platform that are deployed in turn: what each aggregate's rules are in them. */
import { accountDecider } from '../../../actors/account/decider.ts';
import { inventoryDecider } from '../../../actors/inventory/decider.ts';
import type { AnyDecider } from '../../../actors/kernel/decider.ts';
import { orderDecider } from '../../../actors/order/decider.ts';
import { paymentDecider } from '../../../actors/payment/decider.ts';
import { productDecider } from '../../../actors/product/decider.ts';
import { sagaDecider } from '../../../actors/saga/decider.ts';
import { type AnySagaDefinition, sagaDefinitions } from '../../../actors/saga/definitions/definition.ts';
import { fundsTransfer, fundsTransferFirst } from '../../../actors/saga/definitions/fundsTransfer.ts';
import { orderCancellation } from '../../../actors/saga/definitions/orderCancellation.ts';
import { orderFulfilment } from '../../../actors/saga/definitions/orderFulfilment.ts';
import {
  orderCancellationSecond,
  orderFulfilmentSecond,
} from '../../../actors/saga/definitions/orderSagasBefore.ts';
import { shipmentDecider } from '../../../actors/shipment/decider.ts';
import { subjectDecider } from '../../../actors/subject/decider.ts';
import { writtenBefore } from '../model/before.ts';
import { HOLD_RELEASES } from './holdDecider.ts';

/** How many there are. */
export const RELEASES = 3;

/** A definition whose steps all come one after the other, and are named anew. */
function cautious(definition: AnySagaDefinition): AnySagaDefinition {
  return {
    ...definition,
    version: definition.version + 1,
    stages: definition.stages.flat().map((step) => [{ ...step, name: `${step.name}-alone` }]),
  };
}

const BEFORE: readonly AnySagaDefinition[] = [fundsTransfer, orderFulfilmentSecond, orderCancellationSecond];
const NOW: readonly AnySagaDefinition[] = [fundsTransfer, orderFulfilment, orderCancellation];
const NEXT = NOW.map(cautious);

/** What the release before all others begins. */
const FIRST: readonly AnySagaDefinition[] = [
  fundsTransferFirst,
  orderFulfilmentSecond,
  orderCancellationSecond,
];

/** Every release knows every version of each saga; new ones begin with another in each. */
const sagaRules = (newest: readonly AnySagaDefinition[]) =>
  sagaDecider({
    find: sagaDefinitions([...new Set([...FIRST, ...BEFORE, ...NOW, ...NEXT])]).find,
    newest: (name) => newest.find((definition) => definition.name === name),
  });
const SAGA_RELEASES = [BEFORE, NOW, NEXT].map(sagaRules);
const FIRST_SAGA_RULES = sagaRules(FIRST);

/** The same in every release. */
const LASTING: Readonly<Record<string, AnyDecider>> = {
  account: accountDecider,
  product: productDecider,
  inventory: inventoryDecider,
  order: orderDecider,
  payment: paymentDecider({ provider: 'sandbox' }),
  shipment: shipmentDecider,
  subject: subjectDecider,
};

/** The rules of an aggregate in the release before all others. */
export function deciderBefore(aggregateType: string): AnyDecider {
  if (aggregateType === 'saga') return FIRST_SAGA_RULES;
  return writtenBefore(deciderIn(0, aggregateType));
}

/** The rules of an aggregate in a release. */
export function deciderIn(release: number, aggregateType: string): AnyDecider {
  const changing: Readonly<Record<string, readonly AnyDecider[]>> = {
    hold: HOLD_RELEASES,
    saga: SAGA_RELEASES,
  };
  const rules = changing[aggregateType] ?? [];
  const decider = LASTING[aggregateType] ?? rules[release % rules.length];
  if (decider === undefined) throw new Error(`no ${aggregateType} in release ${release}`);
  return decider;
}

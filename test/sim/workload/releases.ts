/** The releases of the platform that are deployed in turn: what each aggregate's rules are in them. */
import { accountDecider } from '../../../actors/account/decider.ts';
import { inventoryDecider } from '../../../actors/inventory/decider.ts';
import type { AnyDecider } from '../../../actors/kernel/decider.ts';
import { orderDecider } from '../../../actors/order/decider.ts';
import { paymentDecider } from '../../../actors/payment/decider.ts';
import { productDecider } from '../../../actors/product/decider.ts';
import { sagaDecider } from '../../../actors/saga/decider.ts';
import { type AnySagaDefinition, sagaDefinitions } from '../../../actors/saga/definitions/definition.ts';
import { fundsTransfer } from '../../../actors/saga/definitions/fundsTransfer.ts';
import { orderCancellation } from '../../../actors/saga/definitions/orderCancellation.ts';
import { orderFulfilment } from '../../../actors/saga/definitions/orderFulfilment.ts';
import { orderFulfilmentSecond } from '../../../actors/saga/definitions/orderSagasBefore.ts';
import { shipmentDecider } from '../../../actors/shipment/decider.ts';
import { subjectDecider } from '../../../actors/subject/decider.ts';
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

/** Not the first version of the transfer: what comes late to an account that was opened meanwhile stays open (`bug_0031`). */
const BEFORE: readonly AnySagaDefinition[] = [fundsTransfer, orderFulfilmentSecond, orderCancellation];
const NOW: readonly AnySagaDefinition[] = [fundsTransfer, orderFulfilment, orderCancellation];
const NEXT = NOW.map(cautious);

/** Every release knows every version of each saga; new ones begin with another in each. */
const SAGA_RELEASES = [BEFORE, NOW, NEXT].map((newest) =>
  sagaDecider({
    find: sagaDefinitions([...new Set([...BEFORE, ...NOW, ...NEXT])]).find,
    newest: (name) => newest.find((definition) => definition.name === name),
  }),
);

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

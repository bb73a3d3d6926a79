/** Every saga there is, in every version that a running one may have. */
import { type AnySagaDefinition, type SagaDefinitions, sagaDefinitions } from './definition.ts';
import { fundsTransfer, fundsTransferFirst } from './fundsTransfer.ts';
import { orderCancellation } from './orderCancellation.ts';
import { orderFulfilment } from './orderFulfilment.ts';
import {
  orderCancellationFirst,
  orderCancellationSecond,
  orderFulfilmentFirst,
  orderFulfilmentFourth,
  orderFulfilmentSecond,
  orderFulfilmentThird,
} from './orderSagasBefore.ts';

export const DEFINITION_LIST: readonly AnySagaDefinition[] = [
  orderFulfilment,
  orderCancellation,
  fundsTransfer,
  orderFulfilmentFourth,
  orderFulfilmentThird,
  orderFulfilmentSecond,
  orderFulfilmentFirst,
  orderCancellationSecond,
  orderCancellationFirst,
  fundsTransferFirst,
];

/** The same by name and version. */
export const DEFINITIONS: SagaDefinitions = sagaDefinitions(DEFINITION_LIST);

/** Every saga there is, in every version that a running one may have. */
import { type SagaDefinitions, sagaDefinitions } from './definition.ts';
import { fundsTransfer } from './fundsTransfer.ts';

export const DEFINITIONS: SagaDefinitions = sagaDefinitions([fundsTransfer]);

/** A saga whose id was given out before it began: what is already known of it. */
import type { SagaCommand } from '../../schemas/saga.ts';
import { sagaDecider } from './decider.ts';
import type { SagaDefinitions } from './definitions/definition.ts';
import { evolve, initial, type SagaState } from './state.ts';

/** What a saga is started with. */
export type SagaStart = Extract<SagaCommand, { type: 'StartSaga' }>['data'];

/** The saga as it will begin, with no step begun. `at`: RFC 3339, when its beginning was asked for. */
export function announcedState(data: SagaStart, at: string, definitions: SagaDefinitions): SagaState {
  const decision = sagaDecider(definitions).decide({ type: 'StartSaga', data, at }, initial());
  if (!decision.accepted) throw new Error(`saga ${data.sagaId} will not begin: ${decision.refusal.code}`);
  return evolve(initial(), decision.events[0]);
}

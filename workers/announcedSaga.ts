/**
 * Sagas whose id was given out and that have not begun: an event of an order starts them, and the queue brings it a moment
 * after the answer. Whoever asks meanwhile is told what the order's log already says of them.
 */

import type { SagaStart } from '../actors/saga/announced.ts';
import type { SagaState } from '../actors/saga/state.ts';
import { ProjectedEvent } from '../queues/kernel/projector.ts';
import { startOf } from '../queues/sagas/subscriptions.ts';
import { placeOf } from '../schemas/location.ts';
import { orderOfSaga } from '../schemas/sagaIds.ts';
import { timeText } from '../schemas/time.ts';
import { readLog } from './aggregates.ts';
import type { Env } from './env.ts';
import { inTime } from './inTime.ts';

/** Events of an order that are looked at: nothing starts a saga after so many, since what has left is not cancelled. */
const ORDER_EVENTS_MAX = 1_000;

/** The saga as it will begin, of version 0 and with no step begun; null where nothing has asked for it. */
export async function announcedSaga(
  env: Env,
  sagaId: string,
): Promise<{ state: SagaState; version: number } | null> {
  const aggregateId = orderOfSaga(sagaId);
  if (aggregateId === undefined) return null;
  const messages = await readLog(env, { aggregateType: 'order', aggregateId }, 1, ORDER_EVENTS_MAX);
  const log = messages.flatMap((message) =>
    message.events.map((event) => new ProjectedEvent(message, event)),
  );
  const start = await startOf(sagaId, log);
  if (start === undefined) return null;
  const at = timeText(start.event.recordedAt);
  // Stubs are themselves thenable to the compiler alone, and wrap what they answer.
  const saga = env.SAGAS.getByName(sagaId, placeOf(env)) as unknown as {
    announced(start: SagaStart, at: string): Promise<{ state: SagaState; version: number }>;
  };
  return inTime(`saga/${sagaId}`, saga.announced(start.command.data as SagaStart, at));
}

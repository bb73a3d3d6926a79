/** Sagas: where they stand, and what an operator does about one that waits. */
import { z } from 'zod';
import type { SagaState } from '../../../actors/saga/state.ts';
import type { StepState } from '../../../actors/saga/step.ts';
import { SagaDefinitionName, SagaReason, SagaStatus } from '../../../schemas/saga.ts';
import { AggregateId, Time, Version } from '../../../schemas/scalars.ts';
import { announcedSaga } from '../../announcedSaga.ts';
import { type Env, viewDatabases } from '../../env.ts';
import type { TimeKey } from '../../reads/merged.ts';
import { readSagas, type SagaRow } from '../../reads/sagas.ts';
import type { Backwards } from '../../reads/slice.ts';
import { parkedHeader, readParkedCount, staleSinceField } from '../../reads/stale.ts';
import { cursorOf, nextCursor } from '../cursor.ts';
import { type Route, route } from '../operation.ts';
import { PageLimit } from '../query.ts';
import { SagaReply, type SagaStep } from '../replies.ts';
import {
  commandRoute,
  commandSuccess,
  type Resource,
  type ResourceCommand,
  stateRoute,
} from '../resource.ts';
import { SagasReply } from '../viewReplies.ts';

/** Which sagas are wanted. */
export const SagasQuery = z.strictObject({
  status: SagaStatus.optional().meta({ description: '`PARKED` for those that wait for an operator.' }),
  definition: SagaDefinitionName.optional(),
  from: Time.optional().meta({ description: 'Started at this time or later.' }),
  to: Time.optional().meta({ description: 'Started before this time.' }),
  limit: PageLimit,
  cursor: cursorOf(z.tuple([Version, AggregateId]), 'The `nextCursor` of the page before.').optional(),
});

const getSagas = route(
  {
    method: 'get',
    path: '/v1/sagas',
    operationId: 'getSagas',
    tag: 'Sagas',
    summary: 'Sagas, newest first',
    description: 'From the read model, which follows the logs within seconds.',
    query: SagasQuery,
    success: {
      status: 200,
      description: 'A page of sagas.',
      schema: SagasReply,
      headers: ['X-View-Parked'],
    },
  },
  async (c, { query }) => {
    const [page, parked] = await Promise.all([
      sagasPage(c.env, query),
      readParkedCount(viewDatabases(c.env), 'sagas'),
    ]);
    const reply: SagasReply = { sagas: page.rows.map(sagaSummary), nextCursor: nextCursor(page.next) };
    return c.json(reply, 200, parkedHeader(parked));
  },
);

/** A page of sagas. */
export function sagasPage(
  env: Env,
  { from, to, cursor, ...filter }: z.output<typeof SagasQuery> & Backwards<TimeKey>,
) {
  return readSagas(viewDatabases(env), {
    ...filter,
    from: from === undefined ? undefined : Date.parse(from),
    to: to === undefined ? undefined : Date.parse(to),
    after: cursor,
  });
}

/** A saga as lists show it. */
export function sagaSummary({ startedAt, updatedAt, endedAt, staleSince, ...saga }: SagaRow) {
  return {
    ...saga,
    startedAt: new Date(startedAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
    endedAt: endedAt === null ? null : new Date(endedAt).toISOString(),
    ...staleSinceField({ staleSince }),
  };
}

function sagaReply(sagaId: string, state: SagaState): SagaReply {
  const { definition, definitionVersion, status, reason, startedAt, endedAt, stages } = state;
  if (status === 'UNSTARTED') throw new Error(`saga ${sagaId} has events but was not started`);
  const steps = stages.flat().map(stepReply);
  return { sagaId, definition, definitionVersion, status, reason, startedAt, endedAt, steps };
}

function stepReply({ name, status, attempts, undoAttempts, startedAt, endedAt, error }: StepState): SagaStep {
  return {
    name,
    status,
    attempts,
    ...(undoAttempts === 0 ? {} : { compensationAttempts: undoAttempts }),
    startedAt,
    endedAt,
    ...(error === null ? {} : { error }),
  };
}

const SAGA: Resource = {
  aggregateType: 'saga',
  noun: 'saga',
  tag: 'Sagas',
  path: '/v1/sagas/{id}',
  notFound: 'saga_not_found',
};

/** What an operator does about a saga. */
const OPERATOR_COMMANDS: readonly ResourceCommand[] = [
  {
    resource: 'retry',
    operationId: 'retrySaga',
    summary: 'Let a parked saga try again',
    description: 'Whatever it could neither do nor undo is tried anew, as often as at first.',
    type: 'RetrySaga',
    body: SagaReason,
    success: commandSuccess(202, 'The saga goes on.'),
    refusals: ['saga_not_found', 'saga_not_parked'],
  },
  {
    resource: 'compensate',
    operationId: 'compensateSaga',
    summary: 'Have a saga undone',
    description: 'Everything that it did is undone in reverse, unless the point of no return is passed.',
    type: 'CompensateSaga',
    body: SagaReason,
    success: commandSuccess(202, 'The saga goes back.'),
    refusals: ['saga_not_found', 'saga_ended', 'saga_not_parked', 'saga_past_pivot'],
  },
  {
    resource: 'settle',
    operationId: 'settleSaga',
    summary: 'Say that what a parked saga could not do was taken care of otherwise',
    description:
      'For money that came or went by another way, or is given up: the saga goes on without the capture or the refund that it ' +
      'waits for, which is `SETTLED` then. Whatever else a saga waits for only it can do.',
    type: 'SettleSaga',
    body: SagaReason,
    success: commandSuccess(202, 'The saga goes on.'),
    refusals: ['saga_not_found', 'saga_not_parked', 'step_not_settleable'],
  },
];

export const sagas: readonly Route[] = [
  getSagas,
  stateRoute<SagaState>(SAGA, {
    operationId: 'getSaga',
    description:
      'Step by step. `WAITING`: the command was taken, the event that ends the step is to come. ' +
      '`FAILED`: there was no answer, however often it was tried. `UNDO_FAILED`: an operator is needed. `SETTLED`: one has taken care of it otherwise. A saga whose id ' +
      'was only just given out, and that the queue has still to start, is `RUNNING` with every step `PENDING`, and its ' +
      '`ETag` is `"0"`.',
    schema: SagaReply,
    reply: sagaReply,
    announced: announcedSaga,
  }),
  ...OPERATOR_COMMANDS.map((command) => commandRoute(SAGA, command)),
];

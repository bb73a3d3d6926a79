/** Sagas: where each stands, and what an operator does about one that waits. */
import { z } from 'zod';
import type { SagaState } from '../../../actors/saga/state.ts';
import type { StepState } from '../../../actors/saga/step.ts';
import { SagaReason } from '../../../schemas/saga.ts';
import { AggregateId } from '../../../schemas/scalars.ts';
import { type AggregateActor, actorStub } from '../../aggregates.ts';
import type { Env } from '../../env.ts';
import { type Route, route } from '../operation.ts';
import { ProblemError } from '../problem.ts';
import { SagaReply, type SagaStep } from '../replies.ts';
import { commandRoute, commandSuccess, type Resource, type ResourceCommand } from '../resource.ts';

const SagaParams = z.strictObject({ id: AggregateId.meta({ description: 'The saga.' }) });

function sagaStub(env: Env, sagaId: string): AggregateActor<SagaState> {
  return actorStub(env, { aggregateType: 'saga', aggregateId: sagaId }) as AggregateActor<SagaState>;
}

const getSaga = route(
  {
    method: 'get',
    path: '/v1/sagas/{id}',
    operationId: 'getSaga',
    tag: 'Sagas',
    summary: 'A saga with its steps',
    description:
      "The saga's own state, step by step. `WAITING`: the command was taken, the event that ends the step is to come. " +
      '`FAILED`: there was no answer, however often it was tried. `UNDO_FAILED`: an operator is needed.',
    params: SagaParams,
    success: { status: 200, description: 'The saga.', schema: SagaReply, headers: ['ETag'] },
    problems: ['saga_not_found'],
  },
  async (c, { params: { id } }) => {
    const read = await sagaStub(c.env, id).read();
    if (read === null) throw new ProblemError({ code: 'saga_not_found', detail: `There is no saga ${id}.` });
    return c.json(sagaReply(read.state), 200, { ETag: `"${read.version}"` });
  },
);

function sagaReply(state: SagaState): SagaReply {
  const { sagaId, definition, definitionVersion, status, reason, startedAt, endedAt, stages } = state;
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
];

export const sagas: readonly Route[] = [
  getSaga,
  ...OPERATOR_COMMANDS.map((command) => commandRoute(SAGA, command)),
];

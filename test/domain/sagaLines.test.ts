/** A saga of hundreds of steps that run side by side: what an answer costs must not grow with all the others. */
import { expect, it } from 'vitest';
import type { AnyDecider } from '../../actors/kernel/decider.ts';
import { sagaDecider } from '../../actors/saga/decider.ts';
import { type SagaDefinition, sagaDefinitions } from '../../actors/saga/definitions/definition.ts';
import type { SagaState } from '../../actors/saga/state.ts';
import type { CommandRequest } from '../../schemas/envelope.ts';
import { localCore, localWorld } from '../support/localCore.ts';

const LINES = 300;
const RETRY = { firstMs: 1_000, maxMs: 1_000, attemptsMax: 3 };

/** Fetches every line, and takes all back since nobody pays. `made` counts what was made of the definition. */
function errands() {
  const made = { commands: 0, compensations: 0 };
  const target = (type: string, key: string) => ({
    aggregateType: 'stock',
    aggregateId: key,
    type,
    data: {},
  });
  const definition: SagaDefinition<{ lines: number }> = {
    name: 'errands',
    version: 1,
    description: 'Many errands.',
    stages: [
      [
        {
          name: 'fetch',
          each: ({ lines }) => Array.from({ length: lines }, (_, line) => `${line}`),
          command: ({ key }) => {
            made.commands++;
            return target('Fetch', key);
          },
          timeoutMs: () => 1_000_000,
          retry: RETRY,
          compensation: {
            command: ({ key }) => {
              made.compensations++;
              return target('TakeBack', key);
            },
            retry: RETRY,
          },
        },
      ],
      [{ name: 'pay', command: () => target('Pay', 'bank'), timeoutMs: () => 1_000_000, retry: RETRY }],
    ],
  };
  return { made, decider: sagaDecider(sagaDefinitions([definition])) };
}

/** The decider on states that nobody can change. */
function frozen(decider: AnyDecider): AnyDecider {
  return { ...decider, evolve: (state, event) => freeze(decider.evolve(state, event)) };
}

function freeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
  return value;
}

it('makes each command once, on states that no decision and no event changes', async () => {
  const { made, decider } = errands();
  const world = localWorld();
  const sent: string[] = [];
  world.perform = async ({ effect, request }) => {
    const { type, aggregateId } = request as CommandRequest;
    sent.push(`${type} ${aggregateId}`);
    const refusal = { answer: 'refused', code: 'broke', detail: 'No.', unheard: false };
    return {
      type: 'RecordAnswer',
      data: { effect, answer: type === 'Pay' ? refusal : { answer: 'accepted' } },
    };
  };
  const { core } = localCore<SagaState>(frozen(decider), world);
  const data = { sagaId: 's', definition: 'errands', input: { lines: LINES } };
  const context = { userId: 'u', correlationId: 'r', causationId: null };
  await core.execute([{ commandId: 'start', type: 'StartSaga', data }], context);
  while (core.read()?.state.status !== 'COMPENSATED') await new Promise((resolve) => setImmediate(resolve));
  expect(made).toEqual({ commands: LINES, compensations: LINES });
  expect(new Set(sent).size).toBe(sent.length);
  expect(sent).toHaveLength(2 * LINES + 1);
  const { version, state } = core.aggregate.current();
  expect(core.aggregate.stateFromEvents(version).state, 'from the log alone').toEqual(state);
});

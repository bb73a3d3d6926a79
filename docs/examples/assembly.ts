/** The saga of the guide (docs/sagas.md): puts sets together, taking their parts from the stock. A test runs it. */
import type { RetryPolicy, SagaDefinition, StepContext } from '../../actors/saga/definitions/definition.ts';

/** What a saga is started with: it is stored in its first event, and no more of the world is known to it. */
export interface AssemblyInput {
  readonly assemblyId: string;
  readonly setId: string;
  readonly sets: string;
  readonly parts: readonly { readonly productId: string; readonly units: string }[];
}

const RETRY: RetryPolicy = { firstMs: 500, maxMs: 60_000, attemptsMax: 50 };
const HOUR_MS = 3_600_000;
const USUAL = { timeoutMs: () => HOUR_MS, retry: RETRY };

const each = ({ parts }: AssemblyInput) => parts.map(({ productId }) => productId);

/** A command about the part that the step's key names. */
function partCommand({ input, key }: StepContext<AssemblyInput>, type: string, more: object = {}) {
  const data = { reservationId: `${input.assemblyId}-${key}`, ...more };
  return { aggregateType: 'inventory', aggregateId: key, type, data };
}

export const assembly: SagaDefinition<AssemblyInput> = {
  name: 'assembly',
  version: 1,
  description: 'Takes parts out of the stock and puts sets of them in.',
  stages: [
    [
      {
        name: 'reserve-part',
        each,
        command: (context) => {
          const part = context.input.parts.find(({ productId }) => productId === context.key);
          return partCommand(context, 'ReserveStock', { quantity: part?.units });
        },
        ...USUAL,
        compensation: {
          command: (context) => partCommand(context, 'ReleaseReservation', { reason: context.reason }),
          retry: RETRY,
          undoneOn: ['inventory_not_found'],
        },
      },
    ],
    // From here on there is no way back: parts that were taken are part of something.
    [{ name: 'use-part', pivot: true, each, command: (c) => partCommand(c, 'CommitReservation'), ...USUAL }],
    [
      {
        name: 'receive-sets',
        command: ({ input: { assemblyId, setId, sets } }) => {
          const data = { quantity: sets, reference: assemblyId };
          return { aggregateType: 'inventory', aggregateId: setId, type: 'ReceiveStock', data };
        },
        ...USUAL,
      },
    ],
  ],
};

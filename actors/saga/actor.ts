/** The saga as a Durable Object: one object a saga, named by its id. Its steps are commands to other aggregates. */
import { AGGREGATES, isAggregateType } from '../../schemas/aggregates.ts';
import type { CommandTarget, Metadata } from '../../schemas/envelope.ts';
import { placeOf } from '../../schemas/location.ts';
import type { ActorEnv } from '../env.ts';
import { commandSender } from '../kernel/commandSender.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import type { Source } from '../kernel/messages.ts';
import { announcedState, type SagaStart } from './announced.ts';
import { type SagaState, sagaDecider } from './decider.ts';
import { DEFINITIONS } from './definitions/index.ts';

export class SagaActor extends EventSourcedActor<SagaState> {
  #startedBy: string | undefined;

  constructor(ctx: DurableObjectState, env: ActorEnv) {
    const send = commandSender({
      execute: (target, commands, context) => targetOf(env, target).execute(commands, context),
      correlationId: () => this.#correlationId(),
    });
    super(ctx, env, sagaDecider(DEFINITIONS), send);
  }

  /** The saga as it is or, before it has begun, as it will begin: then of version 0. `at`: when that was asked for, RFC 3339. */
  announced(start: SagaStart, at: string): { state: SagaState; version: number } {
    return this.core.read() ?? { state: announcedState(start, at, DEFINITIONS), version: 0 };
  }

  /** The request that started the saga: every command goes out under it. */
  #correlationId(): string {
    if (this.#startedBy === undefined) {
      const [first] = JSON.parse(this.core.events(1, 1)) as [{ metadata: Metadata }];
      this.#startedBy = first.metadata.correlationId;
    }
    return this.#startedBy;
  }
}

function targetOf(env: ActorEnv, { aggregateType, aggregateId }: Source): CommandTarget {
  if (!isAggregateType(aggregateType)) throw new Error(`no actor for aggregate type ${aggregateType}`);
  return env[AGGREGATES[aggregateType].binding].getByName(aggregateId, placeOf(env));
}

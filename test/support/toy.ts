/** The toy aggregate as a Durable Object on the real kernel. Its queue and its directory do what a test tells them. */
import type { ActorEnv } from '../../actors/env.ts';
import { EventSourcedActor } from '../../actors/kernel/eventSourcedActor.ts';
import { type ToyState, toyDecider } from './toyDecider.ts';

/** What a toy's queue and directory do, and what they were sent. Tests share its isolate, so they set it. */
export interface ToyWorld {
  /** Sends that fail before one works. */
  failures: number;
  readonly sent: string[];
  readonly registered: string[];
  /** What a registration fails with; none where it is undefined. */
  directoryFault?: Error | undefined;
}

const worlds = new Map<string, ToyWorld>();

/** The world of the toy of an id: each has its own, so that what one test left running does not reach another. */
export function toyWorld(id: string): ToyWorld {
  const world = worlds.get(id) ?? { failures: 0, sent: [], registered: [] };
  worlds.set(id, world);
  return world;
}

/** The toy as a Durable Object. */
export class ToyActor extends EventSourcedActor<ToyState> {
  constructor(ctx: DurableObjectState, env: ActorEnv) {
    super(ctx, { ...env, ...toyBindings(toyWorld(ctx.id.name ?? '')) }, toyDecider);
  }
}

function toyBindings(world: ToyWorld) {
  return {
    VIEWS_QUEUE: {
      async sendBatch(messages: Iterable<MessageSendRequest<string>>) {
        if (world.failures > 0) {
          world.failures--;
          throw new Error('the queue is full');
        }
        for (const { body } of messages) world.sent.push(body);
      },
    } as unknown as Queue<string>,
    DIRECTORY: {
      getByName: () => ({
        register: async (_type: string, id: string) => {
          if (world.directoryFault !== undefined) throw world.directoryFault;
          world.registered.push(id);
        },
      }),
    } as never as ActorEnv['DIRECTORY'],
  };
}

/** The payment as a Durable Object: one object a payment, named by its id. Its effects are calls of the provider. */
import { performCall } from '../../payments/provider.ts';
import { paymentProviders, providerChoice } from '../../payments/providers.ts';
import { partOf, SANDBOX_PARTS, sandboxName } from '../../schemas/partition.ts';
import type { ActorEnv } from '../env.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import { type PaymentState, paymentDecider } from './decider.ts';

export class PaymentActor extends EventSourcedActor<PaymentState> {
  constructor(ctx: DurableObjectState, env: ActorEnv) {
    const paymentId = ctx.id.name ?? '';
    const providers = paymentProviders(env, {
      bank: (call) =>
        env.SANDBOX.getByName(sandboxName(partOf(paymentId, SANDBOX_PARTS))).perform(call, paymentId),
      fetch: (url, init) => fetch(url, init),
    });
    super(ctx, env, paymentDecider(providerChoice(env)), ({ request }) =>
      performCall(providers, paymentId, request),
    );
  }
}

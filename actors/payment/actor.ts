/** The payment as a Durable Object: one object a payment, named by its id. Its effects are calls of the provider. */
import { performCall } from '../../payments/provider.ts';
import { paymentProviders, providerChoice } from '../../payments/providers.ts';
import { placeOf } from '../../schemas/location.ts';
import { partOf, SANDBOX_PARTS, sandboxName } from '../../schemas/partition.ts';
import type { Encrypted, OpenAnswer } from '../../schemas/personal.ts';
import type { ActorEnv } from '../env.ts';
import { EventSourcedActor } from '../kernel/eventSourcedActor.ts';
import { type PaymentState, paymentDecider } from './decider.ts';
import { paymentPersonal } from './personal.ts';

export class PaymentActor extends EventSourcedActor<PaymentState> {
  constructor(ctx: DurableObjectState, env: ActorEnv) {
    const paymentId = ctx.id.name ?? '';
    const providers = paymentProviders(env, {
      bank: (call) => {
        const books = sandboxName(partOf(paymentId, SANDBOX_PARTS));
        return env.SANDBOX.getByName(books, placeOf(env)).perform(call, paymentId);
      },
      fetch: (url, init) => fetch(url, init),
    });
    const subjectOf = (subject: string) => env.SUBJECTS.getByName(subject, placeOf(env));
    const open = async (token: Encrypted) => {
      const [answer] = await subjectOf(token.$enc.subject).open([{ kind: 'paymentToken', encrypted: token }]);
      return answer as OpenAnswer;
    };
    super(
      ctx,
      env,
      paymentDecider(providerChoice(env)),
      ({ request }, _, again) => performCall({ providers, open }, paymentId, request, again),
      {
        personal: {
          ...paymentPersonal,
          seal: (subject, ...values) => subjectOf(subject).seal(...values),
        },
      },
    );
  }
}

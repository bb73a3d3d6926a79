/** The pacing of what this Worker does in the background or for a long while. */
import { Pacing } from '../queues/kernel/pacing.ts';
import type { Env } from './env.ts';
import { gatewayOf } from './http/gateway.ts';

/** A pacing for one piece of work, which is itself so many of the requests in flight: none where no request has asked for it. */
export function pacingOf(env: Env, ownRequests: 0 | 1): Pacing {
  const { admission } = gatewayOf(env);
  return new Pacing({
    now: () => Date.now(),
    pause: () => new Promise<void>((resolve) => void setTimeout(resolve, 0)),
    isAwaited: () => admission.requests > ownRequests,
    taken: () => admission.taken,
  });
}

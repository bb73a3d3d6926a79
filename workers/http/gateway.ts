/** What one isolate remembers about its callers: who they are, and how much they have asked for. */
import type { Context } from 'hono';
import { rateLimiters } from '../../actors/ambient/rateLimiters.ts';
import type { ServiceKeyState } from '../../actors/serviceKey/decider.ts';
import { IS_LOCAL } from '../../schemas/localRun.ts';
import { createLogger, errorFields } from '../../telemetry/logger.ts';
import { Authenticator } from '../access/authenticator.ts';
import { Denials } from '../access/denials.ts';
import { ownerOf } from '../aggregates.ts';
import type { Env } from '../env.ts';
import { Admission } from '../limits/admission.ts';
import { Allowances } from '../limits/allowances.ts';
import { RefusedAddresses } from '../limits/failures.ts';
import { HeldAnswers } from '../limits/heldAnswers.ts';
import { type Quota, quotaFaults, quotas } from '../limits/quotas.ts';
import type { HttpEnv } from './context.ts';

/** Everything that stands between a request and its route. */
export interface Gateway {
  readonly authenticator: Authenticator;
  readonly refusedAddresses: RefusedAddresses;
  readonly allowances: Allowances;
  readonly quotas: { readonly client: Quota; readonly account: Quota };
  readonly admission: Admission;
  readonly heldAnswers: HeldAnswers;
  readonly denials: Denials;
}

/** One for each set of bindings: an isolate has one for as long as it lives. */
const gateways = new WeakMap<Env, Gateway>();

/** The isolate's gateway. */
export function gatewayOf(env: Env): Gateway {
  const known = gateways.get(env);
  if (known !== undefined) return known;
  const logger = createLogger('gateway', env.LOG_LEVEL);
  for (const fault of quotaFaults({ ...env })) logger.log('warn', fault);
  const now = () => Date.now();
  const gateway: Gateway = {
    authenticator: new Authenticator(env, {
      now,
      fetchKeys: (url, init) => fetch(url, init),
      findServiceKey: (keyId) => findServiceKey(env, keyId),
      isLocal: IS_LOCAL,
    }),
    refusedAddresses: new RefusedAddresses(),
    allowances: new Allowances({
      now,
      takeLease: rateLimiters(env.RATE_LIMITERS),
      onFailure: (error) => logger.log('warn', 'a rate limiter does not answer', errorFields(error)),
    }),
    quotas: quotas(env),
    admission: new Admission(now),
    heldAnswers: new HeldAnswers(now),
    denials: new Denials(),
  };
  gateways.set(env, gateway);
  return gateway;
}

async function findServiceKey(env: Env, keyId: string): Promise<ServiceKeyState | undefined> {
  const read = await ownerOf<ServiceKeyState>(env, {
    aggregateType: 'serviceKey',
    aggregateId: keyId,
  }).read();
  return read?.state;
}

/** Lets work go on after the request was answered. It must not reject. */
export function goOn(c: Context<HttpEnv>, work: Promise<void> | undefined): void {
  if (work === undefined) return;
  try {
    c.executionCtx.waitUntil(work);
  } catch {
    // Without an execution context nothing ends when the request does.
  }
}

/** How much a caller may ask for, and how much of it at a time: the rest is refused before it costs anything. */
import type { Context, MiddlewareHandler, Next } from 'hono';
import { HELD_BYTES_MIN } from '../../limits/heldAnswers.ts';
import { networkOf } from '../../limits/networks.ts';
import { BATCH_BYTES_MAX } from '../body.ts';
import type { HttpEnv } from '../context.ts';
import { gatewayOf, goOn } from '../gateway.ts';
import { ProblemError } from '../problem.ts';
import { quotaHeaders, rateLimited, takeUnits } from '../quota.ts';

/** Ends the request with 429 where the client's quota is spent, with 503 where too much is in flight. */
export const limits: MiddlewareHandler<HttpEnv> = async function limits(c, next) {
  const { quotas } = gatewayOf(c.env);
  const { userId } = c.get('principal');
  const allowed = takeUnits(c, userId, 1, quotas.client);
  if (allowed.granted === 0) throw rateLimited(quotas.client, allowed);
  await admitted(c, userId, next);
  const told = quotaHeaders(quotas.client, allowed);
  for (const name of Object.keys(told)) {
    if (!c.res.headers.has(name)) c.res.headers.set(name, told[name] as string);
  }
};

/** Bounds requests of whoever shows no token but a signature: until it was read, everybody might have sent it. */
export const strangers: MiddlewareHandler<HttpEnv> = async function strangers(c, next) {
  await admitted(c, `stranger at ${networkOf(c.req.header('CF-Connecting-IP') ?? 'no address')}`, next);
};

/**
 * Goes on with a request that there is room for, and gives the room back. The request is worked on to its end also where its client
 * goes away: the platform would else stop it in the middle, and what comes after that would never run.
 */
async function admitted(c: Context<HttpEnv>, client: string, next: Next): Promise<void> {
  const { admission, heldAnswers } = gatewayOf(c.env);
  heldAnswers.expire();
  const stay = admission.enter(client, announcedBytes(c.req.header('Content-Length')));
  if (stay === undefined) throw overloaded();
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  goOn(c, ended);
  let made = 0;
  c.set('takeBytes', (more) => {
    // A body that was given up may still come: its stay is over.
    if (!stay.grow(more)) throw overloaded();
    made += more;
  });
  let isHeld = false;
  try {
    await next();
    if (made >= HELD_BYTES_MIN && isWhole(c.res)) {
      const body = new Uint8Array(await c.res.arrayBuffer());
      stay.remain();
      c.res = new Response(ofLength(heldAnswers.hold(body, stay.leave), body.byteLength), c.res);
      isHeld = true;
    }
  } finally {
    if (!isHeld) stay.leave();
    end();
  }
}

/** The same stream, whose length is known: without it the answer would come in chunks, and its client could not tell how much is to come. */
function ofLength(stream: ReadableStream<Uint8Array>, length: number): ReadableStream<Uint8Array> {
  const { readable, writable } = new FixedLengthStream(length);
  // Where either side ends early, so does the other: whoever waits is told by that.
  stream.pipeTo(writable).catch(() => undefined);
  return readable;
}

/** Whether the answer has a body that was made as a whole: a stream of events holds no more than its next one. */
function isWhole({ body, headers }: Response): boolean {
  return body !== null && headers.get('Content-Type') !== 'text/event-stream';
}

function overloaded(): ProblemError {
  const detail = 'Too much is being worked on now. The same request may be sent again.';
  return new ProblemError({ code: 'overloaded', detail });
}

/**
 * Bytes that a body may take up. Without an announced length they are taken as they come. What is announced beyond the largest
 * of the bodies' own limits is refused by those, not for want of room.
 */
function announcedBytes(header: string | undefined): number {
  const announced = Number(header ?? 0);
  return Number.isFinite(announced) ? Math.min(Math.max(announced, 0), BATCH_BYTES_MAX) : BATCH_BYTES_MAX;
}

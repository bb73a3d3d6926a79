/** Bodies that nobody has read, since the request was refused before that, are taken in before the answer goes. */
import type { MiddlewareHandler } from 'hono';
import { BATCH_BYTES_MAX } from '../body.ts';
import type { HttpEnv } from '../context.ts';

/**
 * Bytes of a refused body that are taken in: twice the largest batch, so that whoever sends somewhat too much, or a whole batch
 * with a token that has ended, hears why. They are dropped as they come, chunk by chunk.
 */
export const UNREAD_BYTES_MAX = 2 * BATCH_BYTES_MAX;

/** Milliseconds that the rest of a body is waited for: it is on its way, or its sender waits for the answer. */
const REST_MS_MAX = 1_000;

/**
 * Takes in what a refused request still sends. The runtime closes a connection whose request has not come to its end when it is
 * answered (RFC 9112, 9.3 wants it read or closed); a client that sends the body after the headers then fails at writing, and
 * never sees why it was refused. What is larger still, by what it says or by what has come, is not worth its way here.
 */
export const unreadBody: MiddlewareHandler<HttpEnv> = async function unreadBody(c, next) {
  await next();
  const { bodyUsed, body } = c.req.raw;
  if (bodyUsed || body === null) return;
  if (Number(c.req.header('Content-Length') ?? 0) <= UNREAD_BYTES_MAX) await discard(body);
};

async function discard(body: ReadableStream<Uint8Array>): Promise<void> {
  const reader = body.getReader();
  const timer = setTimeout(() => void reader.cancel().catch(ignore), REST_MS_MAX);
  try {
    for (let bytes = 0; bytes <= UNREAD_BYTES_MAX; ) {
      const { done, value } = await reader.read();
      if (done) return;
      bytes += value.byteLength;
    }
  } catch {
    // A connection that broke, or chunks that are none: whoever sent them hears no answer anyway.
  } finally {
    clearTimeout(timer);
  }
}

function ignore(): void {
  // Likewise.
}

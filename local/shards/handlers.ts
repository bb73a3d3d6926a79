/** Whether the handlers of a shard have answered all that they were asked. */
import { DEFAULT_HOST } from '../types.ts';
import { SHARD_HEADER, shardHeader } from './header.ts';
import type { Shards } from './options.ts';

/** Times in a row that they are said to be at nothing: the first two may have been said before nothing more was accepted. */
const IDLE_TIMES = 3;

/** How long a shard may take to say something: as long as it may take to answer what it was asked. */
const ANSWER_MS = 3_000;

/**
 * Begins to watch the handlers of a shard, which must still accept requests. What it answers resolves when they are at nothing any
 * more. Undefined where the shard does not answer.
 */
export async function watchHandlers(
  { ports, secret }: Shards,
  shard: number,
): Promise<(() => Promise<void>) | undefined> {
  const headers = { [SHARD_HEADER]: shardHeader(secret) };
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), ANSWER_MS);
  try {
    const { body } = await fetch(`http://${DEFAULT_HOST}:${ports[shard]}/`, { headers, signal: late.signal });
    return body === null ? undefined : () => idle(body);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

/** Resolves too where the shard ends meanwhile. Leaving the loop gives up the connection, which the shard would wait for. */
async function idle(counts: ReadableStream<Uint8Array>): Promise<void> {
  let times = 0;
  try {
    for await (const text of counts.pipeThrough(new TextDecoderStream())) {
      for (const count of text.trim().split('\n')) times = count === '0' ? times + 1 : 0;
      if (times >= IDLE_TIMES) return;
    }
  } catch {
    // It has ended.
  }
}

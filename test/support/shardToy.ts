/** A Worker of one small class of objects, for tests of what becomes of calls between shards. */
import { DurableObject } from 'cloudflare:workers';
import type { Env } from '../../workers/env.ts';

/** Names that begin so are of objects that take a while to wake. */
const SLOW = 'slow';

const WAKING_MS = 150;

/** Sizes of what goes with calls, in characters: small ones overtake large ones wherever something lets them. */
const SIZES = [10, 3_000_000, 10, 10, 200_000, 10];

/** Longer than any test holds a request. */
const HELD_MS_MAX = 60_000;

/** Calls that are made in one turn. */
const CALLS_A_TURN = 17;

export class Toy extends DurableObject {
  readonly #noted: number[] = [];

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env as never);
    if (!ctx.id.name?.startsWith(SLOW)) return;
    ctx.blockConcurrencyWhile(() => new Promise((resolve) => void setTimeout(resolve, WAKING_MS)));
  }

  note(number: number, _load: string): void {
    this.#noted.push(number);
  }

  noted(): readonly number[] {
    return this.#noted;
  }

  async hold(): Promise<void> {
    await scheduler.wait(HELD_MS_MAX);
  }

  fail(): never {
    throw Object.assign(new TypeError('as it must'), { retryable: true });
  }

  /** Asked for a path, it does what the Worker would: that of a shard takes requests in the first alone. */
  override async fetch(request: Request): Promise<Response> {
    if (new URL(request.url).pathname !== '/') return await answer(request, this.env as ToyEnv);
    return new Response(`${this.ctx.id.name} was asked ${await request.text()}`);
  }
}

interface ToyEnv extends Pick<Env, 'ALSO_READY'> {
  readonly TOYS: DurableObjectNamespace<Toy>;
  readonly QUEUE: Queue<string>;
}

/** What was noted of calls that were made without waiting for one another. */
async function noted({ TOYS }: ToyEnv, name: string, count: number): Promise<readonly number[]> {
  const stub = TOYS.getByName(name);
  const calls: Promise<void>[] = [];
  for (let number = 0; number < count; number++) {
    calls.push(stub.note(number, 'x'.repeat(SIZES[number % SIZES.length] as number)));
    if (number % CALLS_A_TURN === CALLS_A_TURN - 1)
      await new Promise((resolve) => void setTimeout(resolve, 0));
  }
  await Promise.all(calls);
  return await stub.noted();
}

async function failureOf(ask: () => Promise<void>): Promise<object> {
  try {
    await ask();
    return {};
  } catch (error) {
    const { name: kind, message, remote, retryable } = error as Error & Record<string, unknown>;
    return { kind, message, remote, retryable };
  }
}

async function send({ QUEUE }: ToyEnv, body: string): Promise<void> {
  await QUEUE.sendBatch([{ body, contentType: 'text' }]);
}

/** Who does not answer of those that have to for the platform to be ready. */
async function silent({ ALSO_READY = [] }: ToyEnv): Promise<string[]> {
  const answers = await Promise.allSettled(ALSO_READY.map((other) => other.answer()));
  return ALSO_READY.filter((_, index) => answers[index]?.status === 'rejected').map(({ name }) => name);
}

let isHolding = false;
let told = Promise.withResolvers<void>();

/** Answers when another request tells it to go on. */
async function hold({ TOYS }: ToyEnv): Promise<Response> {
  isHolding = true;
  // A request that waits for another alone would be taken for one that hangs.
  await Promise.race([told.promise, TOYS.getByName('holding').hold()]);
  return new Response('held');
}

function goOn(): Response {
  isHolding = false;
  told.resolve();
  told = Promise.withResolvers<void>();
  return new Response('gone on');
}

async function answer(request: Request, env: ToyEnv): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url);
  if (pathname === '/hold') return await hold(env);
  if (pathname === '/is-holding') return Response.json(isHolding);
  if (pathname === '/go-on') return goOn();
  const name = searchParams.get('name') ?? '';
  if (pathname === '/noted') return Response.json(await noted(env, name, Number(searchParams.get('count'))));
  if (pathname === '/failure') return Response.json(await failureOf(() => env.TOYS.getByName(name).fail()));
  if (pathname === '/send') return Response.json(await failureOf(() => send(env, name)));
  if (pathname === '/silent') return Response.json(await silent(env));
  return env.TOYS.getByName(name).fetch(request);
}

export default {
  fetch: answer,

  async queue({ messages }: MessageBatch<string>, { TOYS }: ToyEnv): Promise<void> {
    for (const { body } of messages) await TOYS.getByName(body).note(1, '');
  },
};

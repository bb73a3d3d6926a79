/**
 * What makes a Worker one shard of several: its objects and handlers get an environment whose namespaces reach into the other
 * shards, and an entry point lets those reach into this one. The bundle of a sharded server begins with it (`shardedEntry`).
 */
import { RpcTarget, WorkerEntrypoint } from 'cloudflare:workers';
import type { Env } from '../../workers/env.ts';
import { SHARD_HEADER, shardHeader } from './header.ts';
import {
  type ObjectNamespace,
  type ObjectStub,
  type Peer,
  type Place,
  type ProducedQueue,
  type RemoteObject,
  remoteQueue,
  ShardedNamespace,
} from './namespace.ts';
import { bindingOf, FIRST_SHARD } from './ownership.ts';

/** What `options.ts` binds for it. */
export interface ShardEnv {
  readonly SHARD: {
    readonly shard: number;
    readonly shards: number;
    /** Bindings of the namespaces. */
    readonly namespaces: readonly string[];
    /** Bindings of the queues, which the first shard has. */
    readonly queues: readonly string[];
    /** What the shards of one server know each other by. */
    readonly secret: string;
  };
}

/** The other end of a binding to another shard. */
type ShardBinding = Fetcher & {
  object(secret: string, object: RemoteObject): CalledObject & Disposable;
  enqueue(secret: string, queue: string, messages: readonly object[], options?: object): Promise<unknown>;
  ready(secret: string): Promise<unknown>;
};

/** Interval at which whoever asks is told what the handlers are at: little beside what a stop takes anyway. */
const TOLD_MS = 20;

/** What the handlers of this shard are at. */
let atWork = 0;

const known = new WeakMap<object, ShardEnv>();

/** The environment with every namespace spread over the shards; the same one for the same one. */
function shardedEnv<Given extends ShardEnv>(env: Given): Given {
  const before = known.get(env);
  if (before !== undefined) return before as Given;
  const { shard, shards, namespaces, queues, secret } = env.SHARD;
  const bindings = env as unknown as Readonly<Record<string, unknown>>;
  const place = {
    shard,
    shards,
    peer: (owner: number) => peerOf(bindings[bindingOf(owner)] as ShardBinding, secret),
  };
  const sharded = Object.fromEntries(
    namespaces.map((name) => [name, new ShardedNamespace(name, bindings[name] as ObjectNamespace, place)]),
  );
  const produced = shard === FIRST_SHARD ? [] : queues;
  const remote = produced.map((name) => [name, remoteQueue(name, place.peer(FIRST_SHARD))]);
  const made = { ...env, ...sharded, ...Object.fromEntries(remote), ALSO_READY: otherShards(place) };
  known.set(env, made);
  return made;
}

/** The other shards as what `/readyz` asks beside the bindings: an object that it asks tells of its own shard alone. */
function otherShards({ shard, shards, peer }: Place): Env['ALSO_READY'] {
  return Array.from({ length: shards }, (_, other) => other)
    .filter((other) => other !== shard)
    .map((other) => ({ name: `shard ${other}`, answer: () => peer(other).ready() }));
}

function peerOf(binding: ShardBinding, secret: string): Peer {
  return {
    open(object) {
      // Not waited for: the calls go out behind it, and wait for it there.
      const called = binding.object(secret, object);
      return {
        call: async (method, args) => await called.call(method, args),
        close: () => called[Symbol.dispose](),
      };
    },
    fetch(object, request) {
      request.headers.set(SHARD_HEADER, shardHeader(secret, object));
      return binding.fetch(request);
    },
    enqueue: (queue, messages, options) => binding.enqueue(secret, queue, messages, options),
    ready: async () => await binding.ready(secret),
  };
}

// biome-ignore lint/suspicious/noExplicitAny: TypeScript asks for it of a class that is mixed in.
type ObjectClass = new (...args: any[]) => object;

/** A class of objects as a shard has it. */
export function shardedObject<Class extends ObjectClass>(Base: Class): Class {
  return class extends Base {
    // biome-ignore lint/suspicious/noExplicitAny: see above
    constructor(...args: any[]) {
      const [ctx, env] = args as [unknown, ShardEnv];
      super(ctx, shardedEnv(env));
    }
  };
}

interface HandlerContext {
  waitUntil(work: Promise<unknown>): void;
}

type Handler = (event: unknown, env: ShardEnv, ctx: HandlerContext) => unknown;

/**
 * The handlers of a Worker as a shard has them. Those of the first alone are there: the others have a port of Miniflare's own as well,
 * by which every program of the machine would reach them.
 */
export function shardedHandlers(handlers: object): object {
  return Object.fromEntries(
    Object.entries(handlers as Readonly<Record<string, Handler>>).map(([name, handle]) => [
      name,
      async (event: unknown, env: ShardEnv, ctx: HandlerContext) => {
        if (env.SHARD.shard !== FIRST_SHARD) return new Response(null, { status: 404 });
        const work = counted(() => handle(event, shardedEnv(env), ctx));
        // The runtime stops a handler whose client goes away, and what stands behind its next `await` never runs.
        ctx.waitUntil(work.catch(() => undefined));
        return await work;
      },
    ]),
  );
}

async function counted(work: () => unknown): Promise<unknown> {
  atWork++;
  try {
    return await work();
  } finally {
    atWork--;
  }
}

/** An object of this shard as a stub of another has it: one stub of ours for all of its calls, so that they keep their order. */
class CalledObject extends RpcTarget {
  readonly #stub: ObjectStub;

  constructor(stub: ObjectStub) {
    super();
    this.#stub = stub;
  }

  /** Calls a method of the object. Throws where there is none of that name. */
  call(method: string, args: readonly unknown[]): unknown {
    return (this.#stub[method] as (...args: unknown[]) => unknown)(...args);
  }
}

/** The way into this shard from the others. Its socket is open to every program of the machine, hence the secret. */
export class ShardObjects extends WorkerEntrypoint<ShardEnv> {
  /** An object of this shard, to be called. Throws where the secret is wrong or there is no such namespace. */
  object(secret: string, object: RemoteObject): CalledObject {
    return new CalledObject(this.#stub(secret, object));
  }

  /** Puts messages into a queue of this shard. Throws where the secret is wrong or there is no such queue. */
  enqueue(secret: string, queue: string, messages: readonly object[], options?: object): Promise<unknown> {
    this.#check(secret);
    if (!this.env.SHARD.queues.includes(queue)) throw new Error(`no queue is called ${queue}`);
    return (this.#bindings[queue] as ProducedQueue).sendBatch(messages, options);
  }

  /** That it answers is what is asked for. Throws where the secret is wrong. */
  ready(secret: string): void {
    this.#check(secret);
  }

  /** A request of an object of this shard; where none is named, it is to be told what the handlers are at. */
  override fetch(request: Request): Response | Promise<Response> {
    const { secret, ...object } = objectOf(request.headers.get(SHARD_HEADER));
    if (!this.#isSecret(secret)) return new Response(null, { status: 404 });
    if (object.binding === undefined) return new Response(handlersAtWork(request.body));
    return this.#stub(secret, object as RemoteObject).fetch(request);
  }

  #stub(secret: string, { binding, name }: RemoteObject): ObjectStub {
    this.#check(secret);
    if (!this.env.SHARD.namespaces.includes(binding)) throw new Error(`no namespace is called ${binding}`);
    return (this.#bindings[binding] as ObjectNamespace).getByName(name);
  }

  get #bindings() {
    return this.env as unknown as Readonly<Record<string, unknown>>;
  }

  #check(secret: string): void {
    if (!this.#isSecret(secret)) throw new Error('not a shard of this server');
  }

  #isSecret(given: unknown): given is string {
    if (typeof given !== 'string') return false;
    const encoder = new TextEncoder();
    const [a, b] = [encoder.encode(given), encoder.encode(this.env.SHARD.secret)];
    return a.byteLength === b.byteLength && crypto.subtle.timingSafeEqual(a, b);
  }
}

/** Says it again and again once something comes from who asks. */
function handlersAtWork(question: ReadableStream<Uint8Array> | null): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  const reader = question?.getReader();
  let isAsked = false;
  return new ReadableStream({
    async pull(controller) {
      await (isAsked ? scheduler.wait(TOLD_MS) : reader?.read());
      isAsked = true;
      controller.enqueue(encoder.encode(`${atWork}\n`));
    },
  });
}

function objectOf(header: string | null): Partial<RemoteObject> & { readonly secret?: unknown } {
  try {
    return JSON.parse(decodeURIComponent(header ?? 'null')) ?? {};
  } catch {
    return {};
  }
}

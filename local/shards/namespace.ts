import { ownerOf } from './ownership.ts';

/** As much of a Durable Object's stub as is used of one whose class is not known. */
export interface ObjectStub {
  fetch(request: Request): Promise<Response>;
  readonly [method: string]: (...args: never[]) => unknown;
}

/** As much of a namespace as the product and its libraries use. */
export interface ObjectNamespace {
  getByName(name: string, options?: object): ObjectStub;
  idFromName(name: string): { readonly name?: string };
  get(id: { readonly name?: string }, options?: object): ObjectStub;
}

/** Names an object of another shard. */
export interface RemoteObject {
  /** Binding of its namespace. */
  readonly binding: string;
  readonly name: string;
}

/** An object of another shard, which takes calls in the order in which they are made. */
export interface RemoteCalls {
  call(method: string, args: readonly unknown[]): Promise<unknown>;
  close(): void;
}

/** As much of a queue as its producers use. */
export interface ProducedQueue {
  send(body: unknown, options?: object): Promise<unknown>;
  sendBatch(messages: Iterable<object>, options?: object): Promise<unknown>;
}

/** Another shard, as it is reached from this one. */
export interface Peer {
  /** Begins to call an object there. Two that were opened at a time have no order between them. */
  open(object: RemoteObject): RemoteCalls;
  /** Sends an object there a request, for a socket too. */
  fetch(object: RemoteObject, request: Request): Promise<Response>;
  /** Puts messages into a queue that is there. Resolves when it has them. */
  enqueue(binding: string, messages: readonly object[], options?: object): Promise<unknown>;
  /** Resolves when it has answered. */
  ready(): Promise<unknown>;
}

/** Where a shard stands among all. */
export interface Place {
  readonly shard: number;
  readonly shards: number;
  peer(shard: number): Peer;
}

/**
 * A namespace whose objects are spread over shards by their names: those of this shard are asked for as ever, those of another
 * through it. As with any namespace, calls on one stub arrive in the order in which they were made, and those on two need not.
 */
export class ShardedNamespace implements ObjectNamespace {
  readonly #binding: string;
  readonly #here: ObjectNamespace;
  readonly #place: Place;

  constructor(binding: string, here: ObjectNamespace, place: Place) {
    this.#binding = binding;
    this.#here = here;
    this.#place = place;
  }

  getByName(name: string, options?: object): ObjectStub {
    const { shard, shards, peer } = this.#place;
    const owner = ownerOf(name, shards);
    if (owner === shard) return this.#here.getByName(name, options);
    return remoteStub({ binding: this.#binding, name }, peer(owner));
  }

  idFromName(name: string): { readonly name?: string } {
    return this.#here.idFromName(name);
  }

  /** Throws for an id that was not made of a name: nobody knows whose object that is. */
  get({ name }: { readonly name?: string }, options?: object): ObjectStub {
    if (name === undefined) throw new Error(`${this.#binding}: only objects with names are in shards`);
    return this.getByName(name, options);
  }
}

/** Whatever is called on it, the other shard calls on the object. */
function remoteStub(object: RemoteObject, peer: Peer): ObjectStub {
  const calls = new CallsInOrder(() => peer.open(object));
  const fetch = (input: RequestInfo | URL, init?: RequestInit) =>
    peer.fetch(object, new Request(input, init));
  return new Proxy({} as ObjectStub, {
    get(_, method) {
      // A stub with a method of that name would be taken for a promise, and never be there.
      if (typeof method !== 'string' || method === 'then') return undefined;
      if (method === 'fetch') return fetch;
      return (...args: unknown[]) => calls.call(method, args);
    },
  });
}

/**
 * What is on its way at a time goes one way, which is closed when all is answered: calls that each find their own way
 * overtake each other while the connection is made, as after a restart of the other runtime.
 */
class CallsInOrder {
  readonly #open: () => RemoteCalls;
  #way: RemoteCalls | undefined;
  #unanswered = 0;

  constructor(open: () => RemoteCalls) {
    this.#open = open;
  }

  async call(method: string, args: readonly unknown[]): Promise<unknown> {
    this.#way ??= this.#open();
    this.#unanswered++;
    try {
      return await this.#way.call(method, args);
    } finally {
      this.#unanswered--;
      if (this.#unanswered === 0) {
        this.#way.close();
        this.#way = undefined;
      }
    }
  }
}

/** A queue of another shard: a message is in it once it says so, and is sent again otherwise. */
export function remoteQueue(binding: string, peer: Peer): ProducedQueue {
  return {
    send: (body, options) => peer.enqueue(binding, [{ body, ...options }]),
    sendBatch: (messages, options) => peer.enqueue(binding, [...messages], options),
  };
}

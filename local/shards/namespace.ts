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

/** Another shard, as it is reached from this one. */
export interface Peer {
  /** Calls a method of an object there. */
  call(object: RemoteObject, method: string, args: readonly unknown[]): Promise<unknown>;
  /** Sends an object there a request, for a socket too. */
  fetch(object: RemoteObject, request: Request): Promise<Response>;
}

/** Where a shard stands among all. */
export interface Place {
  readonly shard: number;
  readonly shards: number;
  peer(shard: number): Peer;
}

/**
 * A namespace whose objects are spread over shards by their names: those of this shard are asked for as ever, those of another
 * through it. Calls of one object keep their order: every hop takes them one after the other.
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
  const fetch = (input: RequestInfo | URL, init?: RequestInit) =>
    peer.fetch(object, new Request(input, init));
  return new Proxy({} as ObjectStub, {
    get(_, method) {
      // A stub with a method of that name would be taken for a promise, and never be there.
      if (typeof method !== 'string' || method === 'then') return undefined;
      if (method === 'fetch') return fetch;
      return (...args: unknown[]) => peer.call(object, method, args);
    },
  });
}

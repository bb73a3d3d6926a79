/**
 * The hubs whose objects are in one isolate: the platform puts several objects of a class into one, a local run all of them. They
 * share its memory, and so what their readers may leave unread.
 */

/** As much of a hub as counts. */
interface CountedHub {
  readonly connections: number;
}

/** Hubs by name. Nobody says when an object leaves the isolate: its hub counts until its memory is taken back. */
export class IsolateHubs {
  readonly #hubs = new Map<string, WeakRef<CountedHub>>();
  /** Asked for with every frame. */
  #connections: number | undefined;

  /** A hub begins here; one of the same name was evicted. */
  add(name: string, hub: CountedHub): void {
    this.#hubs.set(name, new WeakRef(hub));
    this.changed();
  }

  /** To be called where a hub has more sockets than before, or fewer. */
  changed(): void {
    this.#connections = undefined;
  }

  /** Sockets of all of them. */
  get connections(): number {
    this.#connections ??= this.#count();
    return this.#connections;
  }

  #count(): number {
    let connections = 0;
    for (const hub of this.#hubs.values()) connections += hub.deref()?.connections ?? 0;
    return connections;
  }
}

/** Those of this isolate. */
export const isolateHubs = new IsolateHubs();

/**
 * The directory: which aggregates exist, spread over a fixed number of objects by id. An aggregate enters itself before it
 * announces its first event, so that the sweeper can find even one whose every message was lost.
 */
import { DurableObject } from 'cloudflare:workers';
import { Directory, type DirectoryCursor, type DirectoryEntry, type Walk } from './directory.ts';

/** One part of the directory as a Durable Object; each method is the directory's method of that name. */
export class DirectoryActor extends DurableObject {
  readonly #directory: Directory;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env as never);
    this.#directory = new Directory(ctx.storage);
  }

  register(aggregateType: string, aggregateId: string): void {
    this.#directory.register(aggregateType, aggregateId);
  }

  list(after: DirectoryCursor | null, limit: number): DirectoryEntry[] {
    return this.#directory.list(after, limit);
  }

  unknown(entries: readonly DirectoryEntry[]): DirectoryEntry[] {
    return this.#directory.unknown(entries);
  }

  sweepCursor(): DirectoryCursor | null {
    return this.#directory.sweepCursor();
  }

  saveSweepCursor(cursor: DirectoryCursor | null): void {
    this.#directory.saveSweepCursor(cursor);
  }

  walk(name: string): Walk {
    return this.#directory.walk(name);
  }

  saveWalk(name: string, walk: Walk): void {
    this.#directory.saveWalk(name, walk);
  }
}

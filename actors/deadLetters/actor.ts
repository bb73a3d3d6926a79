/**
 * Dead letters as a Durable Object: one for the whole platform, since there are few, and since what keeps them must not be
 * the very database whose failing killed them.
 */
import { DurableObject } from 'cloudflare:workers';
import type { DeadLetter } from '../../schemas/deadLetter.ts';
import { DeadLetters } from './deadLetters.ts';

/** Each method is the dead letters' method of that name. */
export class DeadLettersActor extends DurableObject {
  readonly #letters: DeadLetters;

  constructor(ctx: DurableObjectState, env: object) {
    super(ctx, env as never);
    this.#letters = new DeadLetters(ctx.storage);
  }

  park(letters: readonly DeadLetter[]): void {
    this.#letters.park(letters);
  }

  list(after: string, limit: number): DeadLetter[] {
    return this.#letters.list(after, limit);
  }

  find(letterId: string): DeadLetter | null {
    return this.#letters.find(letterId);
  }

  advance(letterId: string, from: number, next: number): void {
    this.#letters.advance(letterId, from, next);
  }

  remove(letterId: string, from: number | null, to: number | null): void {
    this.#letters.remove(letterId, from, to);
  }
}

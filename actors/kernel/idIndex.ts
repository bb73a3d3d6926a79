import { partOf } from '../../schemas/partition.ts';

/** A value under its id, and those before it whose ids have the same number. */
interface Entry<Value> {
  readonly id: string;
  readonly value: Value;
  readonly next: Entry<Value> | undefined;
}

/** Numbers that there are for ids: below this the engine holds one without an object. */
const NUMBERS = 2 ** 30;

/**
 * Values by id, for ids that are looked up once or twice in a turn. A Map first enters each text into the engine's table of all texts,
 * which took 3 % of the processor time of commands in large frames; a small number that stands for the text does without. Ids may share
 * a number: who makes them do so on purpose has each id of a turn compared with all others, and a turn has at most a batch's.
 */
export class IdIndex<Value> {
  readonly #entries = new Map<number, Entry<Value>>();

  get(id: string): Value | undefined {
    if (this.#entries.size === 0) return undefined;
    let entry = this.#entries.get(partOf(id, NUMBERS));
    while (entry !== undefined && entry.id !== id) entry = entry.next;
    return entry?.value;
  }

  /** Of two values of one id the newer is found. */
  set(id: string, value: Value): void {
    const number = partOf(id, NUMBERS);
    this.#entries.set(number, { id, value, next: this.#entries.get(number) });
  }
}

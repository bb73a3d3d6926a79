/**
 * The deadlines of what stands in a record of a state, kept in order beside the record: which one is next is known without a
 * look at all others. The order is derived from the record and never stored. It is made when it is first asked for, so that a
 * record out of a snapshot or a copy needs nothing, and kept up by {@link Deadlines.put} and {@link Deadlines.remove}.
 */

interface Deadline {
  readonly key: string;
  /** Milliseconds since 1970. */
  readonly dueAt: number;
}

export class Deadlines<Thing> {
  readonly #dueAtOf: (thing: Readonly<Thing>) => number | null;
  /** Sorted arrays: of the ten thousand at most that a state holds, moving the later ones aside takes microseconds. */
  readonly #orders = new WeakMap<Readonly<Record<string, Thing>>, Deadline[]>();

  /** `dueAtOf` is in milliseconds since 1970, null for a thing that has no end; a thing that stands in a record keeps it. */
  constructor(dueAtOf: (thing: Readonly<Thing>) => number | null) {
    this.#dueAtOf = dueAtOf;
  }

  /** Enters a thing under a key that the record does not have. */
  put(record: Record<string, Thing>, key: string, thing: Thing): void {
    record[key] = thing;
    const dueAt = this.#dueAtOf(thing);
    const order = this.#orders.get(record);
    if (dueAt === null || order === undefined) return;
    order.splice(placeOf(order, { key, dueAt }), 0, { key, dueAt });
  }

  /**
   * Takes a thing out. Returns it; undefined where there is none of this key. Throws where the record was changed by others: a
   * deadline would get lost.
   */
  remove(record: Record<string, Thing>, key: string): Thing | undefined {
    const thing = record[key];
    if (thing === undefined) return undefined;
    delete record[key];
    const dueAt = this.#dueAtOf(thing);
    const order = this.#orders.get(record);
    if (dueAt === null || order === undefined) return thing;
    const [deadline] = order.splice(placeOf(order, { key, dueAt }), 1);
    if (deadline?.key !== key) throw new Error(`the deadline of ${key} is not where it should be`);
    return thing;
  }

  /** The keys of what has a deadline, earliest first, and when it is. */
  earliestFirst(record: Readonly<Record<string, Thing>>): Iterable<Deadline> {
    let order = this.#orders.get(record);
    if (order === undefined) {
      order = [];
      for (const key in record) {
        const dueAt = this.#dueAtOf(record[key] as Thing);
        if (dueAt !== null) order.push({ key, dueAt });
      }
      order.sort(compare);
      this.#orders.set(record, order);
    }
    return order;
  }
}

function compare(a: Deadline, b: Deadline): number {
  if (a.dueAt !== b.dueAt) return a.dueAt - b.dueAt;
  return a.key < b.key ? -1 : Number(a.key > b.key);
}

/** Where a deadline stands in an order, or would. */
function placeOf(order: readonly Deadline[], deadline: Deadline): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(order[middle] as Deadline, deadline) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Reads side by side, in the order in which they are needed. */

/** Reads side by side: an answer of a bucket takes far longer than looking at what it brings. */
export const READS_MAX = 8;

/** What `work` makes of every item, in the order of the items. Up to `width` are worked on at a time; throws what the first throws. */
export async function* inOrder<Item, Result>(
  items: Iterable<Item> | AsyncIterable<Item>,
  work: (item: Item) => Promise<Result>,
  width = READS_MAX,
): AsyncGenerator<Result> {
  const ahead: Promise<Result>[] = [];
  for await (const item of items) {
    const result = work(item);
    // Waited for in its turn; until then its failure is not an unhandled one.
    result.catch(() => undefined);
    ahead.push(result);
    if (ahead.length === width) yield await (ahead.shift() as Promise<Result>);
  }
  for (const result of ahead) yield await result;
}

/** Counts as people read them. */

/** `1,234`. */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}

/** `1 manifest`, `2 manifests`; `nouns` where more than one is not called the same with an s. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${countText(count)} ${count === 1 ? noun : nouns}`;
}

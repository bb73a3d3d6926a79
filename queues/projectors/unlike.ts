/** How what a view shows is told apart from what its owner says. */

/** A column's value. */
export type Value = string | number | null;

/** Where two lists first differ, for a person. */
export function unlike(
  shown: readonly (Value | undefined)[],
  own: readonly (Value | undefined)[],
): string | undefined {
  const length = Math.max(shown.length, own.length);
  for (let index = 0; index < length; index++) {
    if (shown[index] === own[index]) continue;
    return `shows ${shown[index] ?? 'nothing'}, the owner has ${own[index] ?? 'nothing'}`;
  }
  return undefined;
}

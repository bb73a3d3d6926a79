/** What commands print for people: counts, and lists of which the first lines are enough. */

/** Lines of a list that are printed; the rest are counted. */
const LINES_SHOWN = 20;

/** A count as people read it: `1,234`. */
export function countText(count: number): string {
  return count.toLocaleString('en-US');
}

/** The first lines of a list and, where there are more, how many. `of`: how many there are, where the list has not all of them. */
export function firstLines(lines: readonly string[], of = lines.length): string[] {
  const shown = lines.slice(0, LINES_SHOWN);
  return of > shown.length ? [...shown, `… and ${countText(of - shown.length)} more`] : shown;
}

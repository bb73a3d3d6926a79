/** What commands print for people: lists of which the first lines are enough. */
import { countText } from '../verifier/counts.ts';

/** Lines of a list that are printed; the rest are counted. */
const LINES_SHOWN = 20;

/** The first lines of a list and, where there are more, how many. `of`: how many there are, where the list has not all of them. */
export function firstLines(lines: readonly string[], of = lines.length): string[] {
  const shown = lines.slice(0, LINES_SHOWN);
  return of > shown.length ? [...shown, `… and ${countText(of - shown.length)} more`] : shown;
}

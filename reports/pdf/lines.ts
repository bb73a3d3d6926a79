/** Cuts texts into lines of a width. */

/** The width of a text in some face and size, in points. */
export type WidthOf = (text: string) => number;

/** Lines that are no wider than `width`: cut between words, within a word only where it is wider than a whole line. */
export function wrapText(text: string, width: number, widthOf: WidthOf): string[] {
  return wrapPieces(text.split(/(?<= )/), width, widthOf);
}

/** The same for a figure, which is cut between groups of digits. */
export function wrapFigure(text: string, width: number, widthOf: WidthOf): string[] {
  return wrapPieces(text.split(/(?<=,)/), width, widthOf);
}

function wrapPieces(pieces: readonly string[], width: number, widthOf: WidthOf): string[] {
  const text = pieces.join('');
  if (widthOf(text) <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const piece of pieces) {
    if (widthOf((line + piece).trimEnd()) <= width) {
      line += piece;
      continue;
    }
    if (line !== '') lines.push(line.trimEnd());
    line = piece;
    while (widthOf(line.trimEnd()) > width) {
      const fitting = fittingLength(line, width, widthOf);
      lines.push(line.slice(0, fitting));
      line = line.slice(fitting);
    }
  }
  if (line.trimEnd() !== '' || lines.length === 0) lines.push(line.trimEnd());
  return lines;
}

/** How much of a text fits into a line; one character at least, and none cut in halves. */
function fittingLength(text: string, width: number, widthOf: WidthOf): number {
  const characters = Array.from(text);
  let low = 1;
  let high = characters.length;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (widthOf(characters.slice(0, middle).join('')) <= width) low = middle;
    else high = middle - 1;
  }
  return characters.slice(0, low).join('').length;
}

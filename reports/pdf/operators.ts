/** What stands on a page as the operators of a content stream (ISO 32000-1, 8 and 9). */
import { type Colour, type Mark, PAGE_HEIGHT, type PlacedPage, type TextMark } from './pages.ts';
import { type Face, winAnsiText } from './typeface.ts';

/** Height of letters above the line they stand on, by their size: Helvetica's ascender, which its bold shares. */
const ASCENDER = 0.718;

/** The operators of everything on a page but its wide texts. `fontOf` names a face as the page knows it. */
export function pageOperators(page: PlacedPage, fontOf: (face: Face) => string): string {
  const fonts = new Map<Face, string>();
  const font = (face: Face) => {
    const known = fonts.get(face) ?? fontOf(face);
    fonts.set(face, known);
    return known;
  };
  // pdfkit has turned the page upside down, so that its own places count from the top.
  const operators = ['q', `1 0 0 -1 0 ${PAGE_HEIGHT} cm`];
  let colour: Colour | undefined;
  for (const mark of page) {
    // Letters of the wide font are not of a byte each.
    if ('text' in mark && mark.face === 'wide') continue;
    if (mark.colour !== colour) operators.push(`${colourOperands(mark.colour)} rg`);
    colour = mark.colour;
    operators.push('text' in mark ? textOperators(mark, font(mark.face)) : ruleOperators(mark));
  }
  operators.push('Q');
  return operators.join('\n');
}

function textOperators({ x, y, size, text }: TextMark, font: string): string {
  const escaped = winAnsiText(text).replace(/[\\()]/g, '\\$&');
  const baseline = PAGE_HEIGHT - y - ASCENDER * size;
  return `BT /${font} ${size} Tf ${place(x)} ${place(baseline)} Td (${escaped}) Tj ET`;
}

function ruleOperators({ x, y, width, thickness }: Exclude<Mark, TextMark>): string {
  return `${place(x)} ${place(PAGE_HEIGHT - y - thickness)} ${place(width)} ${thickness} re f`;
}

/** Points to a hundredth: finer than any printer. */
function place(points: number): string {
  return String(Math.round(points * 100) / 100);
}

/** A colour as parts of one. */
function colourOperands(colour: Colour): string {
  return colour.map((part) => Math.round((part / 255) * 1_000) / 1_000).join(' ');
}

/** Where everything of a document stands on its pages. Pure: the same document has the same pages. */
import type { Document, FactList } from '../document.ts';
import { wrapText } from './lines.ts';
import {
  GREY,
  INK,
  lineHeight,
  MARGIN,
  PAGE_HEIGHT,
  PAGE_WIDTH,
  PageBuilder,
  type PlacedPage,
  type Style,
  type Typesetter,
} from './pages.ts';
import { placeTable } from './table.ts';

const TITLE: Style = { face: 'bold', size: 18, colour: INK };
const SUBTITLE: Style = { face: 'regular', size: 9.5, colour: GREY };
const RUNNING: Style = { face: 'regular', size: 7.5, colour: GREY };
const HEADING: Style = { face: 'bold', size: 11, colour: INK };
const FACT: Style = { face: 'regular', size: 8.5, colour: INK };
const STRONG_FACT: Style = { ...FACT, face: 'bold' };
const NOTE: Style = { face: 'regular', size: 7.5, colour: GREY };

const WIDTH = PAGE_WIDTH - 2 * MARGIN;

/** Between lists that stand side by side. */
const GUTTER = 22;

/** Between a label and its value. */
const LABEL_GAP = 8;

/** The pages of a document. */
export function layoutDocument(document: Document, typesetter: Typesetter): PlacedPage[] {
  const pages = new PageBuilder(typesetter, (started) => {
    placeLines(started, document.running, RUNNING);
    started.y += 8;
  });
  placeLines(pages, document.title, TITLE);
  pages.y += 2;
  placeLines(pages, document.subtitle, SUBTITLE);
  pages.y += 14;
  placeLists(pages, document.lists);
  for (const table of document.tables) {
    pages.y += 18;
    placeTable(pages, table, HEADING);
  }
  pages.y += 16;
  for (const note of document.notes) {
    placeLines(pages, note, NOTE);
    pages.y += 4;
  }
  placeFeet(pages, document.title);
  return pages.pages;
}

/** A paragraph over the whole width. */
function placeLines(pages: PageBuilder, text: string, style: Style): void {
  for (const line of wrapText(text, WIDTH, (part) => pages.width(part, style))) {
    if (pages.room < lineHeight(style)) pages.turn();
    pages.put(line, MARGIN, pages.y, style);
    pages.y += lineHeight(style);
  }
}

/** Lists side by side: the page goes on below the longest. */
function placeLists(pages: PageBuilder, lists: readonly FactList[]): void {
  const width = (WIDTH - GUTTER * (lists.length - 1)) / lists.length;
  const top = pages.y;
  let bottom = top;
  lists.forEach(({ heading, facts }, index) => {
    const x = MARGIN + index * (width + GUTTER);
    pages.put(heading, x, top, HEADING);
    let y = top + lineHeight(HEADING) + 4;
    for (const { label, value, strong } of facts) {
      const style = strong === true ? STRONG_FACT : FACT;
      y = placeFact(pages, label, value, { x, y, width }, style);
    }
    bottom = Math.max(bottom, y);
  });
  pages.y = bottom;
}

/** Label left, value right; the value goes below where there is no room beside. Answers where the next fact begins. */
function placeFact(
  pages: PageBuilder,
  label: string,
  value: string,
  { x, y, width }: { readonly x: number; readonly y: number; readonly width: number },
  style: Style,
): number {
  const widthOf = (text: string) => pages.width(text, style);
  const isBeside = widthOf(label) + LABEL_GAP + widthOf(value) <= width;
  let line = y;
  for (const part of wrapText(label, width, widthOf)) {
    pages.put(part, x, line, style);
    line += lineHeight(style);
  }
  if (isBeside) line = y;
  for (const part of wrapText(value, width, widthOf)) {
    pages.putRight(part, x + width, line, style);
    line += lineHeight(style);
  }
  return line + 1.5;
}

/** The feet are known when all pages are. */
function placeFeet(pages: PageBuilder, title: string): void {
  const count = pages.pages.length;
  const y = PAGE_HEIGHT - MARGIN - lineHeight(RUNNING);
  pages.pages.forEach((page, index) => {
    pages.open(page);
    pages.put(title, MARGIN, y, RUNNING);
    pages.putRight(`Page ${index + 1} of ${count}`, PAGE_WIDTH - MARGIN, y, RUNNING);
  });
}

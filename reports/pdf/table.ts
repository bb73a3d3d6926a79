/** Tables on pages: heads on every page, rows whole. */
import type { Column, Row, Table } from '../document.ts';
import { wrapFigure, wrapText } from './lines.ts';
import { GREY, INK, lineHeight, MARGIN, PAGE_WIDTH, PALE, type PageBuilder, type Style } from './pages.ts';

const HEAD: Style = { face: 'bold', size: 8, colour: INK };
const CELL: Style = { face: 'regular', size: 8, colour: INK };
const STRONG_CELL: Style = { ...CELL, face: 'bold' };
const DETAIL: Style = { face: 'regular', size: 6.8, colour: GREY };

const WIDTH = PAGE_WIDTH - 2 * MARGIN;

/** Free at both sides of a cell, and above and below a row. */
const PADDING = 3;

/** A column at its place. */
interface Place {
  readonly left: number;
  readonly right: number;
  readonly width: number;
  readonly align: Column['align'];
}

/** A row cut into lines. */
interface CutRow {
  readonly style: Style;
  readonly cells: readonly (readonly string[])[];
  readonly details: readonly string[];
  readonly height: number;
}

/** Puts a table and its heading. */
export function placeTable(pages: PageBuilder, table: Table, heading: Style): void {
  const { columns, rows, ifEmpty } = table;
  const [first] = rows;
  const places = placesOf(columns);
  const headHeight = lineHeight(HEAD) + 2 * PADDING;
  const firstHeight = first === undefined ? lineHeight(CELL) : headHeight + cut(pages, first, places).height;
  // A heading stands on the page of what it is the heading of.
  if (pages.room < lineHeight(heading) + 4 + firstHeight) pages.turn();
  pages.put(table.heading, MARGIN, pages.y, heading);
  pages.y += lineHeight(heading) + 4;
  if (first === undefined) {
    pages.put(ifEmpty, MARGIN, pages.y, CELL);
    pages.y += lineHeight(CELL);
    return;
  }
  placeHead(pages, columns, places);
  for (const row of rows) {
    const lines = cut(pages, row, places);
    if (pages.room < lines.height) {
      pages.turn();
      placeHead(pages, columns, places);
    }
    placeRow(pages, lines, places);
  }
}

function placesOf(columns: readonly Column[]): Place[] {
  let left = MARGIN;
  return columns.map(({ share, align }) => {
    const full = (WIDTH * share) / 100;
    const place = { left: left + PADDING, right: left + full - PADDING, width: full - 2 * PADDING, align };
    left += full;
    return place;
  });
}

function placeHead(pages: PageBuilder, columns: readonly Column[], places: readonly Place[]): void {
  const y = pages.y + PADDING;
  columns.forEach(({ head }, index) => {
    putIn(pages, head, places[index] as Place, y, HEAD);
  });
  pages.y += lineHeight(HEAD) + 2 * PADDING;
  pages.rule(MARGIN, pages.y - 1, WIDTH, 1, INK);
}

function cut(pages: PageBuilder, { cells, detail, strong }: Row, places: readonly Place[]): CutRow {
  const style = strong === true ? STRONG_CELL : CELL;
  const lines = cells.map((cell, index) => {
    const { width, align } = places[index] as Place;
    const wrap = align === 'right' ? wrapFigure : wrapText;
    return wrap(cell, width, (text) => pages.width(text, style));
  });
  const [detailWidth] = detailPlace(places);
  const details =
    detail === undefined ? [] : wrapText(detail, detailWidth, (text) => pages.width(text, DETAIL));
  const tallest = Math.max(...lines.map(({ length }) => length));
  const height = tallest * lineHeight(style) + details.length * lineHeight(DETAIL) + 2 * PADDING;
  return { style, cells: lines, details, height };
}

/** Details stand below all columns but the first: their width, and where they begin. */
function detailPlace(places: readonly Place[]): readonly [width: number, left: number] {
  const { left } = places[1] ?? (places[0] as Place);
  return [(places.at(-1) as Place).right - left, left];
}

function placeRow(
  pages: PageBuilder,
  { style, cells, details, height }: CutRow,
  places: readonly Place[],
): void {
  const top = pages.y + PADDING;
  cells.forEach((lines, index) => {
    lines.forEach((line, number) => {
      putIn(pages, line, places[index] as Place, top + number * lineHeight(style), style);
    });
  });
  const [, left] = detailPlace(places);
  const below = pages.y + height - PADDING - details.length * lineHeight(DETAIL);
  details.forEach((line, number) => {
    pages.put(line, left, below + number * lineHeight(DETAIL), DETAIL);
  });
  pages.y += height;
  pages.rule(MARGIN, pages.y - 0.5, WIDTH, 0.5, PALE);
}

function putIn(
  pages: PageBuilder,
  text: string,
  { left, right, align }: Place,
  y: number,
  style: Style,
): void {
  if (align === 'right') pages.putRight(text, right, y, style);
  else pages.put(text, left, y, style);
}

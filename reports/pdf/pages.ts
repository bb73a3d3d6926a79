/** Pages being filled from top to bottom with marks: texts and rules at places, in points from the top left corner. */

import type { Font } from 'fontkit';
import { type Face, type SetText, setText } from './typeface.ts';

/** A4 (ISO 216), in points. */
export const PAGE_WIDTH = 595.28;
export const PAGE_HEIGHT = 841.89;

/** Free on every side; what printers cannot reach is less. */
export const MARGIN = 42;

/** Room at the foot of a page for its number. */
const FOOT = 26;

/** From the top of one line to the next, by the size of its letters. */
const LEADING = 1.3;

/** Red, green and blue, 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number];

/** Of letters. */
export const INK: Colour = [27, 31, 36];
/** Of letters that matter less. */
export const GREY: Colour = [87, 96, 106];
/** Of the rules between rows. */
export const PALE: Colour = [208, 215, 222];

/** How a text looks. */
export interface Style {
  readonly face: 'regular' | 'bold';
  readonly size: number;
  readonly colour: Colour;
}

/** A text at the place of its top left corner. */
export interface TextMark extends SetText {
  readonly x: number;
  readonly y: number;
  readonly size: number;
  readonly colour: Colour;
}

/** A horizontal rule. */
export interface RuleMark {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly thickness: number;
  readonly colour: Colour;
}

/** What is on a page. */
export type Mark = TextMark | RuleMark;
/** A finished page. */
export type PlacedPage = readonly Mark[];

/** The width of a text that is set, in points. */
export type Measure = (face: Face, size: number, text: string) => number;

/** What texts are set with. */
export interface Typesetter {
  readonly measure: Measure;
  /** For what the built-in fonts do not have. */
  readonly wide: Font | undefined;
}

/** The height of a line in a style. */
export function lineHeight({ size }: Style): number {
  return size * LEADING;
}

/** The pages of one document. */
export class PageBuilder {
  readonly pages: Mark[][] = [];
  readonly #typesetter: Typesetter;
  readonly #begin: (pages: PageBuilder) => void;
  #page: Mark[] = [];
  /** The next free line, from the top. */
  y = 0;

  /** `begin` puts on each page after the first what stands at its top. */
  constructor(typesetter: Typesetter, begin: (pages: PageBuilder) => void) {
    this.#typesetter = typesetter;
    this.#begin = begin;
    this.turn();
  }

  /** Begins a page. */
  turn(): void {
    this.#page = [];
    this.pages.push(this.#page);
    this.y = MARGIN;
    if (this.pages.length > 1) this.#begin(this);
  }

  /** Goes back to a page, to put more on it. */
  open(page: Mark[]): void {
    this.#page = page;
  }

  /** Points that are left on the page. */
  get room(): number {
    return PAGE_HEIGHT - MARGIN - FOOT - this.y;
  }

  /** The width of a text in a style. */
  width(text: string, style: Style): number {
    const pieces = setText(text, style.face, this.#typesetter.wide);
    return pieces.reduce((width, piece) => width + this.#widthOf(piece, style), 0);
  }

  #widthOf({ face, text }: SetText, { size }: Style): number {
    return this.#typesetter.measure(face, size, text);
  }

  /** Puts a text at a place. */
  put(text: string, x: number, y: number, style: Style): void {
    if (text === '') return;
    const { size, colour } = style;
    let left = x;
    for (const piece of setText(text, style.face, this.#typesetter.wide)) {
      this.#page.push({ ...piece, x: left, y, size, colour });
      left += this.#widthOf(piece, style);
    }
  }

  /** The same, ending at `right`. */
  putRight(text: string, right: number, y: number, style: Style): void {
    if (text !== '') this.put(text, right - this.width(text, style), y, style);
  }

  /** Puts a rule. */
  rule(x: number, y: number, width: number, thickness: number, colour: Colour): void {
    this.#page.push({ x, y, width, thickness, colour });
  }
}

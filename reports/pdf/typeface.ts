/**
 * The letters of a PDF. Every reader has Helvetica, in the characters of Windows-1252; a text with others is set in a font that
 * comes with the document, and a character that neither has is written as its code point.
 */
import { create, type Font } from 'fontkit';

/** The faces of a document. `wide` is the font that comes with it. */
export type Face = 'regular' | 'bold' | 'wide';

/**
 * Characters of Windows-1252 beyond Latin-1 (the built-in fonts' WinAnsiEncoding, ISO 32000-1, annex D.2), by their bytes from 0x80
 * on; a space stands for a byte without a character.
 */
const FROM_80 = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';

const BEYOND_LATIN_1 = FROM_80.replaceAll(' ', '');

const BUILT_IN = new RegExp(`^[\\x20-\\x7e\\xa0-\\xff${BEYOND_LATIN_1}]*$`);

/**
 * Text that runs from right to left and has nothing in it that runs otherwise, such as digits. pdfkit sets word after word from
 * left to right and each in its own direction; without spaces that it knows, such a text is one word.
 */
const RIGHT_TO_LEFT = /^[\p{Script=Arabic}\p{Script=Hebrew}\p{Mn} .,:'"-]+$/u;
const NO_BREAK_SPACE = '\u00a0';

/** A text as it is set: in which face, and with which characters. */
export interface SetText {
  readonly face: Face;
  readonly text: string;
}

/** Reads a font file (TrueType or OpenType). */
export function openFont(bytes: Uint8Array): Font {
  return create(bytes);
}

/** A text of built-in characters with a character for each of its bytes. */
export function winAnsiText(text: string): string {
  return text.replace(/[^\x20-\xff]/g, (character) => String.fromCharCode(0x80 + FROM_80.indexOf(character)));
}

/** Whether a document with this text needs more than the built-in fonts. */
export function needsWideFont(text: string): boolean {
  return !BUILT_IN.test(text);
}

/** Sets a text in a face; in the wide one where it has to be. Without a wide font only built-in characters stay. */
export function setText(text: string, face: 'regular' | 'bold', wide: Font | undefined): SetText {
  if (!needsWideFont(text)) return { face, text };
  const has = (character: string) =>
    wide === undefined
      ? !needsWideFont(character)
      : wide.hasGlyphForCodePoint(character.codePointAt(0) as number);
  const shown = Array.from(text, (character) => (has(character) ? character : codePointText(character))).join(
    '',
  );
  if (!needsWideFont(shown)) return { face, text: shown };
  return { face: 'wide', text: RIGHT_TO_LEFT.test(shown) ? shown.replaceAll(' ', NO_BREAK_SPACE) : shown };
}

function codePointText(character: string): string {
  return `[U+${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}]`;
}

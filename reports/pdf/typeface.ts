/**
 * The letters of a PDF. Every reader has Helvetica, in the characters of Windows-1252; a text with others is set in a font that
 * comes with the document, and a character that neither has is written as its code point.
 */
import { create, type Font } from 'fontkit';
import { backwards, isLeftToRight, type Run, runsOf } from './direction.ts';

/** The faces of a document. `wide` is the font that comes with it. */
export type Face = 'regular' | 'bold' | 'wide';

/**
 * Characters of Windows-1252 beyond Latin-1 (the built-in fonts' WinAnsiEncoding, ISO 32000-1, annex D.2), by their bytes from 0x80
 * on; a space stands for a byte without a character.
 */
const FROM_80 = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';

const BEYOND_LATIN_1 = FROM_80.replaceAll(' ', '');

const BUILT_IN = new RegExp(`^[\\x20-\\x7e\\xa0-\\xff${BEYOND_LATIN_1}]*$`);

const NO_BREAK_SPACE = '\u00a0';

/** A text, or a run of one, as it is set: in which face, and with which characters. */
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

/**
 * Sets a text in a face; in the wide one where it has to be. Without a wide font only built-in characters stay. Answers what stands on
 * the page from left to right: one piece, or several where some of it runs the other way.
 */
export function setText(text: string, face: 'regular' | 'bold', wide: Font | undefined): SetText[] {
  if (!needsWideFont(text)) return [{ face, text }];
  const has = (character: string) =>
    wide === undefined
      ? !needsWideFont(character)
      : wide.hasGlyphForCodePoint(character.codePointAt(0) as number);
  const shown = Array.from(text, (character) => (has(character) ? character : codePointText(character))).join(
    '',
  );
  if (wide === undefined || !needsWideFont(shown)) return [{ face, text: shown }];
  if (isLeftToRight(shown)) return [{ face: 'wide', text: shown }];
  return runsOf(shown).map((run) => ({ face: 'wide', text: textOfRun(run, wide) }));
}

/**
 * A run as one word, since pdfkit sets word after word from left to right. The font chooses the direction of a word by the script of its
 * first letter: to it Arabic digits run as the letters do, and brackets by themselves never from right to left.
 */
function textOfRun({ text, isRightToLeft }: Run, wide: Font): string {
  const word = text.replaceAll(' ', NO_BREAK_SPACE);
  return (wide.layout(word).direction === 'rtl') === isRightToLeft ? word : backwards(word);
}

function codePointText(character: string): string {
  return `[U+${(character.codePointAt(0) as number).toString(16).toUpperCase().padStart(4, '0')}]`;
}

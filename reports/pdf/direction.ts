/**
 * Texts in which letters run in both directions, cut into runs of one direction in the order in which they stand from left to right
 * (Unicode Bidirectional Algorithm, UAX #9).
 */
import bidiFactory from 'bidi-js';

/** Some of a text that runs in one direction. */
export interface Run {
  /** In the order of reading, with brackets turned as they are seen. */
  readonly text: string;
  readonly isRightToLeft: boolean;
}

/** Hebrew, Arabic and their neighbours up to U+08FF, and the presentation forms of both. */
const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** Arabic and Persian digits, which run from left to right. To a font they are letters of the script: they are runs of their own. */
const ARABIC_DIGIT = /[\u0660-\u0669\u06f0-\u06f9]/;

const bidi = bidiFactory();

/** Whether all of a text runs from left to right, in whatever way it is set. */
export function isLeftToRight(text: string): boolean {
  return !RIGHT_TO_LEFT.test(text);
}

/** The runs of a line. It is part of a page that is read from left to right. */
export function runsOf(line: string): Run[] {
  const embedding = bidi.getEmbeddingLevels(line, 'ltr');
  const mirrored = bidi.getMirroredCharactersMap(line, embedding.levels);
  const runs: { text: string; level: number; isFigure: boolean }[] = [];
  for (const index of bidi.getReorderedIndices(line, embedding)) {
    const level = embedding.levels[index] as number;
    const character = mirrored.get(index) ?? (line[index] as string);
    const isFigure = ARABIC_DIGIT.test(character);
    const last = runs.at(-1);
    if (last?.level !== level || last.isFigure !== isFigure) runs.push({ text: character, level, isFigure });
    else last.text = isOdd(level) ? character + last.text : last.text + character;
  }
  return runs.map(({ text, level }) => ({ text, isRightToLeft: isOdd(level) }));
}

/** Levels that are odd run from right to left. */
function isOdd(level: number): boolean {
  return level % 2 === 1;
}

/** A text with its last character first. */
export function backwards(text: string): string {
  return Array.from(text).reverse().join('');
}

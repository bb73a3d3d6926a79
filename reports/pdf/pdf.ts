/** A document as PDF. Nothing in the file depends on when or where it is made. */
import type { Font } from 'fontkit';
import * as pdfkit from 'pdfkit';
import { toBytes } from 'pdfkit/output';
import Helvetica from 'pdfkit/standard-fonts/Helvetica';
import HelveticaBold from 'pdfkit/standard-fonts/HelveticaBold';
import type { Document } from '../document.ts';
import { layoutDocument } from './layout.ts';
import { pageOperators } from './operators.ts';
import { type Measure, PAGE_HEIGHT, PAGE_WIDTH, type PlacedPage } from './pages.ts';
import { type Face, needsWideFont } from './typeface.ts';

const FONT_NAMES: Readonly<Record<Face, string>> = {
  regular: 'Helvetica',
  bold: 'Helvetica-Bold',
  wide: 'Wide',
};

/** Pages drawn before others get their turn: some milliseconds. */
const PAGES_AT_A_TIME = 4;

/** What a PDF is made with. */
export interface PdfMaking {
  /** For texts that the built-in fonts do not have ({@link needsWide}). Without it their characters are shown as code points. */
  readonly wide: Font | undefined;
  /** Lets others have their turn: a long document takes seconds. */
  readonly pause: () => Promise<void>;
}

/** Whether a document has a text that the built-in fonts cannot show. */
export function needsWide({ title, subtitle, running, lists, tables, notes }: Document): boolean {
  const texts = [
    ...[title, subtitle, running, ...notes],
    ...lists.flatMap(({ heading, facts }) => [
      heading,
      ...facts.flatMap(({ label, value }) => [label, value]),
    ]),
  ];
  return (
    texts.some(needsWideFont) ||
    tables.some(({ rows }) =>
      rows.some(({ cells, detail = '' }) => cells.some(needsWideFont) || needsWideFont(detail)),
    )
  );
}

/** The bytes of the file. */
export async function documentPdf(
  document: Document,
  { wide, pause }: PdfMaking,
): Promise<Uint8Array<ArrayBuffer>> {
  pdfkit.registerStdFonts?.(Helvetica, HelveticaBold);
  const madeAt = new Date(document.asOf);
  const file = new pdfkit.PDFDocument({
    autoFirstPage: false,
    pdfVersion: '1.7',
    lang: 'en',
    displayTitle: true,
    // The file's id is made from these.
    info: {
      Title: `${document.title}: ${document.running}`,
      Creator: 'Folio',
      Producer: 'Folio',
      CreationDate: madeAt,
      ModDate: madeAt,
    },
  });
  if (wide !== undefined) file.registerFont(FONT_NAMES.wide, wide);
  const pages = layoutDocument(document, { measure: measureWith(file), wide });
  const bytes = toBytes(file);
  for (const [index, page] of pages.entries()) {
    if (index % PAGES_AT_A_TIME === 0) await pause();
    drawPage(file, page);
  }
  file.end();
  return bytes;
}

/** Widths of single characters of the built-in fonts are looked up once; the wide font sets words as a whole. */
function measureWith(file: pdfkit.PDFDocument): Measure {
  const known: Record<Face, Map<string, number>> = { regular: new Map(), bold: new Map(), wide: new Map() };
  const measured = (face: Face, text: string) => {
    let width = known[face].get(text);
    if (width === undefined) {
      width = file.font(FONT_NAMES[face]).fontSize(1).widthOfString(text);
      known[face].set(text, width);
    }
    return width;
  };
  return (face, size, text) => {
    if (face === 'wide') return size * measured(face, text);
    let width = 0;
    for (const character of text) width += measured(face, character);
    return size * width;
  };
}

/** The page: what the built-in fonts set as operators of PDF, for which pdfkit would take three times as long, the rest by pdfkit. */
function drawPage(file: pdfkit.PDFDocument, page: PlacedPage): void {
  file.addPage({ size: [PAGE_WIDTH, PAGE_HEIGHT], margin: 0 });
  file.addContent(pageOperators(page, (face) => fontOnPage(file, FONT_NAMES[face])));
  for (const mark of page) {
    if (!('text' in mark) || mark.face !== 'wide') continue;
    file.font(FONT_NAMES.wide).fontSize(mark.size).fillColor(mark.colour);
    file.text(mark.text, mark.x, mark.y, { lineBreak: false });
  }
}

/** Makes a font known on the page and answers its name there. */
function fontOnPage(file: pdfkit.PDFDocument, name: string): string {
  const { _font: font } = file.font(name);
  file.page.fonts[font.id] = font.ref();
  return font.id;
}

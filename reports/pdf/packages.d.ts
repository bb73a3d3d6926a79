/** What is used of pdfkit and fontkit, which bring no types of their own. */
declare module 'pdfkit' {
  export interface PdfOptions {
    readonly autoFirstPage: boolean;
    readonly pdfVersion: string;
    readonly lang: string;
    readonly displayTitle: boolean;
    readonly info: Readonly<Record<string, string | Date>>;
  }
  export interface PageFont {
    readonly id: string;
    ref(): object;
  }
  export class PDFDocument {
    constructor(options: PdfOptions);
    addPage(options: { readonly size: readonly [number, number]; readonly margin: number }): this;
    registerFont(name: string, font: import('fontkit').Font): this;
    font(name: string): this;
    fontSize(size: number): this;
    fillColor(colour: readonly [number, number, number]): this;
    widthOfString(text: string): number;
    text(text: string, x: number, y: number, options: { readonly lineBreak: false }): this;
    /** Operators of PDF on the page, as they are. */
    addContent(operators: string): this;
    end(): void;
    /** The font that was set last, with which operators need it: its name on pages, and its object. */
    readonly _font: PageFont;
    readonly page: { readonly fonts: Record<string, object> };
  }
  /** Only where fonts do not come from files. */
  export const registerStdFonts: ((...fonts: readonly object[]) => void) | undefined;
}

declare module 'pdfkit/output' {
  export function toBytes(document: import('pdfkit').PDFDocument): Promise<Uint8Array<ArrayBuffer>>;
}

declare module 'pdfkit/standard-fonts/Helvetica' {
  const font: object;
  export default font;
}

declare module 'pdfkit/standard-fonts/HelveticaBold' {
  const font: object;
  export default font;
}

declare module 'fontkit' {
  export interface Font {
    readonly unitsPerEm: number;
    hasGlyphForCodePoint(codePoint: number): boolean;
    layout(text: string): {
      readonly advanceWidth: number;
      readonly direction: 'ltr' | 'rtl';
      /** From left to right. */
      readonly glyphs: readonly { readonly codePoints: readonly number[] }[];
    };
  }
  export function create(bytes: Uint8Array): Font;
}

/**
 * PDFs of documents. To be imported where one is made, not at the start: what draws them unpacks tables as it is loaded, a quarter
 * of all that an isolate does before its first request.
 */
import type { Document } from '../reports/document.ts';
import { documentPdf, needsWide } from '../reports/pdf/pdf.ts';
import type { Env } from './env.ts';
import { reportFont } from './reportFont.ts';

/** The bytes of the document's file. */
export async function reportPdf(env: Env, document: Document): Promise<Uint8Array<ArrayBuffer>> {
  const wide = needsWide(document) ? await reportFont(env) : undefined;
  return documentPdf(document, { wide, pause: othersTurn });
}

/** A turn of the event loop. */
function othersTurn(): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, 0));
}

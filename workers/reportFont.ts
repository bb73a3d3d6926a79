/** The font of PDFs for what the built-in fonts lack: a static file, read by an isolate when it first needs it. */
import { openFont } from '../reports/pdf/typeface.ts';
import type { Env } from './env.ts';
import { inTime, Unanswered } from './inTime.ts';

/** Where `local/pages.ts` puts it. The host is nobody's: the binding looks at the path alone. */
const FONT_URL = 'https://static.invalid/fonts/DejaVuSans.ttf';

let opened: ReturnType<typeof openFont> | undefined;

/** The font. Without it a document would come out another than before, so that none is made where it does not come. */
export async function reportFont(env: Env): Promise<ReturnType<typeof openFont>> {
  opened ??= openFont(await readFont(env));
  return opened;
}

async function readFont(env: Env): Promise<Uint8Array> {
  const answer = await inTime('the font', env.ASSETS.fetch(FONT_URL));
  if (!answer.ok) throw new Unanswered(`the font came with status ${answer.status}`);
  return new Uint8Array(await answer.arrayBuffer());
}

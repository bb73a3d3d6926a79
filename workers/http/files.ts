/** Answers that are files or pages rather than data. */
import { hash } from 'node:crypto';
import type { Context } from 'hono';
import type { HttpEnv } from './context.ts';

/** A file to be kept under a name, which is made of ids and so needs no escaping. */
export interface ReplyFile {
  readonly name: string;
  readonly mediaType: string;
  readonly body: string | Uint8Array<ArrayBuffer>;
}

/** The file, for the client to keep. */
export function fileReply(c: Context<HttpEnv>, { name, mediaType, body }: ReplyFile): Response {
  return c.body(body, 200, {
    'Content-Type': mediaType,
    'Content-Disposition': `attachment; filename="${name}"`,
  });
}

/** Hashes of style sheets: there are few, and each page of a kind has the same. */
const styleHashes = new Map<string, string>();

/** A page with one style sheet of its own, which is all that it may have: no script, and nothing from elsewhere. */
export function pageReply(c: Context<HttpEnv>, html: string, style: string): Response {
  const known = styleHashes.get(style) ?? hash('sha256', style, 'base64');
  styleHashes.set(style, known);
  return c.body(html, 200, {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': `default-src 'none'; style-src 'sha256-${known}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`,
  });
}

/**
 * Conditional reads (RFC 9110, sections 8.8.3 and 13.1.2): a client that has an answer sends the entity tag it came with, and
 * is told in a few bytes that nothing has changed. The tag is the version that the answer shows, so that it cannot name two
 * different answers: what an aggregate was at a version never changes. But for personal data in it, which some may see and others
 * not, and nobody after an erasure: answers with any are not conditional.
 */
import type { Context } from 'hono';
import { z } from 'zod';
import type { HttpEnv } from './context.ts';

/** Characters of an `If-None-Match` that are looked at: some dozens of tags. A longer one is answered in full. */
const TAGS_LENGTH_MAX = 1_000;

/** One entity tag of a list; a weak one compares like a strong one, as the header asks for. */
const ENTITY_TAG = /(?:W\/)?("[\x21\x23-\x7e]*")/g;

/** The header of every conditional read. */
export const ConditionalHeaders = z.object({
  'If-None-Match': z
    .string()
    .optional()
    .meta({
      param: { id: 'IfNoneMatch' },
      description: 'The `ETag` of an answer that the client has: 304 without a body where it still holds.',
      examples: ['"7"'],
    }),
});

/** The entity tag of an answer that shows an aggregate at a version. */
export function entityTag(version: number): string {
  return `"${version}"`;
}

/** The answer, or 304 with its headers where the client said that it has it. */
export function unlessHeld(c: Context<HttpEnv>, answer: Response): Response {
  const held = c.req.header('If-None-Match');
  const tag = answer.headers.get('ETag');
  if (held === undefined || tag === null || answer.status !== 200 || !names(held, tag)) return answer;
  const headers = new Headers(answer.headers);
  for (const name of ['Content-Type', 'Content-Length']) headers.delete(name);
  return new Response(null, { status: 304, headers });
}

function names(list: string, tag: string): boolean {
  if (list.length > TAGS_LENGTH_MAX) return false;
  if (list.trim() === '*') return true;
  return [...list.matchAll(ENTITY_TAG)].some(([, opaque]) => opaque === tag);
}

/** Headers of replies as the API's description has them. A `header.id` makes one component of all their uses. */
import { z } from 'zod';
import type { ReplyHeader } from '../operation.ts';

/** Headers that successful replies have by what they are, not by which operation they answer. */
type CommonReplyHeader = 'X-Correlation-Id' | 'RateLimit' | 'RateLimit-Policy' | 'Content-Disposition';

const REPLY_HEADERS: Record<ReplyHeader | CommonReplyHeader, z.ZodType> = {
  'X-Correlation-Id': z
    .string()
    .meta({ header: { id: 'X-Correlation-Id' }, description: 'The correlation id of the request.' }),
  'RateLimit-Policy': z.string().meta({
    header: { id: 'RateLimit-Policy' },
    description:
      "The client's quota: requests in a window of seconds (draft-ietf-httpapi-ratelimit-headers-11).",
    examples: ['"client";q=10000;w=10'],
  }),
  RateLimit: z.string().meta({
    header: { id: 'RateLimit' },
    description: 'What is left of the quota, and for how many seconds.',
    examples: ['"client";r=9990;t=7'],
  }),
  'Content-Disposition': z
    .string()
    .optional()
    .meta({
      header: { id: 'Content-Disposition' },
      description: 'The name of the file. Absent where the reply is none, as with JSON and pages.',
      examples: ['attachment; filename="statement-acc-1-7.csv"'],
    }),
  ETag: z.string().meta({
    header: { id: 'ETag' },
    description: "The aggregate's version in quotes, for `If-Match` and `If-None-Match`.",
    examples: ['"7"'],
  }),
  'Idempotency-Replayed': z
    .literal('true')
    .optional()
    .meta({
      header: { id: 'Idempotency-Replayed' },
      description: 'The answer to a repeat: nothing new has happened.',
    }),
  'X-Read-Source': z.enum(['view', 'actor']).meta({ description: 'Who answered.' }),
  'X-View-Stale-Since': z
    .string()
    .optional()
    .meta({
      header: { id: 'X-View-Stale-Since' },
      description:
        'The version since which the view lacks events of this aggregate: it cannot take that one, and waits for an ' +
        'operator (`GET /v1/parked`). Absent where the view is well.',
    }),
  'X-View-Parked': z
    .string()
    .optional()
    .meta({
      header: { id: 'X-View-Parked' },
      description:
        'How many aggregates the view cannot go on with (`GET /v1/parked?kind=view`): what the reply says may lack their ' +
        'latest events. Absent where there are none.',
    }),
  'X-View-Version': z.string().optional().meta({
    description:
      'The version that the view has reached, 0 for none. Absent with what was, which no view has.',
  }),
};

const PROBLEM_HEADERS = {
  'Retry-After': z.string().meta({
    header: { id: 'Retry-After' },
    description: 'Seconds after which the request may be sent again.',
    examples: ['7'],
  }),
  'WWW-Authenticate': z.string().meta({
    header: { id: 'WWW-Authenticate' },
    description: 'What kind of token is needed, and whether the one that was sent is at fault (RFC 6750).',
    examples: [
      'Bearer realm="folio", error="invalid_token", error_description="The token is not accepted here."',
    ],
  }),
  'RateLimit-Policy': z
    .string()
    .optional()
    .meta({
      header: { id: 'RateLimit-Policy-Of-Known' },
      description:
        'The quota of the client; with `rate_limited` the one that was spent, of the client or of the account. Absent where the ' +
        'caller is not known.',
      examples: ['"account";q=20000;w=10'],
    }),
  RateLimit: z
    .string()
    .optional()
    .meta({
      header: { id: 'RateLimit-Of-Known' },
      description: 'What is left of that quota, and for how many seconds.',
      examples: ['"account";r=0;t=7'],
    }),
};

/** Headers of a successful reply. */
export function replyHeaders(names: readonly (ReplyHeader | CommonReplyHeader)[]): z.ZodObject {
  const all = ['X-Correlation-Id', ...names] as const;
  return z.object(Object.fromEntries(all.map((name) => [name, REPLY_HEADERS[name]])));
}

/** Headers of a problem; without a status, of all. */
export function problemHeaders(status?: number): z.ZodObject {
  const { 'X-Correlation-Id': id } = REPLY_HEADERS;
  const { 'WWW-Authenticate': challenge, 'Retry-After': retry, ...quota } = PROBLEM_HEADERS;
  if (status === undefined) return z.object({ 'X-Correlation-Id': id, ...quota });
  if (status === 401) return z.object({ 'X-Correlation-Id': id, 'WWW-Authenticate': challenge });
  const again = status === 429 || status === 503 ? { 'Retry-After': retry } : {};
  return z.object({ 'X-Correlation-Id': id, ...again, ...quota });
}

/** Request bodies: bounded, of a known media type, read strictly, and parsed once by the route's schema. */
import type { Context } from 'hono';
import type { z } from 'zod';
import { inTime } from '../inTime.ts';
import type { HttpEnv } from './context.ts';
import { parseWith } from './parse.ts';
import { invalidRequest, ProblemError } from './problem.ts';
import { parseStrictJson } from './strictJson.ts';

/** Bytes of a body with one command: the largest has a few hundred. */
export const BODY_BYTES_MAX = 64 * 1024;

/** Bytes of a batch (contract, "Batch"). */
export const BATCH_BYTES_MAX = 8 * 1024 * 1024;

/** How long a body may take to come: a batch over a line of two megabits. Who stalls would else hold its room for as long as it likes. */
export const BODY_MS_MAX = 60_000;

/**
 * The media type of the body, lower case. 415 unless it is one of `allowed`, in UTF-8 and not compressed: what the
 * bytes mean is then certain before any of them is read.
 */
export function requireMediaType<Type extends string>(c: Context<HttpEnv>, allowed: readonly Type[]): Type {
  const [type = '', ...parameters] = (c.req.header('Content-Type') ?? '').toLowerCase().split(';');
  const found = allowed.find((candidate) => candidate === type.trim());
  if (found === undefined) throw unsupported(`The body must be sent as ${allowed.join(' or ')}.`);
  for (const parameter of parameters) {
    const charset = /^\s*charset\s*=\s*"?([^"\s]*)"?\s*$/.exec(parameter)?.[1];
    if (charset !== undefined && charset !== 'utf-8') throw unsupported('The body must be in UTF-8.');
  }
  const encoding = c.req.header('Content-Encoding') ?? 'identity';
  if (encoding.toLowerCase() !== 'identity') throw unsupported('The body must not be compressed.');
  return found;
}

function unsupported(detail: string): ProblemError {
  return new ProblemError({ code: 'unsupported_media_type', detail });
}

/** The whole body, or 413 before more than `bytesMax` of it were taken in; 400 where it does not come within `milliseconds`. */
export async function readBytes(
  c: Context<HttpEnv>,
  bytesMax: number,
  milliseconds = BODY_MS_MAX,
): Promise<Uint8Array> {
  const announced = c.req.header('Content-Length');
  if (announced !== undefined && Number(announced) > bytesMax) throw tooLarge(bytesMax);
  try {
    const read =
      announced === undefined
        ? readChunks(c.req.raw.body, bytesMax, c.get('takeBytes'))
        : c.req.raw.arrayBuffer().then((buffer) => new Uint8Array(buffer));
    const bytes = await inTime('a body', read, milliseconds);
    if (bytes.byteLength > bytesMax) throw tooLarge(bytesMax);
    return bytes;
  } catch (error) {
    if (error instanceof ProblemError) throw error;
    // Chunks that are none, or a connection that broke or stalls: the client's doing, and no failure of ours.
    throw invalidRequest([{ path: '', message: 'could not be read to its end' }]);
  }
}

async function readChunks(
  body: ReadableStream | null,
  bytesMax: number,
  take?: (bytes: number) => void,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of (body ?? []) as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw tooLarge(bytesMax);
    take?.(chunk.byteLength);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(bytesMax: number): ProblemError {
  const detail = `The body has more than ${bytesMax} bytes.`;
  return new ProblemError({ code: 'request_too_large', detail });
}

/** The JSON body as `schema` has it; 400, 413 or 415 with the path of every fault. */
export async function parseBody<Schema extends z.ZodType>(
  c: Context<HttpEnv>,
  schema: Schema,
  bytesMax = BODY_BYTES_MAX,
): Promise<z.output<Schema>> {
  requireMediaType(c, ['application/json']);
  return parseBytes(await readBytes(c, bytesMax), schema);
}

/** The same where there may be no body at all, which says as much as an empty object. */
export async function parseOptionalBody<Schema extends z.ZodType>(
  c: Context<HttpEnv>,
  schema: Schema,
  bytesMax = BODY_BYTES_MAX,
): Promise<z.output<Schema>> {
  const bytes = await readBytes(c, bytesMax);
  if (bytes.byteLength === 0) return parseWith(schema, {});
  requireMediaType(c, ['application/json']);
  return parseBytes(bytes, schema);
}

function parseBytes<Schema extends z.ZodType>(bytes: Uint8Array, schema: Schema): z.output<Schema> {
  const parsed = parseStrictJson(bytes);
  if (!parsed.ok) throw invalidRequest(parsed.errors);
  return parseWith(schema, parsed.value);
}

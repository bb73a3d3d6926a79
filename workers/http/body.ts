/** Request bodies and parameters: bounded, read strictly, and parsed once by the route's schema. */
import type { Context } from 'hono';
import type { z } from 'zod';
import type { HttpEnv } from './context.ts';
import { invalidRequest, ProblemError, type RequestFault } from './problem.ts';
import { parseStrictJson } from './strictJson.ts';

/** Bytes of a body with one command: the largest has a few hundred. */
export const BODY_BYTES_MAX = 64 * 1024;

/** Bytes of a batch (contract, "Batch"). */
export const BATCH_BYTES_MAX = 8 * 1024 * 1024;

/** The media type of a request without its parameters, lower case. */
export function mediaType(c: Context<HttpEnv>): string {
  return (c.req.header('Content-Type') ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

export function unsupportedMediaType(expected: string): ProblemError {
  return new ProblemError({
    status: 415,
    code: 'unsupported_media_type',
    detail: `The body must be sent as ${expected}.`,
  });
}

/** The whole body, or 413 before more than `bytesMax` of it were taken in. */
export async function readBytes(c: Context<HttpEnv>, bytesMax: number): Promise<Uint8Array> {
  const tooLarge = () =>
    new ProblemError({
      status: 413,
      code: 'request_too_large',
      detail: `The body has more than ${bytesMax} bytes.`,
    });
  if (Number(c.req.header('Content-Length') ?? 0) > bytesMax) throw tooLarge();
  const { body } = c.req.raw;
  if (body === null) return new Uint8Array();
  if (c.req.header('Content-Length') !== undefined) return new Uint8Array(await c.req.raw.arrayBuffer());
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body as unknown as AsyncIterable<Uint8Array>) {
    bytes += chunk.byteLength;
    if (bytes > bytesMax) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The JSON body as `schema` has it; 400, 413 or 415 with the path of every fault. */
export async function parseBody<Schema extends z.ZodType>(
  c: Context<HttpEnv>,
  schema: Schema,
): Promise<z.output<Schema>> {
  if (mediaType(c) !== 'application/json') throw unsupportedMediaType('application/json');
  const parsed = parseStrictJson(await readBytes(c, BODY_BYTES_MAX));
  if (!parsed.ok) throw invalidRequest(parsed.errors);
  return parseWith(schema, parsed.value);
}

/** Query parameters as `schema` has them; unknown and repeated ones are faults. */
export function parseQuery<Schema extends z.ZodType>(c: Context<HttpEnv>, schema: Schema): z.output<Schema> {
  const queries = c.req.queries();
  const repeated = Object.keys(queries).filter((name) => (queries[name]?.length ?? 0) > 1);
  if (repeated.length > 0) {
    throw invalidRequest(repeated.map((path) => ({ path, message: 'must be given once' })));
  }
  return parseWith(schema, c.req.query());
}

export function parseWith<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const result = schema.safeParse(value);
  if (!result.success) throw invalidRequest(zodFaults(result.error));
  return result.data;
}

/** A schema's complaints with paths as they stand in the body, one for each unknown field. */
export function zodFaults(error: z.core.$ZodError): RequestFault[] {
  return error.issues.flatMap((issue): RequestFault[] => {
    const path = pathText(issue.path);
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        path: path === '' ? key : `${path}.${key}`,
        message: 'is not a known field',
      }));
    }
    const missing = issue.code === 'invalid_type' && issue.input === undefined;
    return [{ path, message: missing ? 'is required' : issue.message }];
  });
}

function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const step of path) {
    if (typeof step === 'number') text += `[${step}]`;
    else text += text === '' ? String(step) : `.${String(step)}`;
  }
  return text;
}

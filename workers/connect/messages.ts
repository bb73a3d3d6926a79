/** Messages as they are sent: by themselves, in the envelope of gRPC-Web, or in the query of a GET. */
import { type DescMessage, fromBinary, fromJson, type JsonValue, type Message } from '@bufbuild/protobuf';
import { base64Decode } from '@bufbuild/protobuf/wire';
import type { Context } from 'hono';
import { readBytes } from '../http/body.ts';
import type { HttpEnv } from '../http/context.ts';
import { invalidRequest, ProblemError } from '../http/problem.ts';
import { parseStrictJson } from '../http/strictJson.ts';
import { timeFaults } from './jsonTimes.ts';

/** How a message is written. */
export interface MessageForm {
  /** Protobuf, else JSON. */
  readonly isBinary: boolean;
  /** Whether it comes behind a flag and its length, as gRPC-Web has it. */
  readonly isEnveloped: boolean;
}

/** The form by the content type of a POST, which the library takes, or else by the query of a GET. */
export function formOf(contentType: string | undefined, encoding: string | undefined): MessageForm {
  if (contentType === undefined) return { isBinary: encoding === 'proto', isEnveloped: false };
  // Names of media types ignore case (RFC 9110, 8.3.1), as the library does.
  const type = contentType.toLowerCase();
  return { isBinary: !type.includes('json'), isEnveloped: type.includes('grpc-web') };
}

/** What says that a message is compressed: by itself over Connect, in its envelope over gRPC-Web. */
export const COMPRESSION_HEADERS = ['Content-Encoding', 'Grpc-Encoding'];

/** The message of a call. 415 where it is compressed, 400 with what is wrong where it is none, 413 where it has more bytes than `bytesMax`. */
export async function readMessage(
  c: Context<HttpEnv>,
  desc: DescMessage,
  form: MessageForm,
  bytesMax: number,
): Promise<Message> {
  if (c.req.method !== 'POST') return parseMessage(desc, queryBytes(c), form);
  if (COMPRESSION_HEADERS.some((name) => (c.req.header(name) ?? 'identity').toLowerCase() !== 'identity')) {
    throw new ProblemError({ code: 'unsupported_media_type', detail: 'The message must not be compressed.' });
  }
  const { isEnveloped } = form;
  const bytes = await readBytes(c, isEnveloped ? bytesMax + ENVELOPE_BYTES : bytesMax);
  return parseMessage(desc, isEnveloped ? withoutEnvelope(bytes) : bytes, form);
}

/** A flag of one byte, and the length of the message in four. */
const ENVELOPE_BYTES = 5;

function withoutEnvelope(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength < ENVELOPE_BYTES) throw invalid('must begin with the envelope of a message');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint8(0) !== 0) throw invalid('must be one message that is not compressed');
  const announced = view.getUint32(1);
  const message = bytes.subarray(ENVELOPE_BYTES);
  if (message.byteLength === announced) return message;
  throw invalid(
    `must be one message: its envelope announces ${announced} bytes and ${message.byteLength} came`,
  );
}

function queryBytes(c: Context<HttpEnv>): Uint8Array {
  const message = c.req.query('message') ?? '';
  if (c.req.query('base64') === undefined) return new TextEncoder().encode(message);
  try {
    return base64Decode(message);
  } catch {
    throw invalidRequest([{ path: 'message', message: 'must be base64' }]);
  }
}

function parseMessage(desc: DescMessage, bytes: Uint8Array, { isBinary }: MessageForm): Message {
  try {
    if (isBinary) return fromBinary(desc, bytes);
    const json = parsedJson(bytes);
    const faults = timeFaults(desc, json);
    if (faults.length > 0) throw invalidRequest(faults);
    return fromJson(desc, json);
  } catch (error) {
    // Of the library's own making, and about the bytes alone.
    if (error instanceof Error && error.name !== 'ProblemError') {
      throw invalid(`could not be read as ${desc.typeName}: ${withoutValue(error.message)}`);
    }
    throw error;
  }
}

/**
 * What the library says, without the value that it quotes: errors are kept by whoever watches for errors, and a request may have
 * personal data. Names of messages and fields say where to look.
 */
function withoutValue(message: string): string {
  const [, where, reason = ''] = /^(cannot decode .*? from JSON):? ([\s\S]*)$/.exec(message) ?? [];
  if (where === undefined) return message;
  if (/^key "[^"]*" is unknown$/.test(reason)) return `${where}: ${reason}`;
  const [expected] = /^expected [\w. ()]+/.exec(reason) ?? [];
  return expected === undefined ? where : `${where}: ${expected}`;
}

function parsedJson(bytes: Uint8Array): JsonValue {
  const parsed = parseStrictJson(bytes);
  if (!parsed.ok) throw invalidRequest(parsed.errors);
  return parsed.value as JsonValue;
}

function invalid(message: string): ProblemError {
  return invalidRequest([{ path: '', message }]);
}

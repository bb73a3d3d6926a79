/** From what came over a socket to a frame, as strictly as any request body, or to the error that answers it. */

import { Id } from '../../schemas/scalars.ts';
import { tryParse } from '../http/parse.ts';
import { faultText, type Problem, type ProblemCode, type RequestFault } from '../http/problem.ts';
import { parseStrictText } from '../http/strictJson.ts';
import { CLIENT_FRAMES, type ClientFrame, FRAME_BYTES_MAX, type ServerFrame } from './frames.ts';

type ErrorFrame = Extract<ServerFrame, { type: 'error' }>;

/** What came, or why it is no frame. */
export type Incoming =
  | { readonly ok: true; readonly frame: ClientFrame; readonly bytes: number }
  | { readonly ok: false; readonly error: ErrorFrame };

const encoder = new TextEncoder();

/** Reads one message of a socket. */
export function readFrame(message: string | ArrayBuffer): Incoming {
  if (typeof message !== 'string')
    return refuse(null, invalid([{ path: '', message: 'must be a text frame' }]));
  // A character has at least one byte: what is too long is not even encoded.
  const bytes = message.length > FRAME_BYTES_MAX ? undefined : encoder.encode(message);
  if (bytes === undefined || bytes.length > FRAME_BYTES_MAX) {
    return refuse(null, {
      code: 'request_too_large',
      detail: `A frame has at most ${FRAME_BYTES_MAX} bytes.`,
    });
  }
  const parsed = parseStrictText(message, bytes);
  if (!parsed.ok) return refuse(looseId(message, parsed.errors), invalid(parsed.errors));
  const { value } = parsed;
  const id = idOf(value);
  const type = (value as { type?: unknown } | null)?.type;
  if (typeof type !== 'string' || !Object.hasOwn(CLIENT_FRAMES, type)) {
    const message = `must be one of ${Object.keys(CLIENT_FRAMES).join(', ')}`;
    return refuse(id, invalid([{ path: 'type', message }]));
  }
  const frame = tryParse(CLIENT_FRAMES[type as keyof typeof CLIENT_FRAMES], value);
  if (!frame.ok) return refuse(id, invalid(frame.faults));
  return { ok: true, frame: frame.value, bytes: bytes.length };
}

function idOf(value: unknown): string | null {
  return Id.safeParse((value as { id?: unknown } | null)?.id).data ?? null;
}

/**
 * The id of a frame that is refused for what JSON itself lets through, a number with too many digits perhaps: without it, its
 * sender would not know which of its frames has no answer to wait for.
 */
function looseId(message: string, faults: readonly RequestFault[]): string | null {
  // One that is there twice is none.
  if (faults.some(({ path }) => path === 'id')) return null;
  try {
    return idOf(JSON.parse(message));
  } catch {
    return null;
  }
}

/** An error that answers a frame. */
export interface FrameError {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly errors?: RequestFault[];
  /** When to come again. */
  readonly retryAfterSeconds?: number;
  /** Which of the connection's frames of commands it is with which nothing was begun. */
  readonly refusal?: number;
}

/** The frame that tells an error. */
export function errorFrame(
  id: string | null,
  { code, detail, errors, retryAfterSeconds, refusal }: FrameError,
): ErrorFrame {
  return {
    type: 'error',
    id,
    code,
    detail,
    ...(errors === undefined ? {} : { errors }),
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
    ...(refusal === undefined ? {} : { refusal }),
  };
}

/** The problem that such an error is where it is told over HTTP or GraphQL. */
export function problemOf({ code, detail, errors, retryAfterSeconds }: FrameError): Problem {
  return {
    code,
    detail,
    ...(errors === undefined ? {} : { errors }),
    ...(retryAfterSeconds === undefined ? {} : { headers: { 'Retry-After': String(retryAfterSeconds) } }),
  };
}

/** The error of a frame that is not valid. */
export function invalid(faults: readonly RequestFault[]): FrameError {
  const first = faults[0];
  const detail = first === undefined ? 'The frame is not valid.' : faultText(first);
  return { code: 'invalid_request', detail, errors: [...faults] };
}

function refuse(id: string | null, error: FrameError): Incoming {
  return { ok: false, error: errorFrame(id, error) };
}

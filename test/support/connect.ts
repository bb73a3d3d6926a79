/** Public Connect clients as tests use them, and what the errors that they get say. */
import { fromBinary } from '@bufbuild/protobuf';
import {
  type Client,
  Code,
  ConnectError,
  createClient,
  type Interceptor,
  type Transport,
} from '@connectrpc/connect';
import { createConnectTransport, createGrpcWebTransport } from '@connectrpc/connect-web';
import {
  FolioService,
  type Problem,
  ProblemSchema,
} from '../../workers/connect/generated/folio/v1/folio_pb.ts';

/** A client of the service. */
export type FolioCalls = Client<typeof FolioService>;

type Fetch = typeof globalThis.fetch;

/** Every way in which the public clients speak to the service. */
export const TRANSPORTS = {
  'Connect, binary': (options: Options) => createConnectTransport({ ...options, useBinaryFormat: true }),
  'Connect, JSON': (options: Options) => createConnectTransport({ ...options, useBinaryFormat: false }),
  'Connect, GET': (options: Options) =>
    createConnectTransport({ ...options, useBinaryFormat: true, useHttpGet: true }),
  'Connect, JSON by GET': (options: Options) => createConnectTransport({ ...options, useHttpGet: true }),
  'gRPC-Web, binary': (options: Options) => createGrpcWebTransport({ ...options, useBinaryFormat: true }),
  'gRPC-Web, JSON': (options: Options) => createGrpcWebTransport({ ...options, useBinaryFormat: false }),
} as const satisfies Readonly<Record<string, (options: Options) => Transport>>;

interface Options {
  readonly baseUrl: string;
  readonly fetch: Fetch;
  readonly interceptors: Interceptor[];
}

/** A client over one of the transports. `fetch` is given what a browser's would be. */
export function connectClient(
  transport: keyof typeof TRANSPORTS,
  origin: string,
  headers: Readonly<Record<string, string>>,
  fetch: Fetch = globalThis.fetch,
): FolioCalls {
  const withHeaders: Interceptor = (next) => (request) => {
    for (const [name, value] of Object.entries(headers)) request.header.set(name, value);
    return next(request);
  };
  const options = { baseUrl: `${origin}/v1/connect`, fetch, interceptors: [withHeaders] };
  return createClient(FolioService, TRANSPORTS[transport](options));
}

/** What a call that must fail ends with: its code, and the problem that the error carries. */
export async function failure(
  call: Promise<unknown>,
): Promise<{ code: string; problem: Problem; error: ConnectError }> {
  const error = await call.then(
    () => Promise.reject(new Error('the call did not fail')),
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConnectError)) throw error;
  const [problem] = error.findDetails(ProblemSchema);
  if (problem === undefined) throw new Error(`an error without its problem: ${error.message}`);
  return { code: Code[error.code] as string, problem, error };
}

/** The problem in an error of the Connect protocol as it is sent. */
export function sentProblem(body: unknown): Problem {
  const { details } = body as { details: { type: string; value: string }[] };
  const detail = details.find(({ type }) => type === ProblemSchema.typeName);
  return fromBinary(ProblemSchema, Buffer.from(detail?.value ?? '', 'base64'));
}

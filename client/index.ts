/** Folio's client for browsers, Node and Workers: typed, persistent, and without a dependency (docs/client.md). */
export {
  type Answer,
  type CallOptions,
  type FileId,
  FolioClient,
  type Input,
  type OperationId,
} from './client.ts';
export { FolioClosed, FolioProblem, FolioUnreachable } from './errors.ts';
export type { AggregateType, Command, TopicAggregates, Topics } from './frames.ts';
export type * from './generated/api.ts';
export type { ClientOptions, Socket, SocketConstructor } from './options.ts';
export { RETRY_POLICY, type RetryPolicy } from './retry.ts';
export type { FolioStream, StreamOptions, StreamState } from './stream.ts';
export type { Followed, Subscription } from './subscription.ts';

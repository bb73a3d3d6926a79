/** What projectors need of the world around them. Production hands them D1 and RPC, the simulation its own model. */
import type { EventKind } from '../../schemas/eventTypes.ts';
import type { EventsMessage } from '../../schemas/message.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ViewDatabase } from './database.ts';
import type { AggregateKey } from './positions.ts';
import type { Projector } from './projector.ts';
import type { RememberedStandings } from './rememberedStandings.ts';

export interface RunnerDeps {
  readonly database: ViewDatabase;
  readonly projectors: readonly Projector[];
  readonly logger: Logger;
  /** Whether this release knows such an event: what it does not know stays in the log until one comes that does. */
  knowsEvent(event: EventKind): boolean;
  /** Reads an owner's log: messages from a version on, at most about `limit` events; none at its end. */
  readLog(key: AggregateKey, fromVersion: number, limit: number): Promise<EventsMessage[]>;
  /** Where a consumer remembers how far the views are; whoever looks whether they are where they should be reads it. */
  readonly remembered?: RememberedStandings | undefined;
  /** A text unique to each batch. */
  newClaim(): string;
  /** Milliseconds since 1970. */
  now(): number;
}

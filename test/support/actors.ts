/** Actors as tests call them: real objects in the Workers runtime, their storage open to be looked into. */
import { evictDurableObject, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import type { AccountState } from '../../actors/account/state.ts';
import type { ActorCore, BriefOutcome } from '../../actors/kernel/actorCore.ts';
import type { EventSourcedActor } from '../../actors/kernel/eventSourcedActor.ts';
import type { SqlValue } from '../../actors/kernel/storage.ts';
import type { ChainReport, VerifyRange } from '../../actors/kernel/verify.ts';
import { AGGREGATES, type AggregateType } from '../../schemas/aggregates.ts';
import type { CommandContext, CommandEnvelope, EventEnvelope, Outcome } from '../../schemas/envelope.ts';
import { type ToyWorld, toyWorld } from './toy.ts';
import type { ToyState } from './toyDecider.ts';

type AnyActor = EventSourcedActor<unknown>;

/** An actor over RPC, and its object. */
export interface Actor<State> {
  readonly stub: DurableObjectStub<AnyActor>;
  execute(...commands: readonly CommandEnvelope[]): Promise<Outcome[]>;
  /** The outcome of one command. */
  run(command: CommandEnvelope): Promise<Outcome>;
  executeBrief(commands: readonly CommandEnvelope[]): Promise<BriefOutcome[]>;
  read(asOf?: { version?: number; at?: number }): Promise<{
    state: State;
    version: number;
    recordedAt: number;
  } | null>;
  head(): Promise<number>;
  events(fromVersion?: number, limit?: number): Promise<EventEnvelope[]>;
  messages(fromVersion: number, limit: number): Promise<string[]>;
  verify(range?: VerifyRange): Promise<ChainReport>;
  rowsWritten(): Promise<number>;
  /** Tears the instance down. The next call wakes another one, which knows only what is stored. */
  evict(): Promise<void>;
  /** Runs a function inside the object. */
  inside<Result>(
    look: (core: ActorCore<State>, state: DurableObjectState) => Result,
  ): Promise<Awaited<Result>>;
  /** Rows of a statement on the object's own database. */
  sql<Row extends Record<string, SqlValue>>(query: string, ...bindings: SqlValue[]): Promise<Row[]>;
}

/** A toy and what its queue and directory do. */
export interface Toy extends Actor<ToyState> {
  readonly world: ToyWorld;
}

export const CONTEXT: CommandContext = {
  userId: 'user-1',
  correlationId: 'correlation-1',
  causationId: null,
};

type Namespaces = Readonly<Record<string, DurableObjectNamespace<AnyActor>>>;

const namespaces = env as unknown as Namespaces;

/** An actor of the product by its type and id. */
export function aggregateActor<State>(aggregateType: AggregateType, id: string): Actor<State> {
  return actor(bound(AGGREGATES[aggregateType].binding, id));
}

/** The account of an id. */
export function accountActor(id: string): Actor<AccountState> {
  return aggregateActor('account', id);
}

/** The toy of an id, with its world. */
export function toyActor(id: string): Toy {
  return { ...actor<ToyState>(bound('TOYS', id)), world: toyWorld(id) };
}

function bound(binding: string, id: string): DurableObjectStub<AnyActor> {
  const namespace = namespaces[binding];
  if (namespace === undefined) throw new Error(`${binding} is not bound`);
  return namespace.getByName(id);
}

let commands = 0;

/** A command with an id of its own, unless one is given. */
export function command(
  { type, data }: { readonly type: string; readonly data: object },
  commandId = `command-${++commands}`,
  expectedVersion?: number,
): CommandEnvelope {
  return { commandId, type, data, ...(expectedVersion === undefined ? {} : { expectedVersion }) };
}

function actor<State>(stub: DurableObjectStub<AnyActor>): Actor<State> {
  // What the calls return is plain data: the types of RPC results hide that behind wrappers.
  const remote = stub as unknown as {
    [Method in
      | 'execute'
      | 'executeBrief'
      | 'read'
      | 'head'
      | 'events'
      | 'messages'
      | 'verify'
      | 'rowsWritten']: (...args: unknown[]) => Promise<never>;
  };
  const inside: Actor<State>['inside'] = (look) =>
    runInDurableObject(stub, (instance, state) =>
      look((instance as unknown as { core: ActorCore<State> }).core, state),
    ) as never;
  return {
    stub,
    execute: (...sent) => remote.execute(sent, CONTEXT),
    run: async (sent) => ((await remote.execute([sent], CONTEXT)) as Outcome[])[0] as Outcome,
    executeBrief: async (sent) => JSON.parse(await remote.executeBrief(JSON.stringify(sent), CONTEXT)),
    read: (asOf = {}) => remote.read(asOf),
    head: () => remote.head(),
    events: async (fromVersion = 1, limit = 1_000) => JSON.parse(await remote.events(fromVersion, limit)),
    messages: (fromVersion, limit) => remote.messages(fromVersion, limit),
    verify: (range) => remote.verify(range),
    rowsWritten: () => remote.rowsWritten(),
    evict: () => evictDurableObject(stub),
    inside,
    sql: (query, ...bindings) =>
      inside((_core, { storage }) => storage.sql.exec(query, ...bindings).toArray()) as never,
  };
}

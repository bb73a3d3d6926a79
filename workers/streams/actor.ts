/** A hub of live subscribers as a Durable Object. Its sockets hibernate: as long as nothing happens they cost nothing. */
import { DurableObject } from 'cloudflare:workers';
import type { Notice } from '../../actors/kernel/watchers.ts';
import { createLogger } from '../../telemetry/logger.ts';
import type { Target } from '../access/principal.ts';
import { actorStub } from '../aggregates.ts';
import { announcedSaga } from '../announcedSaga.ts';
import type { Env } from '../env.ts';
import { recordDenial } from '../http/denial.ts';
import { gatewayOf } from '../http/gateway.ts';
import type { StreamLimits } from './commands.ts';
import type { Attachment, Socket } from './connection.ts';
import { HANDSHAKE_HEADER, type Handshake } from './handshake.ts';
import { Hub } from './hub.ts';
import { isolateHubs } from './isolateHubs.ts';
import { Principals, principalOf } from './principals.ts';
import type { WatchedActor } from './watches.ts';

/** What clients may send to keep a connection alive, and what answers it without waking anything. */
const KEEP_ALIVE = ['ping', 'pong'] as const;

/** RFC 6455, section 7.4.1. */
const NORMAL_CLOSURE = 1000;

export class StreamHubActor extends DurableObject<Env> {
  readonly #hub: Hub;
  readonly #principals: Principals;

  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    const logger = createLogger('stream', env.LOG_LEVEL);
    const { name } = ctx.id;
    if (name === undefined) throw new Error('a hub is addressed by its name');
    const { kv } = ctx.storage;
    this.#principals = new Principals({
      get: (key) => kv.get<string>(key),
      put: (key, value) => kv.put(key, value),
      delete: (key) => void kv.delete(key),
      keys: () => Array.from(kv.list(), ([key]) => key),
    });
    this.#hub = new Hub({
      name,
      clock: { now: () => Date.now(), after: (task, milliseconds) => void setTimeout(task, milliseconds) },
      logger,
      principals: this.#principals,
      hubs: isolateHubs,
      limits: streamLimits(env),
      denied: (sender, operation, target) => recordDenial({ env, logger, ...sender }, operation, target),
      actorOf: (target: Target) => actorStub(env, target) as WatchedActor,
      isToCome: async ({ aggregateType, aggregateId }) =>
        aggregateType === 'saga' && (await announcedSaga(env, aggregateId)) !== null,
    });
    ctx.setWebSocketAutoResponse(new WebSocketRequestResponsePair(...KEEP_ALIVE));
    const carried = new Set<string>();
    this.#hub.restore(savedSockets(ctx.getWebSockets(), carried));
    this.#principals.keepOnly(carried);
  }

  /** Takes a socket. Only the Worker reaches this, which has found out who is asking. */
  override fetch(request: Request): Response {
    const { principal, ...session } = JSON.parse(request.headers.get(HANDSHAKE_HEADER) ?? '') as Handshake;
    if (!this.#hub.hasRoom(principalOf(principal).userId)) return new Response(null, { status: 503 });
    const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
    this.ctx.acceptWebSocket(server);
    this.#hub.connect(server as Socket, {
      ...session,
      connectionId: crypto.randomUUID(),
      principalKey: this.#principals.keep(principal),
    });
    return new Response(null, { status: 101, webSocket: client });
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    this.#hub.message(socket as Socket, message);
  }

  override webSocketClose(socket: WebSocket): void {
    this.#hub.disconnect(socket as Socket);
    // Whoever says goodbye waits for an answer, and the runtime gives none for a socket that came through a Worker.
    socket.close(NORMAL_CLOSURE);
  }

  override webSocketError(socket: WebSocket): void {
    this.#hub.disconnect(socket as Socket);
  }

  /** What an aggregate tells; false: nobody here watches it any more. */
  async notify(notice: Notice): Promise<boolean> {
    return this.#hub.notify(notice);
  }
}

/** The quotas and shares of the isolate, as requests over HTTP are held against them. */
function streamLimits(env: Env): StreamLimits {
  const { allowances, quotas, admission } = gatewayOf(env);
  return {
    takeRequest(client) {
      const { granted, resetSeconds } = allowances.take(client, 1, quotas.client);
      return granted > 0 ? 0 : resetSeconds;
    },
    accountUnits: (accountId, wanted) => allowances.take(accountId, wanted, quotas.account).granted,
    enter: (client, bytes) => admission.enter(client, bytes),
  };
}

/** Sockets that outlived the instance before, one after the other: all attachments at once may be more than there is room for. */
function* savedSockets(
  sockets: readonly WebSocket[],
  carried: Set<string>,
): Iterable<readonly [Socket, Attachment]> {
  for (const socket of sockets) {
    const saved: unknown = socket.deserializeAttachment();
    if (typeof saved !== 'string') continue;
    const attachment = JSON.parse(saved) as Attachment;
    carried.add(attachment.principalKey);
    yield [socket as Socket, attachment];
  }
}

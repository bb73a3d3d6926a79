/**
 * A hub: sockets, what they are subscribed to, and the aggregates that it watches for them. Aggregates tell hubs, hubs tell
 * sockets; so a commit costs a call for each hub with a subscriber and not for each subscriber. No Cloudflare import.
 */
import type { Notice } from '../../actors/kernel/watchers.ts';
import { errorFields } from '../../telemetry/logger.ts';
import type { ShownKey, Target } from '../access/principal.ts';
import { sharedTimers, startTimer } from '../inTime.ts';
import { COMMANDS_IN_FLIGHT_MAX, type CommandsDeps, runCommandsFrame } from './commands.ts';
import {
  type Attachment,
  CLOSE_CODES,
  Connection,
  type LeftBehind,
  type Session,
  type Socket,
  SUBSCRIPTIONS_MAX,
} from './connection.ts';
import { UNCONFIRMED_BYTES_MAX, windowOf } from './flow.ts';
import { FRAME_BYTES_MAX, FRAME_COMMANDS_MAX, type SubscribeFrame } from './frames.ts';
import { errorFrame, type FrameError, type Incoming, invalid, readFrame } from './incoming.ts';
import type { IsolateHubs } from './isolateHubs.ts';
import { KeyGuard } from './keyGuard.ts';
import { Pipelines } from './pipelines.ts';
import type { Principals } from './principals.ts';
import { ClientCounts, HUB_SUBSCRIPTIONS_MAX, SOCKETS_MAX } from './sockets.ts';
import { refusalOf, startProblem } from './subscribing.ts';
import { type Clock, Subscription } from './subscription.ts';
import { TOPICS } from './topics.ts';
import { type Watch, type WatchedActor, Watches } from './watches.ts';

/** Milliseconds between two looks for sessions that are over: who is refused comes again. */
const LOOK_MS = 1_000;

/** What a hub needs of its world. */
export interface HubDeps extends Pick<CommandsDeps, 'logger' | 'limits' | 'denied'> {
  readonly name: string;
  readonly clock: Clock;
  readonly principals: Principals;
  /** The hubs of its isolate. */
  readonly hubs: IsolateHubs;
  actorOf(target: Target): WatchedActor;
  /** Whether an aggregate that there is not yet has been asked for, and will begin by itself. */
  isToCome(target: Target): Promise<boolean>;
}

export class Hub {
  readonly #deps: HubDeps;
  readonly #commands: CommandsDeps;
  readonly #connections = new Map<Socket, Connection>();
  readonly #sockets = new ClientCounts(SOCKETS_MAX);
  readonly #subscriptions = new ClientCounts(HUB_SUBSCRIPTIONS_MAX);
  readonly #watches: Watches;
  /** When sockets were last looked through for sessions that are over, milliseconds since 1970. */
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: HubDeps) {
    this.#deps = deps;
    deps.hubs.add(deps.name, this);
    this.#watches = new Watches(deps);
    const pipelines = new Pipelines(
      (target) => deps.actorOf(target),
      sharedTimers(startTimer, () => deps.clock.now()),
    );
    this.#commands = { ...deps, actorOf: (target) => pipelines.to(target) };
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Whether one more socket of a client is taken. */
  hasRoom(client: string): boolean {
    return this.#hasRoom(this.#sockets, client);
  }

  /** Sockets whose sessions are over sleep on where nothing comes: they make room. */
  #hasRoom(counts: ClientCounts, client: string): boolean {
    if (counts.hasRoom(client)) return true;
    const now = this.#deps.clock.now();
    if (now < this.#lookedAt + LOOK_MS) return false;
    this.#lookedAt = now;
    for (const connection of this.#connections.values()) connection.isPast();
    return counts.hasRoom(client);
  }

  /** Takes a new socket in and welcomes it. */
  connect(socket: Socket, session: Session): void {
    const connection = this.#add(socket, session);
    if (connection === undefined) throw new Error(`nobody is known as ${session.principalKey}`);
    connection.save();
    const unconfirmedBytes = this.#window();
    const { connectionId, correlationId, endsAt } = session;
    connection.send({
      type: 'welcome',
      connectionId,
      correlationId,
      endsAt: new Date(endsAt).toISOString(),
      limits: {
        frameBytes: FRAME_BYTES_MAX,
        frameCommands: FRAME_COMMANDS_MAX,
        // Who has as many on their way is not refused the next frame for results that came all at once.
        commandsInFlight: Math.floor(COMMANDS_IN_FLIGHT_MAX * (unconfirmedBytes / UNCONFIRMED_BYTES_MAX)),
        subscriptions: SUBSCRIPTIONS_MAX,
        unconfirmedBytes,
      },
    });
    if (session.serviceKey !== undefined) this.#guard(session.serviceKey);
  }

  /** Goes on with sockets that outlived the instance before. */
  restore(sockets: Iterable<readonly [Socket, Attachment]>): void {
    const behind = new Map<Watch, Subscription[]>();
    for (const [socket, { flow, refusals = 0, subscriptions, opening, ...session }] of sockets) {
      const connection = this.#add(socket, session, { flow, refusals });
      if (connection === undefined) {
        socket.close(CLOSE_CODES.session_ended, 'session_ended: connect again');
        continue;
      }
      for (const [id, topic, aggregateType, aggregateId, version, isBehind] of subscriptions) {
        const watch = this.#watches.of({ aggregateType, aggregateId });
        watch.head = Math.max(watch.head, version);
        const settings = { id, topic, watch, afterVersion: version };
        const subscription = new Subscription(settings, connection, this.#deps.clock);
        connection.subscriptions.set(id, subscription);
        if (isBehind === 1) behind.set(watch, [...(behind.get(watch) ?? []), subscription]);
      }
      connection.count();
      for (const frame of opening) void this.#subscribe(connection, frame);
    }
    // What was on its way to a subscription would else wait for the next commit.
    for (const [watch, subscriptions] of behind) {
      void this.#watches.ask(watch).catch((error) => {
        for (const subscription of subscriptions) subscription.fail(error);
      });
    }
    for (const { session } of this.#connections.values()) {
      if (session.serviceKey !== undefined) this.#guard(session.serviceKey);
    }
  }

  /** A message of a socket. Returns at once: the next one must not wait for the answer to this. */
  message(socket: Socket, message: string | ArrayBuffer): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined || connection.isPast()) return;
    const incoming = readFrame(message);
    const isFree = incoming.ok && connection.isGivingBack(incoming.frame);
    const waitSeconds = isFree ? 0 : this.#deps.limits.takeRequest(connection.principal.userId);
    if (waitSeconds > 0) {
      const { id } = incoming.ok ? { id: null, ...incoming.frame } : incoming.error;
      const detail = `The client has sent more than it may; it may go on in ${waitSeconds} s.`;
      const error: FrameError = { code: 'rate_limited', detail, retryAfterSeconds: waitSeconds };
      if (incoming.ok && incoming.frame.type === 'commands') connection.turnAway(incoming.frame.id, error);
      else connection.send(errorFrame(id, error));
    } else if (incoming.ok) this.#take(connection, incoming);
    else connection.send(incoming.error);
  }

  /** The socket is gone. */
  disconnect(socket: Socket): void {
    this.#connections.get(socket)?.end();
  }

  /** What an aggregate tells; false: nobody here watches it any more. */
  notify(notice: Notice): boolean {
    const watch = this.#watches.find(notice);
    if (watch === undefined) return false;
    watch.notified(notice);
    return true;
  }

  #take(connection: Connection, { frame, bytes }: Extract<Incoming, { ok: true }>): void {
    switch (frame.type) {
      case 'commands':
        runCommandsFrame(connection, { frame, bytes }, this.#commands);
        break;
      case 'subscribe':
        void this.#subscribe(connection, frame);
        break;
      case 'unsubscribe':
        this.#unsubscribe(connection, frame.id);
        break;
      case 'receipt':
        if (!connection.confirm(frame.receipt)) {
          connection.send(errorFrame(null, invalid([{ path: 'receipt', message: 'was not asked for' }])));
        }
    }
  }

  async #subscribe(connection: Connection, frame: SubscribeFrame): Promise<void> {
    const { id, topic } = frame;
    const refusal = refusalOf(connection, frame, (client) => this.#hasRoom(this.#subscriptions, client));
    if (refusal !== undefined) {
      if (refusal.code === 'forbidden') await this.#deny(connection, frame);
      connection.send(errorFrame(id, refusal));
      return;
    }
    connection.opening.set(id, frame);
    connection.save();
    const watch = this.#watches.of(frame);
    watch.pending++;
    let head: number | undefined;
    try {
      head = await this.#watches.ask(watch);
    } catch (error) {
      this.#logError('a subscription fails', error, watch);
      head = -1;
    } finally {
      watch.pending--;
    }
    // The id may have been given up, and even taken again, while this waited.
    if (connection.isOpen && connection.opening.get(id) === frame) {
      connection.opening.delete(id);
      const error = startProblem(frame, head);
      if (error === undefined) {
        const afterVersion = frame.afterVersion ?? head ?? 0;
        const settings = { id, topic, watch, afterVersion };
        const subscription = new Subscription(settings, connection, this.#deps.clock);
        connection.subscriptions.set(id, subscription);
        connection.send({ type: 'subscribed', id, afterVersion, version: watch.head });
        subscription.pump();
      } else connection.send(errorFrame(id, error));
      connection.save();
    }
    this.#watches.release(watch);
  }

  #deny({ principal, session }: Connection, frame: SubscribeFrame): Promise<void> {
    const { correlationId } = session;
    const context = { userId: principal.userId, correlationId, causationId: null };
    return this.#deps.denied({ principal, context }, TOPICS[frame.topic].operation, frame);
  }

  #unsubscribe(connection: Connection, id: string): void {
    const subscription = connection.subscriptions.get(id);
    if (subscription !== undefined) connection.drop(subscription);
    else if (!connection.opening.delete(id)) {
      connection.send(errorFrame(id, invalid([{ path: 'id', message: 'is no subscription' }])));
      return;
    }
    connection.save();
    connection.send({ type: 'unsubscribed', id });
  }

  /** Looks at a service's key now, and whenever it changes. */
  #guard({ keyId }: ShownKey): void {
    const watch = this.#watches.of({ aggregateType: 'serviceKey', aggregateId: keyId });
    void this.#watches.ask(watch).catch((error) => {
      this.#logError('the key of a service does not answer', error, watch);
      for (const follower of watch.followers) follower.pump();
    });
  }

  /** Undefined where nobody is known by the session's key. */
  #add(socket: Socket, session: Session, left?: LeftBehind): Connection | undefined {
    const { clock, logger, principals, hubs } = this.#deps;
    const principal = principals.hold(session.principalKey);
    if (principal === undefined) return undefined;
    let guard: KeyGuard | undefined;
    const onEnd = ({ subscriptions }: Connection) => {
      this.#connections.delete(socket);
      hubs.changed();
      this.#sockets.add(principal.userId, -1);
      principals.release(session.principalKey);
      guard?.close();
      if (guard !== undefined) this.#watches.release(guard.watch);
      for (const { watch } of subscriptions.values()) this.#watches.release(watch);
    };
    const onHeld = (more: number) => this.#subscriptions.add(principal.userId, more);
    const onDrop = ({ watch }: Subscription) => this.#watches.release(watch);
    const told = { window: () => this.#window(), onHeld, onDrop, onEnd };
    const connection = new Connection({ socket, session, principal, clock, logger, left, ...told });
    this.#connections.set(socket, connection);
    hubs.changed();
    this.#sockets.add(principal.userId, 1);
    const { serviceKey } = session;
    if (serviceKey !== undefined) {
      const watch = this.#watches.of({ aggregateType: 'serviceKey', aggregateId: serviceKey.keyId });
      guard = new KeyGuard(watch, connection, serviceKey, clock);
    }
    return connection;
  }

  /** Bytes that each connection may have without a receipt. */
  #window(): number {
    return windowOf(this.#deps.hubs.connections);
  }

  #logError(message: string, error: unknown, { target }: Watch): void {
    this.#deps.logger.log('warn', message, { ...target, ...errorFields(error) });
  }
}

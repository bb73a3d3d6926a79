/**
 * A hub: sockets, what they are subscribed to, and the aggregates that it watches for them. Aggregates tell hubs, hubs tell
 * sockets; so a commit costs a call for each hub with a subscriber and not for each subscriber. No Cloudflare import.
 */
import type { Notice } from '../../actors/kernel/watchers.ts';
import { errorFields } from '../../telemetry/logger.ts';
import { mayReach } from '../access/decide.ts';
import type { Target } from '../access/principal.ts';
import type { AggregateActor } from '../aggregates.ts';
import { FORBIDDEN_DETAIL } from '../http/denial.ts';
import { COMMANDS_IN_FLIGHT_MAX, type CommandsDeps, runCommandsFrame } from './commands.ts';
import {
  type Attachment,
  CLOSE_CODES,
  Connection,
  type Session,
  type Socket,
  SUBSCRIPTIONS_MAX,
} from './connection.ts';
import { UNCONFIRMED_BYTES_MAX } from './flow.ts';
import { FRAME_BYTES_MAX, FRAME_COMMANDS_MAX, type SubscribeFrame } from './frames.ts';
import { errorFrame, type FrameError, type Incoming, invalid, readFrame } from './incoming.ts';
import { Pipelines } from './pipelines.ts';
import type { Principals } from './principals.ts';
import { type Clock, Subscription, Watch } from './subscription.ts';
import { TOPICS } from './topics.ts';

/** An aggregate's actor as a hub uses it. */
export interface WatchedActor extends AggregateActor {
  watch(hub: string): Promise<number>;
}

/** What a hub needs of its world. */
export interface HubDeps extends Pick<CommandsDeps, 'logger' | 'limits' | 'denied'> {
  readonly name: string;
  readonly clock: Clock;
  readonly principals: Principals;
  actorOf(target: Target): WatchedActor;
}

export class Hub {
  readonly #deps: HubDeps;
  readonly #commands: CommandsDeps;
  readonly #connections = new Map<Socket, Connection>();
  readonly #watches = new Map<string, Watch>();
  /** Calls of `watch` on their way: many who subscribe at once share one. */
  readonly #asking = new Map<Watch, Promise<number>>();

  constructor(deps: HubDeps) {
    this.#deps = deps;
    const pipelines = new Pipelines((target) => deps.actorOf(target));
    this.#commands = { ...deps, actorOf: (target) => pipelines.to(target) };
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** Takes a new socket in and welcomes it. */
  connect(socket: Socket, session: Session): void {
    const connection = this.#add(socket, session);
    connection.save();
    const { connectionId, correlationId, endsAt } = session;
    connection.send({
      type: 'welcome',
      connectionId,
      correlationId,
      endsAt: new Date(endsAt).toISOString(),
      limits: {
        frameBytes: FRAME_BYTES_MAX,
        frameCommands: FRAME_COMMANDS_MAX,
        commandsInFlight: COMMANDS_IN_FLIGHT_MAX,
        subscriptions: SUBSCRIPTIONS_MAX,
        unconfirmedBytes: UNCONFIRMED_BYTES_MAX,
      },
    });
  }

  /** Goes on with sockets that outlived the instance before. */
  restore(sockets: Iterable<readonly [Socket, Attachment]>): void {
    const behind = new Set<Watch>();
    for (const [socket, { flow, subscriptions, ...session }] of sockets) {
      if (this.#deps.principals.find(session.principalKey) === undefined) {
        socket.close(CLOSE_CODES.session_ended, 'session_ended: connect again');
        continue;
      }
      const connection = this.#add(socket, session, flow);
      for (const [id, topic, aggregateType, aggregateId, version, isBehind] of subscriptions) {
        const watch = this.#watch({ aggregateType, aggregateId });
        watch.head = Math.max(watch.head, version);
        const settings = { id, topic, watch, afterVersion: version };
        connection.subscriptions.set(id, new Subscription(settings, connection, this.#deps.clock));
        if (isBehind === 1) behind.add(watch);
      }
    }
    // What was on its way to a subscription would else wait for the next commit.
    for (const watch of behind) {
      void this.#ask(watch).catch((error) =>
        this.#logError('a watched aggregate does not answer', error, watch),
      );
    }
  }

  /** A message of a socket. Returns at once: the next one must not wait for the answer to this. */
  message(socket: Socket, message: string | ArrayBuffer): void {
    const connection = this.#connections.get(socket);
    if (connection === undefined || connection.isPast()) return;
    const incoming = readFrame(message);
    const { type, id } = incoming.ok ? { id: null, ...incoming.frame } : incoming.error;
    // A receipt was asked for; all else is a request, good or bad.
    const waitSeconds = type === 'receipt' ? 0 : this.#deps.limits.takeRequest(connection.principal.userId);
    if (waitSeconds > 0) {
      const detail = `The client has sent more than it may; it may go on in ${waitSeconds} s.`;
      connection.send(errorFrame(id, { code: 'rate_limited', detail }));
    } else if (incoming.ok) this.#take(connection, incoming);
    else connection.send(incoming.error);
  }

  /** The socket is gone. */
  disconnect(socket: Socket): void {
    this.#connections.get(socket)?.end();
  }

  /** What an aggregate tells; false: nobody here watches it any more. */
  notify(notice: Notice): boolean {
    const watch = this.#watches.get(keyOf(notice));
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
    const refusal = refusalOf(connection, frame);
    if (refusal !== undefined) {
      if (refusal.code === 'forbidden') await this.#deny(connection, frame);
      connection.send(errorFrame(id, refusal));
      return;
    }
    connection.opening.set(id, frame);
    const watch = this.#watch(frame);
    watch.pending++;
    let head: number;
    try {
      head = await this.#ask(watch);
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
        const afterVersion = frame.afterVersion ?? head;
        const settings = { id, topic, watch, afterVersion };
        const subscription = new Subscription(settings, connection, this.#deps.clock);
        connection.subscriptions.set(id, subscription);
        connection.send({ type: 'subscribed', id, afterVersion, version: watch.head });
        connection.save();
        subscription.pump();
      } else connection.send(errorFrame(id, error));
    }
    this.#release(watch);
  }

  #deny({ principal, session }: Connection, frame: SubscribeFrame): Promise<void> {
    const { correlationId } = session;
    const context = { userId: principal.userId, correlationId, causationId: null };
    return this.#deps.denied({ principal, context }, TOPICS[frame.topic].operation, frame);
  }

  #unsubscribe(connection: Connection, id: string): void {
    const subscription = connection.subscriptions.get(id);
    if (subscription !== undefined) {
      connection.drop(subscription);
      this.#release(subscription.watch);
    } else if (!connection.opening.delete(id)) {
      connection.send(errorFrame(id, invalid([{ path: 'id', message: 'is no subscription' }])));
      return;
    }
    connection.send({ type: 'unsubscribed', id });
  }

  /** Has the aggregate tell this hub; answers the version that its log has, 0 for none. */
  #ask(watch: Watch): Promise<number> {
    let asking = this.#asking.get(watch);
    if (asking === undefined) {
      asking = this.#deps
        .actorOf(watch.target)
        .watch(this.#deps.name)
        .then((head) => {
          watch.reached(head);
          return head;
        })
        .finally(() => this.#asking.delete(watch));
      this.#asking.set(watch, asking);
    }
    return asking;
  }

  #watch(target: Target): Watch {
    const key = keyOf(target);
    let watch = this.#watches.get(key);
    if (watch === undefined) {
      const { aggregateType, aggregateId } = target;
      watch = new Watch({ aggregateType, aggregateId }, () => this.#deps.actorOf(target));
      this.#watches.set(key, watch);
    }
    return watch;
  }

  /** Lets go of an aggregate that nobody watches. It is told so when it next tells something. */
  #release(watch: Watch): void {
    if (!watch.isWanted) this.#watches.delete(keyOf(watch.target));
  }

  #add(socket: Socket, session: Session, flow?: Attachment['flow']): Connection {
    const { clock, logger, principals } = this.#deps;
    const principal = principals.find(session.principalKey);
    if (principal === undefined) throw new Error(`nobody is known as ${session.principalKey}`);
    const onEnd = ({ subscriptions }: Connection) => {
      this.#connections.delete(socket);
      for (const { watch } of subscriptions.values()) this.#release(watch);
    };
    const connection = new Connection({ socket, session, principal, clock, logger, flow, onEnd });
    this.#connections.set(socket, connection);
    return connection;
  }

  #logError(message: string, error: unknown, { target }: Watch): void {
    this.#deps.logger.log('warn', message, { ...target, ...errorFields(error) });
  }
}

function keyOf({ aggregateType, aggregateId }: Target): string {
  return `${aggregateType}/${aggregateId}`;
}

/** Why a subscription is refused before its aggregate is asked. */
function refusalOf(connection: Connection, frame: SubscribeFrame): FrameError | undefined {
  const { id, topic, aggregateType } = frame;
  const { operation, of } = TOPICS[topic];
  if (connection.subscriptions.has(id) || connection.opening.has(id)) {
    return invalid([{ path: 'id', message: 'is a subscription of this connection already' }]);
  }
  if (of !== undefined && !of.includes(aggregateType)) {
    return invalid([{ path: 'aggregateType', message: `must be one of ${of.join(', ')}` }]);
  }
  if (connection.subscriptions.size + connection.opening.size >= SUBSCRIPTIONS_MAX) {
    const detail = `A connection has at most ${SUBSCRIPTIONS_MAX} subscriptions.`;
    return { code: 'too_many_subscriptions', detail };
  }
  if (!mayReach(connection.principal, operation, frame)) {
    return { code: 'forbidden', detail: FORBIDDEN_DETAIL };
  }
  return undefined;
}

/** Why a subscription cannot begin; `head` is the version of the log, 0 for none, -1 where it is not known. */
function startProblem(
  { aggregateType, aggregateId, afterVersion }: SubscribeFrame,
  head: number,
): FrameError | undefined {
  if (head < 0) return { code: 'unavailable', detail: 'The aggregate does not answer now.' };
  if (head === 0) {
    return { code: 'aggregate_not_found', detail: `There is no ${aggregateType} ${aggregateId}.` };
  }
  if (afterVersion !== undefined && afterVersion > head) {
    return invalid([{ path: 'afterVersion', message: `must be at most ${head}, the version of the log` }]);
  }
  return undefined;
}

/**
 * GraphQL over a WebSocket, by the protocol graphql-transport-ws: graphql-ws speaks it, this holds it to what is true of every
 * way in. The caller is told by the request, or, as browsers must, by `Authorization` of the first message. What subscriptions
 * bring comes from a hub, whose connection in the caller's name is this one's double: it ends with it, and it with that.
 */
import { type ExecutionArgs, type ExecutionResult, execute } from 'graphql';
import { makeServer, type Server, type Context as SocketContext, type SubscribePayload } from 'graphql-ws';
import type { Context } from 'hono';
import { errorFields } from '../../telemetry/logger.ts';
import { refusal } from '../http/access.ts';
import { BODY_BYTES_MAX } from '../http/body.ts';
import type { HttpEnv } from '../http/context.ts';
import { gatewayOf } from '../http/gateway.ts';
import { verified } from '../http/middleware/authentication.ts';
import { invalidRequest, ProblemError } from '../http/problem.ts';
import { rateLimited, takeUnits } from '../http/quota.ts';
import type { Stay } from '../limits/admission.ts';
import { CLOSE_CODES } from '../streams/connection.ts';
import type { HubClient } from '../streams/hubClient.ts';
import { Answering } from './answering.ts';
import { CONNECTION_READS_MAX, type GraphQlContext, type Hubs, NO_ROOM } from './context.ts';
import { type Engine, openHub } from './engine.ts';
import { formatError, problemError, shownResult } from './errors.ts';
import { idOfOperation, OperationIds } from './operationIds.ts';
import { PacedSocket } from './pacedSocket.ts';
import { StrictMessages } from './strictMessages.ts';

/** The subprotocol. */
export const GRAPHQL_PROTOCOL = 'graphql-transport-ws';

/** How long a connection may be open before it says who it is of, milliseconds. */
const INIT_MS_MAX = 5_000;

/** Operations of a connection at a time; of subscriptions a hub takes fewer. */
export const OPERATIONS_AT_ONCE_MAX = 100;

/**
 * Operations of a connection in all. The platform counts what a Worker asks of others for as long as a connection lasts, and
 * takes ten thousand: a connection ends in good order before that, and its client opens another.
 */
export const OPERATIONS_MAX = 1_000;

/**
 * Characters of messages that wait for their ends at a time: sixteen of the largest, or a thousand usual ones. A socket is read as fast
 * as its client writes, so that what waits for a reader would else pile up without end.
 */
export const WAITING_LENGTH_MAX = 16 * BODY_BYTES_MAX;

/** Messages of a connection before it has said whose it is: one would do. */
export const MESSAGES_OF_NOBODY_MAX = 10;

/** Close codes of the protocol, and of the streams whose subscriptions these are. */
const CLOSE = {
  unauthorized: 4401,
  forbidden: 4403,
  idInUse: 4409,
  sessionEnded: 4001,
  tryAgain: 1013,
  tooBig: 1009,
  slowConsumer: CLOSE_CODES.slow_consumer,
};

/** One connection. */
export class GraphQlSocket implements Hubs {
  readonly #c: Context<HttpEnv>;
  readonly #engine: Engine;
  readonly #socket: PacedSocket;
  readonly #messages = new StrictMessages();
  readonly #answering = new Answering();
  #hub: HubClient | undefined;
  #ids: OperationIds | undefined;
  #operations = 0;
  #reads = 0;
  #waitingLength = 0;
  #messagesOfNobody = 0;
  /** About how many bytes each operation was sent with, and may be answered with. */
  readonly #bytes = new WeakMap<ExecutionArgs, number>();
  /** Of a connection that has not said whose it is. */
  #nobody: Stay | undefined;

  /** Takes a socket in. `nobody`: its place among those in flight where the request has not told who is asking. */
  constructor(c: Context<HttpEnv>, engine: Engine, socket: WebSocket, nobody: Stay | undefined) {
    this.#c = c;
    this.#engine = engine;
    this.#nobody = nobody;
    this.#socket = new PacedSocket(socket);
    const closed = this.#server().opened(
      {
        protocol: GRAPHQL_PROTOCOL,
        send: (text) => this.#socket.send(text, () => this.#isWanted(text)),
        close: (code, reason) => this.#end(code ?? 1000, reason ?? ''),
        onMessage: (take) => {
          const ids = this.#operationIds(take);
          this.#ids = ids;
          socket.addEventListener('message', ({ data }) => this.#take(data, ids));
        },
        onPing: (payload) => this.#answerPing(payload),
        onPong: (payload) => this.#socket.pong(payload),
      },
      {},
    );
    const over = (code: number, reason: string) => {
      this.#end(code, reason);
      void closed(code, reason);
    };
    socket.addEventListener('close', ({ code, reason }) => over(code, reason));
    socket.addEventListener('error', () => over(1006, ''));
  }

  /** The hub of the connection, for its subscriptions. */
  enter(): Promise<HubClient> {
    if (this.#hub === undefined) throw new Error('a connection that was acknowledged has a hub');
    return Promise.resolve(this.#hub);
  }

  /** The hub is the connection's, not the subscription's. */
  leave(): void {
    // It stays open for the next one.
  }

  /** What its subscriptions read counts as well: they go on without a message. */
  noteReads(reads: number): void {
    this.#reads += reads;
    if (this.#reads >= CONNECTION_READS_MAX) this.#endSession();
  }

  #server(): Server<Record<never, never>> {
    return makeServer({
      connectionInitWaitTimeout: INIT_MS_MAX,
      onConnect: ({ connectionParams }) => this.#connect(connectionParams),
      onSubscribe: (context, id, payload) => this.#prepare(context, id, payload),
      execute: (args) => this.#execute(args),
      onNext: (_context, _id, _payload, _args, result) => shownResult(result, this.#c),
      onError: (_context, _id, _payload, errors) => errors.map((error) => formatError(error, this.#c)),
    });
  }

  /** Takes a message: as large as the body of a request, while the session lasts, and as many as there may be. */
  #take(data: unknown, ids: OperationIds): void {
    if (!this.#socket.isOpen) return;
    if (typeof data !== 'string' || data.length > BODY_BYTES_MAX) {
      this.#end(CLOSE.tooBig, `a message is a text of at most ${BODY_BYTES_MAX} bytes`);
      return;
    }
    const caller = this.#c.get('caller');
    if (this.#operations >= OPERATIONS_MAX || (caller !== undefined && caller.endsAt <= Date.now())) {
      this.#endSession();
      if (!this.#socket.isOpen) return;
    }
    if (this.#nobody !== undefined && ++this.#messagesOfNobody > MESSAGES_OF_NOBODY_MAX) {
      this.#end(CLOSE.unauthorized, 'unauthenticated: say first whose connection it is');
      return;
    }
    this.#waitingLength += data.length;
    if (this.#waitingLength > WAITING_LENGTH_MAX) {
      this.#end(CLOSE.tooBig, `messages of at most ${WAITING_LENGTH_MAX} bytes may wait for their results`);
      return;
    }
    const done = () => {
      this.#waitingLength -= data.length;
    };
    void ids
      .take(data)
      .catch((error) => this.#fail(error))
      .finally(done);
  }

  /** A ping is a request like any other, and its answer waits for the reader as results do. */
  async #answerPing(payload: Readonly<Record<string, unknown>> | undefined): Promise<void> {
    if (this.#nobody === undefined) this.#takeRequest();
    if (!(await this.#socket.answerPing(payload)))
      this.#end(CLOSE.slowConsumer, 'slow_consumer: pings whose answers nobody reads');
  }

  #operationIds(take: (text: string) => Promise<void>): OperationIds {
    return new OperationIds(
      // What waited for the operation before it is not begun when the connection is over, or ends.
      async (text, begins) => {
        if (!this.#socket.isOpen) return;
        if (begins === undefined) return take(text);
        if (this.#answering.isEnding) return;
        this.#messages.look(begins, text);
        this.#answering.begin(begins);
        await take(text).finally(() => this.#answering.end(begins));
      },
      (id) => this.#end(CLOSE.idInUse, `Subscriber for ${id} already exists`),
    );
  }

  #fail(error: unknown): void {
    if (error instanceof ProblemError) {
      const { code, detail } = error.problem;
      const close =
        code === 'unauthenticated'
          ? CLOSE.unauthorized
          : code === 'forbidden'
            ? CLOSE.forbidden
            : CLOSE.tryAgain;
      this.#endInOrder(close, `${code}: ${detail}`);
      return;
    }
    const correlationId = this.#c.get('correlationId');
    this.#c.get('logger').log('warn', 'a GraphQL socket fails', { correlationId, ...errorFields(error) });
    this.#end(4400, 'a message that the protocol does not have');
  }

  /** Finds out who is asking, and opens the connection's double. */
  async #connect(params: Readonly<Record<string, unknown>> | undefined): Promise<void> {
    const c = this.#c;
    if (this.#nobody !== undefined) {
      const header = params?.Authorization ?? params?.authorization;
      const caller = await verified(c, typeof header === 'string' ? header : undefined);
      c.set('caller', caller);
      c.set('principal', caller.principal);
      this.#leaveNobody();
      await refusal(c, 'queryGraphQl', undefined);
      this.#takeRequest();
    }
    this.#hub = await openHub(c, (code, reason) => this.#endInOrder(code, reason));
    // Its client may have gone meanwhile, and whatever ended the connection has not known of the hub's.
    if (!this.#socket.isOpen) this.#hub.close();
  }

  async #prepare({ subscriptions }: SocketContext, id: string, payload: SubscribePayload) {
    this.#operations++;
    if (Object.keys(subscriptions).length > OPERATIONS_AT_ONCE_MAX) {
      const detail = `At most ${OPERATIONS_AT_ONCE_MAX} operations of a connection may wait for their results.`;
      return [problemError({ code: 'too_many_in_flight', detail })];
    }
    try {
      this.#takeRequest();
    } catch (error) {
      return [problemError((error as ProblemError).problem)];
    }
    const faults = this.#messages.faultsOf(id);
    if (faults.length > 0) return [problemError(invalidRequest(faults).problem)];
    const { query, ...asked } = payload;
    const runnable = await this.#engine.prepare(this.#c, { query, ...asked }, this);
    if (!('args' in runnable)) return runnable;
    // What goes on until somebody ends it is not waited for: it is followed again over the next connection.
    if (runnable.operation === 'subscription') this.#answering.end(id);
    const sent = query.length + JSON.stringify(asked.variables ?? null).length;
    this.#bytes.set(runnable.args, sent + runnable.bytes);
    return runnable.args;
  }

  /** Runs a query or a mutation, where there is room for it among all that is in flight. */
  async #execute(args: ExecutionArgs): Promise<ExecutionResult> {
    const { admission } = gatewayOf(this.#c.env);
    const { userId } = this.#c.get('principal');
    const bytes = this.#bytes.get(args) as number;
    const stay = admission.enter(userId, bytes);
    if (stay === undefined) return { errors: [problemError(NO_ROOM)] };
    (args.contextValue as GraphQlContext).counts(stay);
    try {
      return await execute(args);
    } finally {
      stay.leave();
    }
  }

  #takeRequest(): void {
    const quota = gatewayOf(this.#c.env).quotas.client;
    const allowed = takeUnits(this.#c, this.#c.get('principal').userId, 1, quota);
    if (allowed.granted === 0) throw rateLimited(quota, allowed);
  }

  #leaveNobody(): void {
    this.#nobody?.leave();
    this.#nobody = undefined;
  }

  /** Whether a message about an operation is still for its client: not once that has ended it, or follows it over the next connection. */
  #isWanted(text: string): boolean {
    const id = idOfOperation(text);
    if (id === undefined) return true;
    return this.#ids?.isCompleted(id) !== true && (!this.#answering.isEnding || this.#answering.has(id));
  }

  #endSession(): void {
    this.#endInOrder(CLOSE.sessionEnded, 'session_ended: connect again with a fresh token');
  }

  /** Ends the connection for a reason that is ours, once what was begun has its answer. What is followed would only read on: it ends now. */
  #endInOrder(code: number, reason: string): void {
    this.#answering.endWith(() => this.#end(code, reason));
    this.#hub?.close();
  }

  #end(code: number, reason: string): void {
    this.#leaveNobody();
    this.#hub?.close();
    this.#socket.close(code, reason);
  }
}

/** The public client of graphql-transport-ws over sockets of the Worker under test. */
import { exports } from 'cloudflare:workers';
import { type Client, type ClientOptions, createClient } from 'graphql-ws';
import type { Env } from '../../workers/env.ts';
import { app } from '../../workers/http/app.ts';
import { TEST_TOKEN, testEnv } from './api.ts';

const worker = (exports as unknown as { default: Fetcher }).default;

/** A socket that asks the Worker itself, as the client's own would ask a server. */
export class WorkerSocket extends EventTarget {
  static readonly CONNECTING = 0;
  static readonly OPEN = 1;
  static readonly CLOSING = 2;
  static readonly CLOSED = 3;
  /** Those that were opened, so that a test can break them. */
  static readonly opened: WorkerSocket[] = [];
  /** Headers of the next requests. */
  static headers: Record<string, string> = {};
  /** What takes the next requests: the Worker under test, or an application with a gateway of its own. */
  static fetch = (url: string, init: RequestInit): Response | Promise<Response> => worker.fetch(url, init);
  readyState: number = WorkerSocket.CONNECTING;
  readonly protocol = 'graphql-transport-ws';
  /** Whether pings are answered: a reader that has stopped reading answers none. */
  isReading = true;
  readonly sent: string[] = [];
  readonly received: string[] = [];
  onopen: ((event: unknown) => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onerror: ((event: unknown) => void) | null = null;
  onclose: ((event: { code: number; reason: string; wasClean: boolean }) => void) | null = null;
  #socket: WebSocket | undefined;

  constructor(url: string, protocol: string) {
    super();
    WorkerSocket.opened.push(this);
    void this.#open(url.replace(/^ws/, 'http'), protocol);
  }

  async #open(url: string, protocol: string): Promise<void> {
    const headers = { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': protocol, ...WorkerSocket.headers };
    const response = await WorkerSocket.fetch(url, { headers });
    const socket = response.webSocket;
    if (socket === null) {
      this.readyState = WorkerSocket.CLOSED;
      this.onclose?.({ code: 4500, reason: `${response.status} ${await response.text()}`, wasClean: false });
      return;
    }
    this.#socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const text = String(data);
      this.received.push(text);
      if (this.isReading || !text.startsWith('{"type":"ping"')) this.onmessage?.({ data: text });
    });
    socket.addEventListener('close', ({ code, reason }) => {
      this.readyState = WorkerSocket.CLOSED;
      this.onclose?.({ code, reason, wasClean: true });
    });
    socket.accept();
    this.readyState = WorkerSocket.OPEN;
    this.onopen?.({});
  }

  send(text: string): void {
    this.sent.push(text);
    this.#socket?.send(text);
  }

  /** Also what a network that breaks looks like to both sides. */
  close(code = 1000, reason = ''): void {
    this.readyState = WorkerSocket.CLOSING;
    this.#socket?.close(code, reason);
    this.readyState = WorkerSocket.CLOSED;
    this.onclose?.({ code, reason, wasClean: true });
  }
}

/** A client; with the local administrator's token in its first message unless the options say otherwise. */
export function socketClient(options: Partial<ClientOptions> = {}): Client {
  return createClient({
    url: 'ws://folio.test/v1/graphql',
    webSocketImpl: WorkerSocket,
    connectionParams: { Authorization: `Bearer ${TEST_TOKEN}` },
    retryAttempts: 0,
    lazy: true,
    ...options,
  });
}

/** Everything that a subscription brings, until a test has enough. */
export async function collect<Data>(
  client: Client,
  query: string,
  variables: Record<string, unknown>,
  isEnough: (results: readonly Data[]) => boolean,
): Promise<Data[]> {
  const results: Data[] = [];
  for await (const { data, errors } of client.iterate<Record<string, unknown>>({ query, variables })) {
    if (errors !== undefined) throw Object.assign(new Error(JSON.stringify(errors)), { errors });
    results.push(data as Data);
    if (isEnough(results)) break;
  }
  return results;
}

/** A socket that answers nothing by itself. */
export async function openSocket(headers: Record<string, string>, env: Env = { ...testEnv }) {
  const protocol = { Upgrade: 'websocket', 'Sec-WebSocket-Protocol': 'graphql-transport-ws' };
  const request = new Request('http://folio.test/v1/graphql', { headers: { ...protocol, ...headers } });
  const { webSocket } = await app.fetch(request, env);
  if (webSocket === null) throw new Error('no socket');
  const received: { type: string; payload?: object }[] = [];
  const closed: number[] = [];
  webSocket.addEventListener('message', ({ data }) => void received.push(JSON.parse(String(data))));
  webSocket.addEventListener('close', ({ code }) => void closed.push(code));
  webSocket.accept();
  const send = (message: object) => webSocket.send(JSON.stringify(message));
  const pongs = () => received.filter(({ type }) => type === 'pong').length;
  return { send, received, closed, pongs, leave: () => webSocket.close() };
}

/** How long an event takes from its command to those who follow its account, few of them and many. */
import { setTimeout as sleep } from 'node:timers/promises';
import { nextStamp } from '../load/requests.ts';
import { type Frame, LoadSocket } from '../load/socket.ts';
import { type Server, withServers } from '../servers/server.ts';
import { quantile } from '../statistics.ts';
import type { Benchmark, BenchOptions, Figure, Target } from '../types.ts';
import { openAccounts } from '../workload/accounts.ts';
import { ACCOUNTS, accountId } from '../workload/commands.ts';

const DEFAULT_SECONDS = 5;
const WARM_UP_SECONDS = 5;

/** Subscriptions that a connection may have. */
export const SUBSCRIPTIONS_MAX = 50;

const EVENT_P99: Target = { of: 'value', atMost: 50 };

/** Sockets that are opened at a time. */
const OPENING = 50;

/** How long the last events are waited for. */
const LAST_EVENT_MS = 15_000;

/** How many listeners there are, of how many accounts, at which rate of commands over all of these. */
interface Scenario {
  readonly name: string;
  readonly listeners: number;
  readonly accounts: number;
  readonly commandsPerSecond: number;
  readonly targets: readonly Target[];
}

const SCENARIOS: readonly Scenario[] = [
  ...[250, 500, 1_000].map((commandsPerSecond) => ({
    name: `${commandsPerSecond.toLocaleString('en')} commands a second over ${ACCOUNTS} accounts`,
    listeners: ACCOUNTS / SUBSCRIPTIONS_MAX,
    accounts: ACCOUNTS,
    commandsPerSecond,
    targets: [EVENT_P99],
  })),
  {
    name: '200 on one account, 100 events a second',
    listeners: 200,
    accounts: 1,
    commandsPerSecond: 100,
    targets: [],
  },
  {
    name: '5,000 held on one account, 1 event a second',
    listeners: 5_000,
    accounts: 1,
    commandsPerSecond: 1,
    targets: [],
  },
];

export const subscribers: Benchmark = {
  name: 'subscribers',
  summary:
    'milliseconds from a command to its event at those who follow the account; 200 listeners, 5,000 held',
  run(options: BenchOptions): Promise<Figure[]> {
    return withServers(['product without views'], options.servers, async (server) => {
      await openAccounts(server.url, ACCOUNTS);
      const figures: Figure[] = [];
      for (const scenario of SCENARIOS) figures.push(...(await runScenario(scenario, server, options)));
      return figures;
    });
  },
};

/** Notes when each command was sent and when each listener heard of it. */
class Ear {
  readonly delays: number[] = [];
  readonly #sentAt = new Map<string, number>();

  sent(commandId: string): void {
    this.#sentAt.set(commandId, performance.now());
  }

  heard({ events = [] }: Frame): void {
    const now = performance.now();
    for (const { metadata } of events) {
      const sentAt = this.#sentAt.get(metadata.commandId);
      if (sentAt !== undefined) this.delays.push(now - sentAt);
    }
  }
}

/** A socket that follows some of the accounts: which, by its place among the listeners. */
export async function listen(
  server: Server,
  place: { readonly index: number; readonly accounts: number; readonly perListener: number },
  onFrame: (frame: Frame) => void,
): Promise<LoadSocket> {
  const { index, accounts, perListener } = place;
  const socket = await LoadSocket.open(server, onFrame);
  for (let number = 0; number < perListener; number++) {
    const aggregateId = accountId((index * perListener + number) % accounts);
    const wish = { type: 'subscribe', id: `s-${number}`, topic: 'events', aggregateType: 'account' };
    socket.send(JSON.stringify({ ...wish, aggregateId }));
  }
  return socket;
}

async function runScenario(
  { name, listeners, accounts, commandsPerSecond, targets }: Scenario,
  server: Server,
  { seconds = DEFAULT_SECONDS, progress }: BenchOptions,
): Promise<Figure[]> {
  const ear = new Ear();
  const sockets: LoadSocket[] = [];
  const perListener = Math.min(accounts, SUBSCRIPTIONS_MAX);
  let subscribed = 0;
  const onFrame = (frame: Frame) => {
    if (frame.type === 'subscribed') subscribed++;
    ear.heard(frame);
  };
  for (let first = 0; first < listeners; first += OPENING) {
    const opened = Array.from({ length: Math.min(OPENING, listeners - first) }, (_, place) =>
      listen(server, { index: first + place, accounts, perListener }, onFrame),
    );
    sockets.push(...(await Promise.all(opened)));
  }
  const wanted = listeners * perListener;
  for (const end = performance.now() + LAST_EVENT_MS * 2; subscribed < wanted && performance.now() < end; )
    await sleep(10);
  const held = subscribed;
  // As long as the runtime still compiles what it has just begun to run, a command costs several times as much.
  await sendDeposits(server, ear, accounts, commandsPerSecond, WARM_UP_SECONDS);
  await server.quiet();
  ear.delays.length = 0;
  const sent = await sendDeposits(server, ear, accounts, commandsPerSecond, seconds);
  const expected = (sent * wanted) / accounts;
  for (
    const end = performance.now() + LAST_EVENT_MS;
    ear.delays.length < expected && performance.now() < end;
  )
    await sleep(10);
  for (const socket of sockets) socket.close();
  await server.quiet();
  const p99 = quantile(ear.delays, 0.99);
  progress(
    `${name}: ${held} subscriptions, ${ear.delays.length} of ${expected} events, p99 ${p99.toFixed(1)} ms`,
  );
  if (ear.delays.length !== expected)
    throw new Error(`${name}: ${expected - ear.delays.length} events were not heard of`);
  return [
    {
      name: `${name}, p99`,
      unit: 'ms',
      value: p99,
      rounds: [p99],
      targets,
      detail: {
        p50Ms: quantile(ear.delays, 0.5),
        subscriptions: held,
        memoryMb: server.memoryMb() ?? Number.NaN,
      },
    },
  ];
}

/** Sends deposits at a steady rate over a socket of their own; answers how many. */
async function sendDeposits(
  server: Server,
  ear: Ear,
  accounts: number,
  perSecond: number,
  seconds: number,
): Promise<number> {
  let answered = 0;
  const sender = await LoadSocket.open(server, ({ type }) => {
    if (type === 'results') answered++;
  });
  const start = performance.now();
  let sent = 0;
  for (let now = start; now < start + seconds * 1_000; now = performance.now()) {
    for (const due = Math.ceil(((now - start) * perSecond) / 1_000); sent < due; sent++) {
      const commandId = `heard-${nextStamp()}`;
      const target = { aggregateType: 'account', aggregateId: accountId(sent % accounts) };
      const command = { commandId, ...target, type: 'DepositFunds', data: { amount: '1' } };
      ear.sent(commandId);
      sender.send(JSON.stringify({ type: 'commands', id: `f-${sent}`, commands: [command] }));
    }
    await sleep(1);
  }
  for (const end = performance.now() + LAST_EVENT_MS; answered < sent && performance.now() < end; )
    await sleep(1);
  sender.close();
  return sent;
}

/**
 * The past of one account of 100,000 events over a year: its state at a time, and its balance by day, both as recorded and as
 * known after corrections. The baseline has the same events as rows under their times: the newest row at a time, and one
 * statement that groups balances by day in floating point.
 */
import { pairedFigure } from '../compare.ts';
import { BENCH_TOKEN } from '../load/token.ts';
import { type Server, withServers } from '../servers/server.ts';
import { median, quantile } from '../statistics.ts';
import type { Benchmark, Figure, Target } from '../types.ts';
import { uniform } from '../workload/random.ts';

const DEFAULT_EVENTS = 100_000;

const ACCOUNT = 'bench-year';
const YEAR_MS = 365 * 86_400_000;
const YEAR_START = Date.parse('2025-01-01T00:00:00Z');

/** Trades booked by one request: some seconds of the runtime. */
const SLICE_EVENTS = 10_000;

/** Events that one page of the log has. */
const PAGE_EVENTS = 1_000;

/** Questions of one round: enough for a 95th percentile, and fewer where one takes the baseline a second. */
const SHORT_QUESTIONS = 200;
const LONG_QUESTIONS = 20;

/** Of the moments that are asked for. */
const MOMENTS_SEED = 20261128;

/** Trades that are amended once everything else is measured, spread over the year: every fourth is cancelled. */
const AMENDMENTS = 20;
const CANCELLED_EVERY = 4;

const STATE: Target = { of: 'value', atMost: 50 };
const BALANCES: Target = { of: 'value', atMost: 200 };

export const temporal: Benchmark = {
  name: 'temporal',
  summary: 'state at a time and balances by day of one account over a year, as recorded and as known',
  run({ servers, rounds, progress, events = DEFAULT_EVENTS }): Promise<Figure[]> {
    return withServers(['product without views', 'baseline'], servers, async (product, baseline) => {
      await fillYear(product, baseline, events, progress);
      const ask = new Asking(product, baseline, rounds);
      const figures: Figure[] = [];
      const add = async (asked: Promise<Figure>) => {
        const figure = await asked;
        progress(`temporal: ${figure.name} ${figure.value.toFixed(1)} ms`);
        figures.push(figure);
      };
      await add(ask.balancesOnce('the first time', [BALANCES]));
      await product.ask(`bench/drop-digests/${ACCOUNT}`);
      await add(ask.balancesOnce('of a log without digests', []));
      await add(ask.states('recorded', [STATE]));
      await add(ask.balances('recorded'));
      await amendTrades(product, events);
      await add(ask.stateOnce('known', 'the first time'));
      await add(ask.states('known', [STATE]));
      await add(ask.balances('known'));
      return figures;
    });
  },
};

/** The account's log on the product, and the very same events as rows of the baseline. */
async function fillYear(
  product: Server,
  baseline: Server,
  events: number,
  progress: (line: string) => void,
): Promise<void> {
  for (let done = 0; done < events; done += SLICE_EVENTS) {
    const count = Math.min(SLICE_EVENTS, events - done);
    const at = (booked: number) => YEAR_START + Math.floor((booked / events) * YEAR_MS);
    const query = new URLSearchParams({
      from: String(at(done)),
      to: String(at(done + count)),
      events: String(count),
    });
    await product.ask(`bench/book-between/${ACCOUNT}?${query}`);
    progress(`temporal: ${done + count} of ${events} trades booked`);
  }
  for (let version = 1; version <= events; version += PAGE_EVENTS) {
    const path = `v1/accounts/${ACCOUNT}/events?fromVersion=${version}&limit=${PAGE_EVENTS}`;
    const { events: page } = JSON.parse(await asked(product, path)) as { events: { recordedAt: string }[] };
    const lines = page.map((event) => `${Date.parse(event.recordedAt)} ${JSON.stringify(event)}`);
    await baseline.ask(`timed/${ACCOUNT}`, lines.join('\n'));
    const copied = version + page.length - 1;
    if (copied % SLICE_EVENTS === 0)
      progress(`temporal: ${copied} of ${events} events copied for the baseline`);
  }
}

async function amendTrades(product: Server, events: number): Promise<void> {
  for (let count = 0; count < AMENDMENTS; count++) {
    const version = 2 + Math.floor(((count + 1) * (events - 2)) / (AMENDMENTS + 1));
    const path = `v1/accounts/${ACCOUNT}/trades/t-${version}`;
    const reason = 'contract note';
    if (count % CANCELLED_EVERY === 0) await asked(product, `${path}/cancel`, { reason });
    else await asked(product, `${path}/correct`, { price: `${5 + count}.25`, reason });
  }
}

/** The body of an answer of the product. */
async function asked(server: Server, path: string, body?: object): Promise<string> {
  const response = await fetch(`${server.url}/${path}`, {
    headers: { authorization: `Bearer ${BENCH_TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) }),
  });
  const text = await response.text();
  if (response.status !== 200) throw new Error(`/${path} answered ${response.status} ${text.slice(0, 500)}`);
  return text;
}

/** What one side took for some questions: the 95th percentile of their times, and processor time a question. */
interface Round {
  readonly p95: number;
  readonly processorMs: number;
}

type Knowledge = 'recorded' | 'known';

/** Questions of both servers about random moments of the year, one after another. */
class Asking {
  readonly #product: Server;
  readonly #baseline: Server;
  readonly #rounds: number;
  readonly #random = uniform(MOMENTS_SEED);

  constructor(product: Server, baseline: Server, rounds: number) {
    this.#product = product;
    this.#baseline = baseline;
    this.#rounds = rounds;
  }

  /** The state at a time, beside the newest row at one. */
  states(knowledge: Knowledge, targets: readonly Target[]): Promise<Figure> {
    return this.#compare(
      `state at a time as ${knowledge}, p95`,
      targets,
      SHORT_QUESTIONS,
      () => this.#state(knowledge, this.#moment()),
      () => this.#baseline.ask(`newest-at/${ACCOUNT}?at=${this.#moment()}`),
    );
  }

  /** Balances by day over the whole year, beside one statement. */
  balances(knowledge: Knowledge): Promise<Figure> {
    return this.#compare(
      `balances by day over a year as ${knowledge}, p95`,
      [BALANCES],
      LONG_QUESTIONS,
      () => this.#year(knowledge),
      () => this.#baseline.ask(`balances/${ACCOUNT}?from=${YEAR_START}&to=${YEAR_START + YEAR_MS}`),
    );
  }

  /** The balances that are asked for just once. */
  balancesOnce(when: string, targets: readonly Target[]): Promise<Figure> {
    return this.#once(`balances by day over a year, ${when}`, targets, () => this.#year('recorded'));
  }

  /** The state at the end of the year that is asked for just once: of all moments the one that takes longest. */
  stateOnce(knowledge: Knowledge, when: string): Promise<Figure> {
    const question = () => this.#state(knowledge, YEAR_START + YEAR_MS - 1);
    return this.#once(`state at the end of the year as ${knowledge}, ${when}`, [], question);
  }

  async #once(name: string, targets: readonly Target[], question: () => Promise<unknown>): Promise<Figure> {
    const { p95: value, processorMs } = await measured(this.#product, 1, question);
    return { name, unit: 'ms', value, rounds: [value], detail: { processorMs }, targets };
  }

  #state(knowledge: Knowledge, moment: number): Promise<string> {
    const at = new Date(moment).toISOString();
    return asked(this.#product, `v1/accounts/${ACCOUNT}/portfolio?at=${at}&knowledge=${knowledge}`);
  }

  #year(knowledge: Knowledge): Promise<string> {
    const [from, to] = [YEAR_START, YEAR_START + YEAR_MS].map((time) => new Date(time).toISOString());
    const query = `from=${from}&to=${to}&interval=day&knowledge=${knowledge}`;
    return asked(this.#product, `v1/accounts/${ACCOUNT}/balance-history?${query}`);
  }

  /** Some moment after the first trades. */
  #moment(): number {
    return YEAR_START + Math.floor((0.01 + this.#random() * 0.99) * YEAR_MS);
  }

  async #compare(
    name: string,
    targets: readonly Target[],
    questions: number,
    ofProduct: () => Promise<unknown>,
    ofBaseline: () => Promise<unknown>,
  ): Promise<Figure> {
    const [product, baseline]: [Round[], Round[]] = [[], []];
    for (let round = 0; round < this.#rounds; round++) {
      product.push(await measured(this.#product, questions, ofProduct));
      baseline.push(await measured(this.#baseline, questions, ofBaseline));
    }
    const times = (rounds: readonly Round[]) => rounds.map(({ p95 }) => p95);
    const processor = (rounds: readonly Round[]) => median(rounds.map(({ processorMs }) => processorMs));
    return pairedFigure(name, 'ms', times(product), times(baseline), {
      targets,
      detail: { processorMs: processor(product), baselineProcessorMs: processor(baseline) },
    });
  }
}

/** Asks a server some questions, one after another. */
async function measured(server: Server, questions: number, question: () => Promise<unknown>): Promise<Round> {
  const times: number[] = [];
  const before = server.processorSeconds() ?? Number.NaN;
  for (let count = 0; count < questions; count++) {
    const started = performance.now();
    await question();
    times.push(performance.now() - started);
  }
  const used = (server.processorSeconds() ?? Number.NaN) - before;
  return { p95: quantile(times, 0.95), processorMs: (used * 1_000) / questions };
}

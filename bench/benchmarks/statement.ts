/** Statements of an account with ten thousand trades, in each form, against the plain JSON of the same statement. */
import { pairedFigure } from '../compare.ts';
import { fill } from '../load/fill.ts';
import { inTurn } from '../load/requests.ts';
import { BENCH_TOKEN } from '../load/token.ts';
import { type Server, withServers } from '../servers/server.ts';
import { median } from '../statistics.ts';
import type { Benchmark, Figure, Target } from '../types.ts';
import { openAccounts } from '../workload/accounts.ts';
import { accountId, batchTemplates } from '../workload/commands.ts';

/** A year of forty trades a day. */
const DEFAULT_EVENTS = 10_000;

const SEED_BATCH = 1_000;

const PDF: Target = { of: 'value', atMost: 5_000 };

const FORMATS = ['pdf', 'html', 'csv'] as const;

/** One document as it was answered. */
interface Answered {
  readonly ms: number;
  /** Milliseconds of the runtime's processor. */
  readonly processorMs: number;
  readonly bytes: number;
}

export const statement: Benchmark = {
  name: 'statement',
  summary: 'milliseconds until a statement of 10,000 movements is there, as PDF, HTML and CSV against JSON',
  run({ servers, rounds, progress, events = DEFAULT_EVENTS }): Promise<Figure[]> {
    return withServers(['product without views'], servers, async (server) => {
      await openAccounts(server.url, 1);
      await fill(server, inTurn(batchTemplates('product', SEED_BATCH, 1, 'trade id')), events);
      await server.quiet();
      progress(`statement: ${events} movements in one account`);
      const figures: Figure[] = [];
      for (const format of FORMATS) {
        const [made, plain]: [Answered[], Answered[]] = [[], []];
        // The first of each is compiled on the way.
        for (let round = -1; round < rounds; round++) {
          const [one, other] = [await ask(server, format), await ask(server, 'json')];
          progress(`statement as ${format}: ${one.ms.toFixed()} ms against ${other.ms.toFixed()} ms`);
          if (round < 0) continue;
          made.push(one);
          plain.push(other);
        }
        figures.push(figureOf(format, made, plain, events));
      }
      return figures;
    });
  },
};

async function ask(server: Server, format: string): Promise<Answered> {
  const before = server.processorSeconds() ?? Number.NaN;
  const started = performance.now();
  const response = await fetch(`${server.url}/v1/accounts/${accountId(0)}/statement?format=${format}`, {
    headers: { authorization: `Bearer ${BENCH_TOKEN}` },
  });
  const { byteLength: bytes } = await response.arrayBuffer();
  const ms = performance.now() - started;
  if (response.status !== 200) throw new Error(`the statement as ${format} answered ${response.status}`);
  return { ms, processorMs: ((server.processorSeconds() ?? Number.NaN) - before) * 1_000, bytes };
}

function figureOf(
  format: (typeof FORMATS)[number],
  made: readonly Answered[],
  plain: readonly Answered[],
  movements: number,
): Figure {
  const times = (all: readonly Answered[]) => all.map(({ ms }) => ms);
  return pairedFigure(`statement as ${format}, JSON beside it`, 'ms', times(made), times(plain), {
    ...(format === 'pdf' ? { targets: [PDF] } : {}),
    detail: {
      movements,
      processorMs: median(made.map(({ processorMs }) => processorMs)),
      baselineProcessorMs: median(plain.map(({ processorMs }) => processorMs)),
      bytes: made[0]?.bytes ?? 0,
      baselineBytes: plain[0]?.bytes ?? 0,
    },
  });
}

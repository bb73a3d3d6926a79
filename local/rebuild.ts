import { countText, plural } from '../verifier/counts.ts';
import { DEFAULT_URL, URL_ADVICE } from './archive/client.ts';
import { readCommandLine } from './commandLine.ts';
import { endingOf, LocalServerError, messageOf } from './errors.ts';
import { operatorToken, TOKEN_ADVICE, TOKEN_DEFAULTS } from './operatorToken.ts';

/** Interval at which the progress line is brought up to date. */
const PROGRESS_MS = 500;

/** Differences that are printed; the reply has some more, and their number. */
const DIFFERENCES_SHOWN = 10;

/** Calls in a row that may fail for a reason that passes before this gives up; the rebuild itself can be gone on with. */
const FAILURES_MAX = 10;

/** Pause before a call that failed is repeated. */
const RETRY_MS = 1_000;

const HELP = `Rebuilds read models of a running Folio from the event logs: beside the live ones, verified, then switched.

  npm run rebuild -- [--url URL] [--views NAMES] [--token TOKEN]

  --url URL      where Folio answers (default ${DEFAULT_URL})
  --views NAMES  which ones, with commas, as GET /v1/views names them (default all)
  --token TOKEN  sent as Authorization: Bearer (default: ${TOKEN_DEFAULTS})
  --help         this text

Run it again after an interruption: it goes on where it was. Ends with 0 where the views were switched, 1 where not.`;

/** As much of the server's answer as is shown. */
interface Progress {
  readonly status: 'BUILDING' | 'SWITCHED' | 'FAILED';
  readonly phase: string;
  readonly views: readonly string[];
  readonly aggregatesTotal: number;
  readonly aggregatesDone: number;
  readonly aggregatesVerified: number;
  readonly eventsApplied: number;
  readonly differencesFound: number;
  readonly differences: readonly {
    readonly view: string;
    readonly kind: string;
    readonly aggregateType: string;
    readonly aggregateId: string;
    readonly version?: number;
    readonly detail?: string;
  }[];
  readonly reason: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

interface Arguments {
  readonly url: string;
  readonly views: readonly string[] | undefined;
  readonly token: string | undefined;
}

function readArguments(): Arguments | 'help' {
  const option = { type: 'string' } as const;
  const options = {
    url: option,
    views: option,
    token: option,
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values } = readCommandLine({ options }, HELP);
  if (values.help === true) return 'help';
  const url = values.url ?? DEFAULT_URL;
  if (!URL.canParse(url)) throw new LocalServerError(`--url has to be a URL, not "${url}"`);
  return {
    url: url.replace(/\/+$/, ''),
    views: values.views?.split(',').map((view) => view.trim()),
    token: operatorToken(url, values.token),
  };
}

/** A client of the two endpoints. */
class Views {
  readonly #arguments: Arguments;

  constructor(given: Arguments) {
    this.#arguments = given;
  }

  /** Begins the rebuild or goes on with it for some seconds. */
  async work(): Promise<Progress> {
    const { views } = this.#arguments;
    const body = views === undefined ? {} : { body: JSON.stringify({ views }) };
    return (await this.#send('/v1/views/rebuild', { method: 'POST', ...body })) as Progress;
  }

  /** How it stands, for the progress line alone: an answer that does not come is not missed. */
  async look(): Promise<Progress | undefined> {
    try {
      const { rebuild } = (await this.#send('/v1/views', {})) as { rebuild: Progress | null };
      return rebuild ?? undefined;
    } catch {
      return undefined;
    }
  }

  async #send(path: string, init: RequestInit): Promise<unknown> {
    const { url, token } = this.#arguments;
    const headers: Record<string, string> = init.body == null ? {} : { 'Content-Type': 'application/json' };
    if (token !== undefined) headers.Authorization = `Bearer ${token}`;
    const response = await fetch(url + path, { ...init, headers }).catch((error: unknown) => {
      const { cause } = error as { cause?: unknown };
      throw new Passing(`${url} does not answer: ${messageOf(cause ?? error)} ${URL_ADVICE}`);
    });
    const text = await response.text();
    if (response.ok) return JSON.parse(text);
    const detail = (JSON.parse(text || '{}') as { detail?: string }).detail ?? text;
    if (response.status === 503) throw new Passing(detail);
    const advice = response.status === 401 ? ` ${TOKEN_ADVICE}` : '';
    throw new LocalServerError(`${response.status} ${detail}${advice}`);
  }
}

/** A failure after which the same call may well succeed. */
class Passing extends LocalServerError {
  override name = 'Passing';
}

/** One line that is written over itself on a terminal; elsewhere a line whenever the phase changes. */
class ProgressLine {
  #shown = '';
  #phase = '';

  show(progress: Progress): void {
    const line = progressText(progress);
    if (process.stdout.isTTY) process.stdout.write(`\r${line.padEnd(this.#shown.length)}`);
    else if (progress.phase !== this.#phase) console.log(line);
    this.#shown = line;
    this.#phase = progress.phase;
  }

  end(): void {
    if (process.stdout.isTTY && this.#shown !== '') process.stdout.write('\n');
  }
}

function progressText(progress: Progress): string {
  const { phase, aggregatesTotal, aggregatesDone, aggregatesVerified, eventsApplied } = progress;
  const isVerifying = phase === 'VERIFYING' || phase === 'SWITCHING';
  const done = isVerifying ? aggregatesVerified : aggregatesDone;
  return `${phase.toLowerCase().padEnd(9)}  ${countText(done)} of ${plural(aggregatesTotal, 'aggregate')}, ${plural(eventsApplied, 'event')}`;
}

async function work(views: Views, line: ProgressLine): Promise<Progress> {
  const timer = setInterval(() => {
    void views.look().then((progress) => progress?.status === 'BUILDING' && line.show(progress));
  }, PROGRESS_MS);
  try {
    for (let failures = 0; ; ) {
      try {
        const progress = await views.work();
        line.show(progress);
        if (progress.status !== 'BUILDING') return progress;
        failures = 0;
      } catch (error) {
        if (!(error instanceof Passing) || ++failures > FAILURES_MAX) throw error;
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
  } finally {
    clearInterval(timer);
    line.end();
  }
}

function report(progress: Progress): string[] {
  const { status, views, eventsApplied, differences, differencesFound, reason, startedAt, endedAt } =
    progress;
  const seconds = (Date.parse(endedAt ?? startedAt) - Date.parse(startedAt)) / 1_000;
  const rate =
    seconds > 0 && eventsApplied > 0
      ? `, ${plural(Math.round((eventsApplied / seconds) * 60), 'event')} a minute`
      : '';
  const shown = differences.slice(0, DIFFERENCES_SHOWN).map((difference) => {
    const { view, kind, aggregateType, aggregateId, version, detail } = difference;
    const about = version === undefined ? '' : `, version ${version}`;
    return `  ${view}: ${kind} of ${aggregateType} ${aggregateId}${about}${detail === undefined ? '' : `: ${detail}`}`;
  });
  const heading =
    differencesFound === 0 ? [] : [`${plural(differencesFound, 'difference')}, the first of them:`];
  const end =
    status === 'SWITCHED'
      ? `switched ${views.join(', ')} (${plural(eventsApplied, 'event')} in ${seconds.toFixed(1)} s${rate})`
      : `not switched, the live views are as they were: ${reason}`;
  return [...heading, ...shown, end];
}

async function main(): Promise<void> {
  const given = readArguments();
  if (given === 'help') {
    console.log(HELP);
    return;
  }
  const progress = await work(new Views(given), new ProgressLine());
  console.log(report(progress).join('\n'));
  if (progress.status !== 'SWITCHED') process.exitCode = 1;
}

main().catch((error: unknown) => {
  console.error(endingOf(error));
  process.exit(1);
});

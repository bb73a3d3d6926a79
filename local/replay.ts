/** `npm run replay`: history of a running platform once more, for whoever wants to work through it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Time } from '../schemas/scalars.ts';
import { countText, plural } from '../verifier/counts.ts';
import { fromHere } from '../verifier/fromHere.ts';
import { ArchiveClient, DEFAULT_URL } from './archive/client.ts';
import { Progress } from './archive/progress.ts';
import { readCommandLine } from './commandLine.ts';
import { endingOf, LocalServerError } from './errors.ts';
import { operatorToken, TOKEN_DEFAULTS } from './operatorToken.ts';
import { AlteredHistory } from './replay/checkedEvents.ts';
import { type FeedPage, type ReplaySink, replay } from './replay/replay.ts';
import type { Selection } from './replay/selection.ts';
import { FileSink, StreamSink } from './replay/sinks.ts';

const HELP = `Replays events of a running Folio: every one of a selection once, in version order within an aggregate, a JSON object a line.
It only reads: nothing is decided, sent or announced again. Views are made anew by npm run rebuild.

  npm run replay -- [--out FILE] [--aggregate TYPE/ID] [--type EVENT] [--from TIME] …
  npm run -s replay -- … | PROGRAM      without -s npm begins with lines of its own

  --aggregate TYPE/ID    events of one aggregate
  --aggregate-type TYPE  events of all aggregates of a type
  --type EVENT           events of a type, as TradeExecuted
  --from TIME, --to TIME recorded at the first or later, and before the second: RFC 3339, as 2026-11-21T00:00:00Z
  --out FILE             where to (default: standard output). Run again after an interruption, or later: it goes on in the same
                         file, and has every event once; where it stands is in FILE.replay.json
  --per-second N         not more events a second than this
  --url URL              where Folio answers (default ${DEFAULT_URL})
  --token TOKEN          sent as Authorization: Bearer (default: ${TOKEN_DEFAULTS})
  --help                 this text

Every event is held against its hash and, without --type, against the one before it.
Ends with 0 where all was handed over, with 1 at an event that does not hold, with 2 where it cannot begin or go on.`;

interface Arguments {
  readonly selection: Selection;
  readonly out: string | undefined;
  readonly perSecond: number | undefined;
  readonly url: string;
  readonly token: string | undefined;
}

function readArguments(): Arguments | 'help' {
  const text = { type: 'string' } as const;
  const options = {
    aggregate: text,
    'aggregate-type': text,
    type: text,
    from: text,
    to: text,
    out: text,
    'per-second': text,
    url: text,
    token: text,
    help: { type: 'boolean', short: 'h' },
  } as const;
  const { values } = readCommandLine({ options }, HELP);
  if (values.help === true) return 'help';
  const [aggregateType, aggregateId, ...rest] = values.aggregate?.split('/') ?? [];
  if (values.aggregate !== undefined && (!aggregateId || rest.length > 0))
    throw new LocalServerError(`--aggregate has to be TYPE/ID, not "${values.aggregate}"`);
  if (values.aggregate !== undefined && values['aggregate-type'] !== undefined)
    throw new LocalServerError('--aggregate names its type already');
  const perSecond = values['per-second'] === undefined ? undefined : Number(values['per-second']);
  if (perSecond !== undefined && !(perSecond > 0 && Number.isFinite(perSecond)))
    throw new LocalServerError('--per-second has to be a number above 0');
  const url = values.url ?? DEFAULT_URL;
  const from = checkedTime('--from', values.from);
  const to = checkedTime('--to', values.to);
  if (from !== undefined && to !== undefined && Date.parse(from) >= Date.parse(to))
    throw new LocalServerError('--to has to be after --from');
  return {
    selection: {
      aggregateType: aggregateType ?? values['aggregate-type'],
      aggregateId,
      type: values.type,
      from,
      to,
    },
    out: values.out === undefined ? undefined : fromHere(values.out),
    perSecond,
    url,
    token: operatorToken(url, values.token),
  };
}

/** A time as it was given. Throws {@link LocalServerError} on what no platform would take. */
function checkedTime(option: string, text: string | undefined): string | undefined {
  const { error } = Time.optional().safeParse(text);
  if (error === undefined) return text;
  throw new LocalServerError(`${option} ${error.issues[0]?.message}, and is "${text}"`);
}

async function main(): Promise<void> {
  const given = readArguments();
  if (given === 'help') {
    console.log(HELP);
    return;
  }
  const { out, selection } = given;
  if (out === undefined) {
    // Whoever reads the first lines only has what it wants.
    process.stdout.on('error', (error: NodeJS.ErrnoException) =>
      process.exit(error.code === 'EPIPE' ? 0 : 2),
    );
    // Beside the events and not among them: that there are none is an answer.
    console.error(`${plural(await run(given, new StreamSink(process.stdout)), 'event')} replayed`);
    return;
  }
  const sink = await FileSink.open(out, selection);
  try {
    const events = await run(given, sink);
    console.error(`${plural(events, 'event')} replayed, ${countText(sink.events)} in ${out} now`);
  } finally {
    await sink.close();
  }
}

function run({ selection, perSecond, url, token }: Arguments, sink: ReplaySink): Promise<number> {
  const client = new ArchiveClient(url, token);
  const progress = new Progress();
  const deps = {
    sink,
    read: (path: string) => client.json<FeedPage>(path),
    now: () => performance.now(),
    sleep: (milliseconds: number) => sleep(milliseconds),
    progress: (events: number) => progress.show(`${plural(events, 'event')} replayed`),
  };
  return replay(deps, selection, perSecond);
}

main().catch((error: unknown) => {
  console.error(endingOf(error));
  process.exitCode = error instanceof AlteredHistory ? 1 : 2;
});

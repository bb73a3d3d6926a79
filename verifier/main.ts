/** `npm run verify`: checks an archive, or a proof, with nothing but itself and a public key. */
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { type Archive, ArchiveFolder, isFolder } from './archive.ts';
import { isBucket, openBucket } from './bucket.ts';
import { countText, plural } from './counts.ts';
import { findingText } from './findings.ts';
import { fromHere } from './fromHere.ts';
import { type PublicKey, readKey } from './keys.ts';
import { checkProof } from './proof.ts';
import { type Done, type Verification, verifyArchive } from './verify.ts';

const HELP = `Verifies an archive of Folio without the platform: every byte, chain, root, signature, and that nothing is missing.

  npm run verify -- FOLDER [--key KEY]… [--checkpoint FILE] [--json]
  npm run verify -- s3://BUCKET[/PREFIX] --endpoint URL [--key KEY]… [--checkpoint FILE] [--json]
  npm run verify -- --proof FILE --key KEY… [--event FILE]

  FOLDER             the archive's objects as files: npm run archive -- export FOLDER, or any copy of the bucket
  s3://BUCKET        the bucket itself (r2://BUCKET means the same), read over S3's interface with the credentials in
                     AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN, where they are temporary), which
                     need not be allowed anything but to list and read; PREFIX is what the archive's keys begin with.
                     AWS_REGION is asked for by other stores than R2
  --endpoint URL     the bucket's: of R2, https://<account>.r2.cloudflarestorage.com
  --key KEY          a public key that you trust (base64, or a file with that); without one, the archive's first key is
                     taken at its word, and printed; after a rotation name the newest one, too: the archive has to know
                     each. Keys that took over from one that you name are trusted, and those before it are not
  --checkpoint FILE  a checkpoint that you have kept from earlier: the archive must still have it
  --proof FILE       the answer of GET /v1/audit/…/proof or …/consistency
  --event FILE       the event that a proof is about, as GET /v1/accounts/…/events or GET /v1/events gives it; without it,
                     the proof says that an event with this hash is signed, and not which
  --json             findings as JSON lines, and everything else on standard error (npm run -s, or npm begins with lines of
                     its own)
  --help             this text

Ends with 0 where nothing is wrong, 1 where something is (each finding is a line), 2 where it cannot begin.`;

/** Findings that are printed for a reader; beyond them they are counted. A program is given all that were kept. */
const SHOWN_MAX = 100;

/** Milliseconds between two lines of progress. */
const PROGRESS_MS = 1_000;

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      key: { ...text, multiple: true },
      checkpoint: text,
      endpoint: text,
      proof: text,
      event: text,
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const keys = (values.key ?? []).map(readKey);
  if (values.proof !== undefined) return verifyProof(values.proof, keys, values.event);
  if (values.event !== undefined) throw new Error('--event belongs to a --proof');
  const [location] = positionals;
  if (location === undefined || positionals.length > 1) throw new Error('name one folder or one bucket');
  const knownCheckpoint = values.checkpoint === undefined ? undefined : readJson(values.checkpoint);
  const started = Date.now();
  const show = shower(started);
  const archive = await openArchive(location, values.endpoint, show);
  const progress = (done: Done) => show(lineOf(done));
  const verification = await verifyArchive(archive, started, { keys, knownCheckpoint, progress });
  report(verification, (Date.now() - started) / 1_000, values.json === true);
  return verification.findings.count === 0 ? 0 : 1;
}

async function openArchive(
  location: string,
  endpoint: string | undefined,
  show: (line: string) => void,
): Promise<Archive> {
  if (isBucket(location)) {
    return openBucket(location, endpoint, process.env, (objects) =>
      show(`${plural(objects, 'object')} listed`),
    );
  }
  if (endpoint !== undefined) throw new Error('--endpoint belongs to a bucket, s3://BUCKET');
  const folder = fromHere(location);
  if (!isFolder(folder)) throw new Error(`there is no folder ${location}`);
  return new ArchiveFolder(folder);
}

/** Prints lines of progress, one at a time. */
function shower(started: number): (line: string) => void {
  let shown = started;
  return (line) => {
    if (Date.now() - shown < PROGRESS_MS) return;
    shown = Date.now();
    console.error(`  ${line}`);
  };
}

function lineOf({ step, done, of, events }: Done): string {
  return step === 'segments'
    ? `${countText(done)} of ${plural(of, 'manifest')}, ${plural(events, 'event')}`
    : `${countText(done)} of ${countText(of)} ${step} read`;
}

function verifyProof(file: string, keys: readonly PublicKey[], eventFile: string | undefined): number {
  const [first, ...others] = keys;
  if (first === undefined) throw new Error('a proof needs a --key that you trust');
  const event = eventFile === undefined ? undefined : readJson(eventFile);
  const { subject, fault } = checkProof(readJson(file), [first, ...others], event);
  console.log(fault === undefined ? `proven: ${subject}` : `not proven: ${subject}: ${fault}`);
  return fault === undefined ? 0 : 1;
}

function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(fromHere(file), 'utf8'));
  } catch (error) {
    throw new Error(`${file}: ${(error as Error).message}`);
  }
}

function report(verification: Verification, seconds: number, asJson: boolean): void {
  const { findings, manifests, checkpoints, events, aggregates, expired, assumedKey } = verification;
  const shown = asJson ? findings.kept : findings.kept.slice(0, SHOWN_MAX);
  for (const finding of shown) console.log(asJson ? JSON.stringify(finding) : findingText(finding));
  const say = (line: string) => (asJson ? console.error(line) : console.log(line));
  const more = findings.count - shown.length;
  if (more > 0) say(`… and ${countText(more)} more findings`);
  if (assumedKey !== undefined) {
    say(`key ${assumedKey} is taken at the archive's word; compare it, and name it with --key`);
  }
  const past =
    expired === 0 ? '' : `, ${plural(expired, 'segment')} past ${expired === 1 ? 'its' : 'their'} term`;
  say(
    `${findings.count === 0 ? 'clean' : plural(findings.count, 'finding')}: ${plural(checkpoints, 'checkpoint')}, ` +
      `${plural(manifests, 'manifest')}, ${plural(events, 'event')} of ${plural(aggregates, 'aggregate')}${past} ` +
      `(${seconds.toFixed(1)} s)`,
  );
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    const message = error instanceof Error ? error.message : String(error);
    console.error(`verify: ${message.split('. To specify')[0]}\nnpm run verify -- --help shows all options.`);
    process.exitCode = 2;
  },
);

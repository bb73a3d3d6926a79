/** `npm run verify -- FOLDER`: checks an archive with nothing but the archive itself. Shares no code with what wrote it. */
import { parseArgs } from 'node:util';
import { ArchiveFolder, isFolder } from './archive.ts';
import { findingText } from './findings.ts';
import { type Verification, verifyArchive } from './verify.ts';

const HELP = `Verifies an archive of Folio offline: chains, roots, completeness.

  npm run verify -- FOLDER [--json]

  FOLDER   the objects of the archive's bucket as files (npm run archive -- export FOLDER, or any copy of the bucket)
  --json   findings as JSON lines
  --help   this text

Ends with 0 where nothing is wrong, 1 where something is (each finding is a line), 2 where it cannot begin.`;

/** Findings that are printed; beyond them they are counted. */
const SHOWN_MAX = 100;

/** Milliseconds between two lines of progress. */
const PROGRESS_MS = 1_000;

const number = (value: number) => value.toLocaleString('en-US');

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const [folder] = positionals;
  if (folder === undefined || positionals.length > 1) throw new Error(`name one folder\n\n${HELP}`);
  if (!isFolder(folder)) throw new Error(`there is no folder ${folder}`);
  const started = Date.now();
  let shown = started;
  const verification = await verifyArchive(
    new ArchiveFolder(folder),
    started,
    ({ manifests, of, events }) => {
      if (Date.now() - shown < PROGRESS_MS) return;
      shown = Date.now();
      console.error(`  ${number(manifests)} of ${number(of)} manifests, ${number(events)} events`);
    },
  );
  report(verification, (Date.now() - started) / 1_000, values.json === true);
  return verification.findings.count === 0 ? 0 : 1;
}

function report(verification: Verification, seconds: number, asJson: boolean): void {
  const { findings, manifests, events, aggregates, expired } = verification;
  for (const finding of findings.kept.slice(0, SHOWN_MAX)) {
    console.log(asJson ? JSON.stringify(finding) : findingText(finding));
  }
  if (findings.count > SHOWN_MAX) console.log(`… and ${number(findings.count - SHOWN_MAX)} more findings`);
  const past = expired === 0 ? '' : `, ${number(expired)} segments past their term`;
  console.log(
    `${findings.count === 0 ? 'clean' : `${number(findings.count)} findings`}: ${number(manifests)} manifests, ` +
      `${number(events)} events of ${number(aggregates)} aggregates${past} (${seconds.toFixed(1)} s)`,
  );
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(`verify: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 2;
  },
);

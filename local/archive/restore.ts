/**
 * `npm run archive -- restore FOLDER`: fills the logs of an empty platform from an archive that was verified, compares every
 * head, and lets them go. It may be cut off anywhere and run again: what is there is only compared.
 */
import { type Archive, ArchiveFolder, isFolder } from '../../verifier/archive.ts';
import { countText, plural } from '../../verifier/counts.ts';
import { findingText } from '../../verifier/findings.ts';
import type { PublicKey } from '../../verifier/keys.ts';
import { verifyArchive } from '../../verifier/verify.ts';
import { LocalServerError } from '../errors.ts';
import { firstLines } from '../lines.ts';
import { bringKeysTogether } from '../rewrapKeys.ts';
import type { ArchiveClient } from './client.ts';
import { Progress } from './progress.ts';
import { planRestore, type RestorePlan, type Selection } from './restorePlan.ts';
import { RestoreRun } from './restoreRun.ts';

const PAST_TERM = 'events of it are past their term, and gone from the archive';

const KEYS_HELP = 'put a copy of their backup back (npm run key-backup -- restore FILE)';

/** What to restore. */
export interface RestoreOptions {
  /** Aggregates as `type/id`; all where there are none. */
  readonly only: readonly string[];
  /** Aggregates that are left out. */
  readonly except: readonly string[];
  /** Whether logs with events that are past their term and gone are left out; otherwise one of them stops all. */
  readonly leavesOutExpired?: boolean;
  /** Whether logs that have lost their end, and have not gone on since, are filled up where they are. */
  readonly isInPlace?: boolean;
  /** Keys that are trusted whatever the archive says. */
  readonly keys: readonly PublicKey[];
}

/** Restores and prints what came of it; answers the exit code: 1 where the platform or the archive is not what it must be. */
export async function restore(
  client: ArchiveClient,
  folder: string,
  options: RestoreOptions,
): Promise<number> {
  if (!isFolder(folder)) throw new LocalServerError(`there is no folder ${folder}`);
  const archive = new ArchiveFolder(folder);
  if (!(await isSound(archive, options.keys))) return 1;
  const plan = await planRestore(archive, selectionOf(options));
  checkNames(options, plan);
  if (!isWhole(plan, options)) return 1;
  const { isInPlace = false } = options;
  const run = new RestoreRun(client, archive, plan, isInPlace);
  const unlessInPlace = isInPlace ? '' : ' (--in-place fills up those that have lost their end)';
  if (!isFree(await run.conflicts(), `nothing was restored${unlessInPlace}`)) return 1;
  if (!isFree(await run.hold(), 'nothing was restored')) return 1;
  await run.fill();
  // Nothing is let go before everything is there: what one log goes on with, another must know of.
  if (!isFree(await run.differences(), 'nothing was let go')) return 1;
  await run.release();
  if (!isFree(await run.differences(), 'the logs differ')) return 1;
  const { logs, events } = plan;
  console.log(`${plural(logs.size, 'log')} with ${plural(events, 'event')}: every head is as in the archive`);
  return (await hasKeys(client, plan)) ? 0 : 1;
}

/** Has the keys of personal data come back from their backup, where subjects were restored; says what does not. */
async function hasKeys(client: ArchiveClient, { logs }: RestorePlan): Promise<boolean> {
  if (![...logs.values()].some(({ aggregateType }) => aggregateType === 'subject')) return true;
  console.log('keys of personal data:');
  const { lacking, failed } = await bringKeysTogether(client, (line) => console.log(line));
  if (lacking.length > 0)
    console.log(
      `what lost keys of ${plural(lacking.length, 'subject')} encrypted stays unreadable: ${KEYS_HELP}`,
    );
  return lacking.length + failed.length === 0;
}

/** Prints what stands in the way, if anything does. */
function isFree(lines: readonly string[], consequence: string): boolean {
  for (const line of firstLines(lines)) console.log(line);
  if (lines.length > 0) console.log(`logs that stand in the way: ${countText(lines.length)}; ${consequence}`);
  return lines.length === 0;
}

/** Whether everything wanted is there, or what is past its term may be left out; says so where anything is. */
function isWhole({ lost }: RestorePlan, { leavesOutExpired = false }: RestoreOptions): boolean {
  if (lost.size === 0) return true;
  const lines = [...lost].sort().map((name) => `${name}: ${PAST_TERM}`);
  for (const line of firstLines(lines)) console.log(line);
  const consequence = leavesOutExpired
    ? 'left out'
    : 'nothing was restored (--without-expired leaves them out)';
  console.log(`logs that are not whole any more: ${countText(lost.size)}; ${consequence}`);
  return leavesOutExpired;
}

/** What cannot be proved is not restored. */
async function isSound(archive: Archive, keys: readonly PublicKey[]): Promise<boolean> {
  const progress = new Progress();
  const { findings, assumedKey, events } = await verifyArchive(archive, Date.now(), {
    keys,
    progress: (done) => progress.show(`verified ${plural(done.events, 'event')}`),
  });
  for (const line of firstLines(findings.kept.map(findingText), findings.count)) console.log(line);
  if (findings.count > 0) {
    console.log(`${plural(findings.count, 'finding')}: nothing was restored`);
    return false;
  }
  if (assumedKey !== undefined)
    console.log(`key ${assumedKey} is taken at the archive's word; compare it, and name it with --key`);
  console.log(`the archive is clean: ${plural(events, 'event')}`);
  return true;
}

function selectionOf({ only, except }: RestoreOptions): Selection {
  const [wanted, unwanted] = [new Set(only), new Set(except)];
  return (name) => (wanted.size === 0 || wanted.has(name)) && !unwanted.has(name);
}

/** Names that are not in the archive: whoever mistypes one gets more, or less, than was meant. */
function checkNames({ only, except }: RestoreOptions, { names }: RestorePlan): void {
  for (const name of [...only, ...except]) {
    if (!names.has(name)) throw new LocalServerError(`the archive has no ${name}`);
  }
}

/** `npm run archive -- check`: whether anything is missing or archived twice, from manifests and heads alone. */
import { plural } from '../../verifier/counts.ts';
import { Findings, findingText } from '../../verifier/findings.ts';
import { checkHeads, Positions } from '../../verifier/heads.ts';
import { inOrder } from '../../verifier/inOrder.ts';
import {
  type Manifest,
  manifestKey,
  NO_MANIFEST,
  parseManifest,
  sequenceOf,
} from '../../verifier/manifest.ts';
import { firstLines } from '../lines.ts';
import { type ArchiveClient, REQUESTS_MAX } from './client.ts';

/** Before the first manifest in a list of keys. */
const MANIFESTS = 'manifests/0';

/** A log beside what is archived of it, as the platform answers. */
interface ComparedLog {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly state: 'COMPLETE' | 'BEHIND' | 'DIFFERENT' | 'UNREACHABLE';
  readonly head: number | null;
  readonly archived: number;
  readonly archivedHash: string;
}

/** What the two halves found. */
class Report {
  readonly #lines: string[] = [];

  add(line: string): void {
    this.#lines.push(line);
  }

  get count(): number {
    return this.#lines.length;
  }

  print(): void {
    for (const line of firstLines(this.#lines)) console.log(line);
  }
}

/** Checks the archive of a running platform and prints what it found; answers the exit code. */
export async function check(client: ArchiveClient): Promise<number> {
  const report = new Report();
  const { manifests, events, positions } = await followManifests(client, report);
  console.log(
    `${plural(manifests, 'manifest')}: ${plural(events, 'event')} of ${plural(positions.size, 'aggregate')}`,
  );
  const { logs, missing } = await compareLogs(client, positions, report);
  report.print();
  const verdict =
    report.count > 0
      ? `${plural(report.count, 'finding')}, ${plural(missing, 'event is', 'events are')} not archived yet`
      : 'the archive has every event once';
  console.log(`${plural(logs, 'log')}: ${verdict}`);
  return report.count === 0 ? 0 : 1;
}

async function followManifests(client: ArchiveClient, report: Report) {
  const positions = new Positions();
  let manifests = 0;
  let events = 0;
  let previous = NO_MANIFEST;
  const read = async (key: string) => ({ key, bytes: await client.bytes(key) });
  for await (const { key, bytes } of inOrder(manifestKeys(client), read, REQUESTS_MAX)) {
    const findings = new Findings();
    const object = manifestKey(manifests + 1);
    let manifest: Manifest;
    try {
      if (key !== object) throw new Error(`it is missing, and ${key} follows`);
      manifest = parseManifest(bytes);
    } catch (error) {
      report.add(`${object}: ${(error as Error).message}`);
      break;
    }
    if (manifest.previousManifest !== previous)
      report.add(`${object}: does not follow on the manifest before`);
    checkHeads(object, manifest, positions, findings);
    for (const finding of findings.kept) report.add(findingText(finding));
    positions.take(manifest);
    previous = manifest.hash;
    events += manifest.events;
    manifests++;
  }
  return { manifests, events, positions };
}

/** The key of every manifest, in the order of the numbers. */
async function* manifestKeys(client: ArchiveClient): AsyncGenerator<string> {
  for await (const { key } of client.objects(MANIFESTS)) {
    if (sequenceOf(key) === undefined) return;
    yield key;
  }
}

async function compareLogs(client: ArchiveClient, positions: Positions, report: Report) {
  let logs = 0;
  let missing = 0;
  const unseen = new Map(positions.entries());
  for (let after: string | null = ''; after !== null; ) {
    const query: string = after === '' ? '' : `?after=${after}`;
    const page: { logs: ComparedLog[]; next: string | null } = await client.json(
      `/v1/archive/completeness${query}`,
    );
    for (const log of page.logs) {
      logs++;
      const { aggregateType, aggregateId, archived, archivedHash, head } = log;
      const { version, hash } = positions.of(aggregateType, aggregateId);
      unseen.delete(`${aggregateType}/${aggregateId}`);
      if (log.state === 'BEHIND') missing += (head as number) - archived;
      if (log.state !== 'COMPLETE') report.add(`${aggregateType}/${aggregateId}: ${STATES[log.state](log)}`);
      // What was archived since the manifests were read shows as further, never as less or other.
      const isSame = archived === version ? archivedHash === hash : archived > version;
      if (!isSame) {
        report.add(
          `${aggregateType}/${aggregateId}: the archivist knows ${archived}, the manifests ${version}`,
        );
      }
    }
    after = page.next;
  }
  // Whatever is archived was in the directory before.
  for (const [name, { version }] of unseen)
    report.add(
      `${name}: the archive has ${plural(version, 'event')} of it, and the platform does not know it`,
    );
  return { logs, missing };
}

const STATES: Readonly<Record<Exclude<ComparedLog['state'], 'COMPLETE'>, (log: ComparedLog) => string>> = {
  BEHIND: ({ head, archived }) => `the log has ${plural(head as number, 'event')}, the archive ${archived}`,
  DIFFERENT: ({ head, archived }) =>
    `the log (${plural(head as number, 'event')}) has another event ${archived} than the archive, or none`,
  UNREACHABLE: () => 'does not answer',
};

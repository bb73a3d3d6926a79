/** What the manifests cover: each one's heads, and the segment itself. */
import { sha256 } from './canonical.ts';
import { checkDoubtful } from './doubtfulSegments.ts';
import type { Findings } from './findings.ts';
import { checkHeads, Positions } from './heads.ts';
import { type Manifest, manifestKey } from './manifest.ts';
import { checkSegment } from './segment.ts';

export class Contents {
  readonly positions = new Positions();
  /** Objects that manifests name. */
  readonly objects = new Set<string>();
  events = 0;
  expired = 0;
  /** When the newest manifest so far was closed, in milliseconds. */
  #closedAt = 0;
  readonly #patienceMs: number;
  readonly #findings: Findings;
  readonly #now: number;

  constructor(findings: Findings, now: number, patienceMs: number) {
    this.#patienceMs = patienceMs;
    this.#findings = findings;
    this.#now = now;
  }

  /** The next manifest in order, with the bytes of its segment if there is one. `isProven`: a trusted signature covers it. */
  async check(
    sequence: number,
    manifest: Manifest,
    segment: Uint8Array | undefined,
    isProven: boolean,
  ): Promise<void> {
    const object = manifestKey(sequence);
    checkHeads(object, manifest, this.positions, this.#findings);
    const { key } = manifest.segment;
    // Manifests are closed one after the other: one that says that it was closed long before the last is not past its term earlier.
    const closedAt = Date.parse(manifest.closedAt);
    if (closedAt > this.#closedAt) this.#closedAt = closedAt;
    let recordedAt: readonly (number | undefined)[] = [];
    if (this.objects.has(key)) {
      this.#findings.add({ kind: 'archived_twice', object, detail: `${key} belongs to an earlier manifest` });
    }
    this.objects.add(key);
    if (segment !== undefined) recordedAt = await this.#checkSegment(manifest, segment, isProven);
    else if (isExpired(key, this.#closedAt, this.#now)) this.expired++;
    else this.#findings.add({ kind: 'missing_object', object: key, detail: `${object} names it` });
    this.positions.take(manifest, recordedAt);
  }

  /** Answers when the last event of each head was recorded. */
  async #checkSegment(
    manifest: Manifest,
    bytes: Uint8Array,
    isProven: boolean,
  ): Promise<readonly (number | undefined)[]> {
    const before = this.positions.before(manifest);
    const { events, findings, recordedAt } =
      isProven && sha256(bytes) === manifest.segment.sha256
        ? await checkSegment(manifest, bytes, before)
        : await checkDoubtful(manifest, bytes, before, this.#patienceMs);
    this.events += events;
    for (const finding of findings) this.#findings.add(finding);
    return recordedAt;
  }
}

/** Whether the term in the segment's key is over: it may have been removed. */
function isExpired(key: string, closedAt: number, now: number): boolean {
  const years = /^segments\/(\d+)y\//.exec(key)?.[1];
  if (years === undefined) return false;
  const end = new Date(closedAt);
  end.setUTCFullYear(end.getUTCFullYear() + Number(years));
  return end.getTime() <= now;
}

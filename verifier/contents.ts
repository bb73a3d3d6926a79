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
    if (this.objects.has(key)) {
      this.#findings.add({ kind: 'archived_twice', object, detail: `${key} belongs to an earlier manifest` });
    }
    this.objects.add(key);
    if (segment !== undefined) await this.#checkSegment(manifest, segment, isProven);
    else if (isExpired(manifest, this.#now)) this.expired++;
    else this.#findings.add({ kind: 'missing_object', object: key, detail: `${object} names it` });
    this.positions.take(manifest);
  }

  async #checkSegment(manifest: Manifest, bytes: Uint8Array, isProven: boolean): Promise<void> {
    const before = this.positions.before(manifest);
    const { events, findings } =
      isProven && sha256(bytes) === manifest.segment.sha256
        ? await checkSegment(manifest, bytes, before)
        : await checkDoubtful(manifest, bytes, before, this.#patienceMs);
    this.events += events;
    for (const finding of findings) this.#findings.add(finding);
  }
}

/** Whether the term in the segment's key is over: it may have been removed. */
function isExpired({ segment, closedAt }: Manifest, now: number): boolean {
  const years = /^segments\/(\d+)y\//.exec(segment.key)?.[1];
  if (years === undefined) return false;
  const end = new Date(closedAt);
  end.setUTCFullYear(end.getUTCFullYear() + Number(years));
  return end.getTime() <= now;
}

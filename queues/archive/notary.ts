/**
 * The notary: reads every manifest that the archivist put into the bucket, follows their chain with its own eyes, and signs
 * the root over all of them. It believes nobody: what it signs is what is in the bucket. No Cloudflare import.
 */
import { canonicalJson } from '../../schemas/canonical.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import {
  CHECKPOINT_FORMAT,
  type Checkpoint,
  checkpointHash,
  checkpointKey,
  type KeyRecord,
  keyRecord,
  keyRecordKey,
  NO_CHECKPOINT,
  type SigningKey,
  signCheckpoint,
} from './checkpoint.ts';
import { headsRootOf, type Manifest, manifestHash, manifestKey } from './manifest.ts';
import { consistencyPath, inclusionPath, leafHash, textOf, treeRoot } from './merkle.ts';
import type { Draft, NotaryTables } from './notaryTables.ts';
import { type ArchiveStore, createOnce } from './store.ts';

/** Manifests read in one call: with about 100 kB each they take some seconds. */
const READ_MAX = 200;

/** The world of the notary. */
export interface NotaryDeps {
  readonly store: ArchiveStore;
  readonly logger: Logger;
  /** The one that signs first; none where the secret is not set, and then nothing is signed. Throws on what is no key. */
  keys(): readonly SigningKey[];
  /** Milliseconds since 1970. */
  now(): number;
}

/** Why nothing was signed. */
export type Unsigned = 'no_notary_key' | 'broken_archive';

/** What became of a call: the newest checkpoint where there is one, and why there is no newer one, if there should be. */
export interface Signed {
  readonly checkpoint: Checkpoint | null;
  readonly unsigned?: Unsigned;
}

/** Where manifest `manifest` is in the tree that a checkpoint signs. */
export interface LogProof {
  readonly checkpoint: Checkpoint;
  /** Index of the leaf, from 0. */
  readonly leafIndex: number;
  readonly treeSize: number;
  readonly path: readonly string[];
}

export class Notary {
  readonly #deps: NotaryDeps;
  readonly #tables: NotaryTables;
  #running: Promise<Signed> | undefined;

  constructor(deps: NotaryDeps, tables: NotaryTables) {
    this.#deps = deps;
    this.#tables = tables;
  }

  /** Signs what has come into the archive since the last time. Two calls share one run. Throws where the bucket does not answer. */
  sign(): Promise<Signed> {
    this.#running ??= this.#sign().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  latest(): Checkpoint | null {
    return this.#tables.latest() ?? null;
  }

  checkpoint(sequence: number): Checkpoint | null {
    return this.#tables.checkpoint(sequence) ?? null;
  }

  checkpoints(after: number, limit: number): Checkpoint[] {
    return this.#tables.after(after, limit);
  }

  keys(): KeyRecord[] {
    return this.#tables.keys();
  }

  /** Proves that a manifest is under the newest checkpoint; null where no checkpoint covers it yet. */
  inclusion(manifest: number): LogProof | null {
    const checkpoint = this.#tables.latest();
    if (checkpoint === undefined || checkpoint.checkpoint.manifests < manifest) return null;
    const treeSize = checkpoint.checkpoint.manifests;
    const path = inclusionPath(this.#tables, manifest - 1, treeSize).map(textOf);
    return { checkpoint, leafIndex: manifest - 1, treeSize, path };
  }

  /** Proves that the archive of one checkpoint is the beginning of that of a later one; null where one does not exist. */
  consistency(from: number, to: number): { from: Checkpoint; to: Checkpoint; path: string[] } | null {
    const [first, second] = [this.#tables.checkpoint(from), this.#tables.checkpoint(to)];
    if (first === undefined || second === undefined || from > to) return null;
    const sizes = [first.checkpoint.manifests, second.checkpoint.manifests] as const;
    return { from: first, to: second, path: consistencyPath(this.#tables, ...sizes).map(textOf) };
  }

  async #sign(): Promise<Signed> {
    await this.#publishDraft();
    try {
      await this.#readManifests();
    } catch (error) {
      if (!(error instanceof BrokenArchive)) throw error;
      this.#deps.logger.log('error', 'archive not signed: it is broken', errorFields(error));
      return { checkpoint: this.latest(), unsigned: 'broken_archive' };
    }
    const latest = this.#tables.latest();
    const { manifests } = this.#tables.log();
    if (manifests === (latest?.checkpoint.manifests ?? 0)) return { checkpoint: latest ?? null };
    const keys = this.#keys();
    const [key] = keys;
    if (key === undefined) return { checkpoint: latest ?? null, unsigned: 'no_notary_key' };
    await this.#publishKey(key, keys);
    await this.#publish({ kind: 'checkpoint', record: this.#nextCheckpoint(latest, key) });
    return { checkpoint: this.latest() };
  }

  async #readManifests(): Promise<void> {
    for (let read = 0; read < READ_MAX; read++) {
      const { manifests, events, hash } = this.#tables.log();
      const key = manifestKey(manifests + 1);
      const bytes = await this.#deps.store.read(key);
      if (bytes === undefined) return;
      const { header, heads } = JSON.parse(Buffer.from(bytes).toString()) as Manifest;
      if (header.sequence !== manifests + 1 || header.previousManifest !== hash) {
        throw new BrokenArchive(`${key} does not follow on manifest ${manifests}`);
      }
      if (headsRootOf(heads) !== header.headsRoot)
        throw new BrokenArchive(`${key} has other heads than its root says`);
      if ((await this.#deps.store.sha256(header.segment.key)) !== header.segment.sha256) {
        throw new BrokenArchive(`${header.segment.key} is not what ${key} says`);
      }
      const next = manifestHash(header);
      const head = { manifests: manifests + 1, events: events + header.events, hash: next };
      this.#tables.append(leafHash(Buffer.from(next, 'hex')), head);
    }
  }

  #keys(): readonly SigningKey[] {
    try {
      const keys = this.#deps.keys();
      if (keys.length === 0) this.#deps.logger.log('error', 'archive not signed: there is no notary key');
      return keys;
    } catch (error) {
      this.#deps.logger.log('error', 'archive not signed: NOTARY_KEYS cannot be read', errorFields(error));
      return [];
    }
  }

  /** A key is published before the first checkpoint that it signs, and signed for by the one that was used until then. */
  async #publishKey(key: SigningKey, keys: readonly SigningKey[]): Promise<void> {
    const records = this.#tables.keys();
    if (records.some((record) => record.key.keyId === key.keyId)) return;
    const keyId = records.at(-1)?.key.keyId;
    const previousKey = keys.find((candidate) => candidate.keyId === keyId);
    if (keyId !== undefined && previousKey === undefined) {
      this.#deps.logger.log('warn', 'new notary key, and the old one does not sign for it', {
        keyId: key.keyId,
      });
    }
    const previous = keyId === undefined ? undefined : { keyId, key: previousKey };
    const record = keyRecord(key, previous, new Date(this.#deps.now()).toISOString());
    await this.#publish({ kind: 'key', record });
  }

  #nextCheckpoint(latest: Checkpoint | undefined, key: SigningKey): Checkpoint {
    const { manifests, events } = this.#tables.log();
    return signCheckpoint(
      {
        format: CHECKPOINT_FORMAT,
        sequence: (latest?.checkpoint.sequence ?? 0) + 1,
        previousCheckpoint: latest === undefined ? NO_CHECKPOINT : checkpointHash(latest.checkpoint),
        issuedAt: new Date(this.#deps.now()).toISOString(),
        keyId: key.keyId,
        manifests,
        events,
        root: textOf(treeRoot(this.#tables, manifests)),
      },
      key,
    );
  }

  /** Written down before it is put: a crash in between puts the same again, and not another with another time. */
  async #publish(draft: Draft): Promise<void> {
    this.#tables.saveDraft(draft);
    await this.#publishDraft();
  }

  async #publishDraft(): Promise<void> {
    const draft = this.#tables.draft();
    if (draft === undefined) return;
    const key =
      draft.kind === 'key'
        ? keyRecordKey(draft.record.key.keyId)
        : checkpointKey(draft.record.checkpoint.sequence);
    await createOnce(this.#deps.store, key, Buffer.from(canonicalJson(draft.record)));
    this.#tables.published(draft);
  }
}

/** The bucket has what no archivist writes. */
class BrokenArchive extends Error {
  override readonly name = 'BrokenArchive';
}

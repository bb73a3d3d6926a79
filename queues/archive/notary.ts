/**
 * The notary: reads every manifest that the archivist put into the bucket, follows their chain with its own eyes, and signs
 * the root over all of them. It believes nobody: what it signs is what is in the bucket. No Cloudflare import.
 */
import type { StartTimer } from '../../actors/kernel/inTime.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { timeText } from '../../schemas/time.ts';
import { errorFields, type Logger } from '../../telemetry/logger.ts';
import { inCallTime } from './callTime.ts';
import {
  CHECKPOINT_FORMAT,
  type Checkpoint,
  checkpointHash,
  checkpointKey,
  follows,
  type KeyRecord,
  keyRecord,
  keyRecordKey,
  NO_CHECKPOINT,
  type SigningKey,
  signCheckpoint,
} from './checkpoint.ts';
import { keyRecordOf, nextCheckpoint } from './checkpointChain.ts';
import { type ManifestHeader, manifestKey } from './manifest.ts';
import { BrokenArchive, nextManifest } from './manifestChain.ts';
import { consistencyPath, inclusionPath, leafHash, textOf, treeRoot } from './merkle.ts';
import type { Draft, NotaryTables } from './notaryTables.ts';
import { mayBeRemoved } from './retentionRules.ts';
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
  readonly startTimer: StartTimer;
}

/** Why nothing was signed; where manifests are unread, the next call goes on reading. */
export const UNSIGNED = [
  'no_notary_key',
  'replaced_notary_key',
  'broken_archive',
  'manifests_unread',
] as const;
export type Unsigned = (typeof UNSIGNED)[number];

/** That the archive of one checkpoint is the beginning of that of a later one. */
export interface ConsistencyProof {
  readonly from: Checkpoint;
  readonly to: Checkpoint;
  readonly path: readonly string[];
  /** As in a {@link LogProof}. */
  readonly keys: readonly KeyRecord[];
}

/** What became of a call: the newest checkpoint where there is one, and why there is no newer one, if there should be. */
export interface Signed {
  readonly checkpoint: Checkpoint | null;
  readonly unsigned?: Unsigned;
}

/** Where manifest `manifest` is in the tree that a checkpoint signs. */
export interface LogProof {
  readonly checkpoint: Checkpoint;
  /** Records of the keys up to the one that has signed last: whoever trusts one that was replaced since can follow them to that one. */
  readonly keys: readonly KeyRecord[];
  /** The leaf of the manifest, in hexadecimal. */
  readonly leaf: string;
  /** Index of the leaf, from 0. */
  readonly leafIndex: number;
  readonly treeSize: number;
  readonly path: readonly string[];
}

export class Notary {
  readonly #deps: NotaryDeps;
  readonly #tables: NotaryTables;
  #running: Promise<Signed> | undefined;
  /** The run after that. */
  #next: Promise<Signed> | undefined;
  #hasAdopted = false;

  constructor(deps: NotaryDeps, tables: NotaryTables) {
    this.#deps = inCallTime(deps);
    this.#tables = tables;
  }

  /**
   * Signs what has come into the archive since the last time. Calls that come while it signs share the next run, since this one may
   * have looked too early. Throws where the bucket does not answer.
   */
  sign(): Promise<Signed> {
    if (this.#running === undefined) {
      this.#running = this.#sign().finally(() => {
        this.#running = undefined;
      });
      return this.#running;
    }
    const again = () => {
      this.#next = undefined;
      return this.sign();
    };
    this.#next ??= this.#running.then(again, again);
    return this.#next;
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
    const leafIndex = manifest - 1;
    const leaf = textOf(this.#tables.subtree(0, leafIndex));
    const path = inclusionPath(this.#tables, leafIndex, treeSize).map(textOf);
    return { checkpoint, keys: this.#keysUpTo(checkpoint), leaf, leafIndex, treeSize, path };
  }

  /** Proves that the archive of one checkpoint is the beginning of that of a later one; null where one does not exist. */
  consistency(from: number, to: number): ConsistencyProof | null {
    const [first, second] = [this.#tables.checkpoint(from), this.#tables.checkpoint(to)];
    const latest = this.#tables.latest();
    if (first === undefined || second === undefined || latest === undefined || from > to) return null;
    const sizes = [first.checkpoint.manifests, second.checkpoint.manifests] as const;
    const path = consistencyPath(this.#tables, ...sizes).map(textOf);
    return { from: first, to: second, path, keys: this.#keysUpTo(latest) };
  }

  /** A key that is published and has signed nothing yet has taken over from nobody: with its record, what the last one signed would not count. */
  #keysUpTo({ checkpoint: { keyId } }: Checkpoint): KeyRecord[] {
    const records = this.keys();
    return records.slice(0, records.findIndex(({ key }) => key.keyId === keyId) + 1);
  }

  async #sign(): Promise<Signed> {
    await this.#publishDraft();
    try {
      await this.#readManifests();
      if (!(await this.#adopt())) return { checkpoint: this.latest(), unsigned: 'manifests_unread' };
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
    if (latest !== undefined && !follows(this.#tables.keys(), key.keyId, latest.checkpoint.keyId)) {
      const { keyId } = key;
      this.#deps.logger.log('error', 'archive not signed: another key has taken over from this one', {
        keyId,
      });
      return { checkpoint: latest, unsigned: 'replaced_notary_key' };
    }
    await this.#publish({ kind: 'checkpoint', record: this.#nextCheckpoint(latest, key) });
    return { checkpoint: this.latest() };
  }

  async #readManifests(): Promise<void> {
    for (let read = 0; read < READ_MAX; read++) {
      const { manifests, events, hash } = this.#tables.log();
      const next = await nextManifest(this.#deps.store, { sequence: manifests, hash });
      if (next === undefined) return;
      const { header } = next.manifest;
      await this.#requireSegment(header);
      const head = { manifests: manifests + 1, events: events + header.events, hash: next.hash };
      this.#tables.append(leafHash(Buffer.from(next.hash, 'hex')), head);
    }
  }

  /** A segment that the bucket's own rules have removed is missed by nobody: a notary that lost its storage reads old manifests. */
  async #requireSegment({ sequence, segment, closedAt }: ManifestHeader): Promise<void> {
    const sha256 = await this.#deps.store.sha256(segment.key);
    if (sha256 === segment.sha256) return;
    if (sha256 === undefined && mayBeRemoved(segment.key, Date.parse(closedAt), this.#deps.now())) return;
    throw new BrokenArchive(`${segment.key} is not what ${manifestKey(sequence)} says`);
  }

  /**
   * Once a life: takes over the checkpoints that the bucket has and this object's storage does not know of, since it was lost,
   * or an environment was set up anew on the bucket of another. False where manifests that they cover are still to be read.
   */
  async #adopt(): Promise<boolean> {
    while (!this.#hasAdopted) {
      const next = await nextCheckpoint(this.#deps.store, this.#tables.latest());
      if (next === undefined) {
        this.#hasAdopted = true;
        break;
      }
      const { manifests, root, sequence } = next.checkpoint.checkpoint;
      if (manifests > this.#tables.log().manifests) return false;
      if (textOf(treeRoot(this.#tables, manifests)) !== root) {
        throw new BrokenArchive(`the manifests are not those of checkpoint ${sequence}`);
      }
      this.#tables.adopt(next.checkpoint, next.key);
      this.#deps.logger.log('warn', 'checkpoint taken over from the bucket', { sequence });
    }
    return true;
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
    // Published by a life of this object that is forgotten, which has signed nothing with it.
    const published = await keyRecordOf(this.#deps.store, key.keyId);
    if (published !== undefined) return this.#tables.adoptKey(published);
    const last = records.at(-1)?.key;
    const keyId = last?.keyId;
    const previousKey = keys.find((candidate) => candidate.keyId === keyId);
    if (keyId !== undefined && previousKey === undefined) {
      this.#deps.logger.log('warn', 'new notary key, and the old one does not sign for it', {
        keyId: key.keyId,
      });
    }
    const previous = keyId === undefined ? undefined : { keyId, key: previousKey };
    // Records count in the order of their times. A clock that was set back must not have a key take over from one that comes after it.
    const publishedAt = Math.max(this.#deps.now(), Date.parse(last?.publishedAt ?? timeText(0)) + 1);
    const record = keyRecord(key, previous, timeText(publishedAt));
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

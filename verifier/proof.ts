/** Checks what `GET /v1/audit/…/proof` and `…/consistency` answered: from an event to a signature, without the archive. */
import { canonical, sha256 } from './canonical.ts';
import { Findings, findingText } from './findings.ts';
import { isSigned, type PublicKey, TrustedKeys } from './keys.ts';
import { isConsistent, leaf, rootOfPath } from './merkle.ts';
import { count, digest, fields, list, text } from './shape.ts';

/** What a proof proves. */
export interface Proven {
  /** What it is about, for a person. */
  readonly subject: string;
  /** Why it does not hold; undefined where it does. */
  readonly fault?: string;
}

interface SignedRoot {
  readonly sequence: number;
  readonly keyId: string;
  readonly manifests: number;
  readonly root: string;
  /** Why it counts for nothing: no trusted key has signed it. */
  readonly fault: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** Keys that are trusted whatever a proof says: at least one, since nothing else vouches for it. */
export type GivenKeys = readonly [PublicKey, ...PublicKey[]];

/**
 * Checks a proof of either kind against the keys that are trusted: the given ones, and those that took over from them by the records
 * that the proof brings along. A proof leads from a hash to a signature: whose event that is only the
 * event itself tells, which its hash covers. `event` is the event, or the answer with it that a log gave. Throws where the
 * JSON is no proof or no event.
 */
export function checkProof(proof: unknown, given: GivenKeys, event?: unknown): Proven {
  const value = fields(proof, 'proof');
  refuseRefusal(value);
  const keys = new ProofKeys(value.keys, given);
  if ('eventHash' in value) return checkInclusion(value, keys, event);
  if (event !== undefined) throw new Error('a proof about two checkpoints is about no event');
  return checkConsistency(value, keys);
}

/** What was kept may be the platform's refusal instead, such as while no checkpoint covers the event yet. */
function refuseRefusal({ code, detail }: Fields): void {
  if (code !== undefined && detail !== undefined) {
    throw new Error(
      `this is no proof but a refusal to give one, ${text(code, 'code')}: ${text(detail, 'detail')}`,
    );
  }
}

/** The keys that a proof may be signed by. */
class ProofKeys {
  readonly #keys: TrustedKeys;
  /** What is wrong with the records that the proof brings along; proofs of older releases bring none. */
  readonly fault: string | undefined;

  constructor(records: unknown, given: GivenKeys) {
    const findings = new Findings();
    this.#keys = TrustedKeys.ofProof(records === undefined ? [] : list(records, 'keys'), given, findings);
    const [first] = findings.kept;
    this.fault = records === undefined || first === undefined ? undefined : findingText(first);
  }

  trusted(keyId: string): PublicKey | undefined {
    return this.#keys.trusted(keyId);
  }

  /** The key that took over from this one, by the records that the proof brings along. */
  successor(keyId: string): string | undefined {
    return this.#keys.successor(keyId);
  }

  /** Whether the key had been replaced, by this other one or by one that it came after, when that one signed. */
  isReplacedBy(keyId: string, other: string): boolean {
    return keyId !== other && this.#keys.follows(other, keyId);
  }
}

function checkInclusion(proof: Fields, keys: ProofKeys, event: unknown): Proven {
  const version = count(proof.version, 'version');
  const id = `${text(proof.aggregateType, 'aggregateType')}/${text(proof.aggregateId, 'aggregateId')}`;
  const eventHash = digest(proof.eventHash, 'eventHash');
  const manifest = fields(proof.manifest, 'manifest');
  const signed = signedRoot(proof.signed, keys);
  const under = `with hash ${eventHash} is under checkpoint ${signed.sequence}`;
  const subject = event === undefined ? `an event ${under}` : `${id} version ${version} ${under}`;
  const unsigned = signed.fault ?? keys.fault ?? faultOfReplaced(signed, keys);
  if (unsigned !== undefined) return { subject, fault: unsigned };
  if (event !== undefined) {
    const fault = faultOfEvent(eventIn(event, version), proof);
    if (fault !== undefined) return { subject, fault };
  }
  if (
    rootOf(leaf(Buffer.from(eventHash, 'hex')), proof.segment) !== digest(manifest.eventsRoot, 'eventsRoot')
  ) {
    return { subject, fault: "the event is not under the manifest's eventsRoot" };
  }
  const manifestLeaf = leaf(Buffer.from(sha256(canonical(manifest)), 'hex'));
  if (count(fields(proof.log, 'log').treeSize, 'treeSize') !== signed.manifests) {
    return { subject, fault: 'the path is not one in the tree of the checkpoint' };
  }
  if (rootOf(manifestLeaf, proof.log) !== signed.root) {
    return { subject, fault: "the manifest is not under the checkpoint's root" };
  }
  return { subject };
}

/** The newest checkpoint is what events are proven by: one by a key that was replaced is from whoever has found that key. */
function faultOfReplaced({ sequence, keyId }: SignedRoot, keys: ProofKeys): string | undefined {
  const successor = keys.successor(keyId);
  return successor === undefined
    ? undefined
    : `checkpoint ${sequence} is signed by key ${keyId}, from which ${successor} has taken over`;
}

/** The event of a version in what a log answered; an event by itself is the one. */
function eventIn(given: unknown, version: number): Fields {
  const value = fields(given, 'event');
  if (!('events' in value)) return value;
  const found = list(value.events, 'events').map((event) => fields(event, 'event'));
  const event = found.find((one) => one.version === version);
  if (event === undefined) throw new Error(`there is no event of version ${version} in it`);
  return event;
}

/** Why an event is not the one that a proof is about; undefined where it is. */
function faultOfEvent({ eventId: _, hash: __, ...hashed }: Fields, proof: Fields): string | undefined {
  if (sha256(canonical(hashed)) !== proof.eventHash) return 'the event that was given has another hash';
  const names = ['aggregateType', 'aggregateId', 'version'];
  const other = names.find((name) => hashed[name] !== proof[name]);
  return other === undefined ? undefined : `the event that was given has another ${other}`;
}

function checkConsistency(proof: Fields, keys: ProofKeys): Proven {
  const [from, to] = [signedRoot(proof.from, keys), signedRoot(proof.to, keys)];
  const subject = `the archive of checkpoint ${from.sequence} is the beginning of that of checkpoint ${to.sequence}`;
  const unsigned = from.fault ?? to.fault ?? keys.fault;
  if (unsigned !== undefined) return { subject, fault: unsigned };
  if (keys.isReplacedBy(to.keyId, from.keyId)) {
    const fault = `checkpoint ${to.sequence} is signed by key ${to.keyId}, from which ${from.keyId} had taken over`;
    return { subject, fault };
  }
  const path = list(proof.path, 'path').map((hash) => digest(hash, 'path'));
  const sizes = [from, to].map(({ manifests: size, root }) => ({ size, root })) as [
    { size: number; root: string },
    { size: number; root: string },
  ];
  return isConsistent(...sizes, path)
    ? { subject }
    : { subject, fault: 'the path does not lead to both roots' };
}

function rootOf(leafHash: Buffer, place: unknown): string | undefined {
  const { leafIndex, treeSize, path } = fields(place, 'path');
  const hashes = list(path, 'path').map((hash) => digest(hash, 'path'));
  return rootOfPath(leafHash, count(leafIndex, 'leafIndex'), count(treeSize, 'treeSize'), hashes);
}

function signedRoot(value: unknown, keys: ProofKeys): SignedRoot {
  const file = fields(value, 'checkpoint');
  const body = fields(file.checkpoint, 'checkpoint');
  const signature = text(file.signature, 'signature');
  const sequence = count(body.sequence, 'sequence');
  const keyId = text(body.keyId, 'keyId');
  const key = keys.trusted(keyId);
  const fault =
    key === undefined
      ? `checkpoint ${sequence} is of key ${keyId}, which was not given, and no key that was given leads to it`
      : `checkpoint ${sequence} is not signed by key ${keyId}`;
  return {
    sequence,
    keyId,
    manifests: count(body.manifests, 'manifests'),
    root: digest(body.root, 'root'),
    fault: key !== undefined && isSigned(body, signature, key) ? undefined : fault,
  };
}

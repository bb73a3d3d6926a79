/** Checks what `GET /v1/audit/…/proof` and `…/consistency` answered: from an event to a signature, without the archive. */
import { canonical, sha256 } from './canonical.ts';
import { isSigned, type PublicKey } from './keys.ts';
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
  readonly manifests: number;
  readonly root: string;
  /** Why it counts for nothing: no trusted key has signed it. */
  readonly fault: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/**
 * Checks a proof of either kind against the keys that are trusted: where they were rotated between two checkpoints, each is signed by
 * another one. A proof leads from a hash to a signature: whose event that is only the
 * event itself tells, which its hash covers. `event` is the event, or the answer with it that a log gave. Throws where the
 * JSON is no proof or no event.
 */
export function checkProof(proof: unknown, keys: readonly PublicKey[], event?: unknown): Proven {
  const value = fields(proof, 'proof');
  if ('eventHash' in value) return checkInclusion(value, keys, event);
  if (event !== undefined) throw new Error('a proof about two checkpoints is about no event');
  return checkConsistency(value, keys);
}

function checkInclusion(proof: Fields, keys: readonly PublicKey[], event: unknown): Proven {
  const version = count(proof.version, 'version');
  const id = `${text(proof.aggregateType, 'aggregateType')}/${text(proof.aggregateId, 'aggregateId')}`;
  const eventHash = digest(proof.eventHash, 'eventHash');
  const manifest = fields(proof.manifest, 'manifest');
  const signed = signedRoot(proof.signed, keys);
  const under = `with hash ${eventHash} is under checkpoint ${signed.sequence}`;
  const subject = event === undefined ? `an event ${under}` : `${id} version ${version} ${under}`;
  if (signed.fault !== undefined) return { subject, fault: signed.fault };
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

function checkConsistency(proof: Fields, keys: readonly PublicKey[]): Proven {
  const [from, to] = [signedRoot(proof.from, keys), signedRoot(proof.to, keys)];
  const subject = `the archive of checkpoint ${from.sequence} is the beginning of that of checkpoint ${to.sequence}`;
  const unsigned = from.fault ?? to.fault;
  if (unsigned !== undefined) return { subject, fault: unsigned };
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

function signedRoot(value: unknown, keys: readonly PublicKey[]): SignedRoot {
  const file = fields(value, 'checkpoint');
  const body = fields(file.checkpoint, 'checkpoint');
  const signature = text(file.signature, 'signature');
  const sequence = count(body.sequence, 'sequence');
  const keyId = text(body.keyId, 'keyId');
  const key = keys.find((trusted) => trusted.keyId === keyId);
  const fault =
    key === undefined
      ? `checkpoint ${sequence} is of key ${keyId}, which was not given`
      : `checkpoint ${sequence} is not signed by key ${keyId}`;
  return {
    sequence,
    manifests: count(body.manifests, 'manifests'),
    root: digest(body.root, 'root'),
    fault: key !== undefined && isSigned(body, signature, key) ? undefined : fault,
  };
}

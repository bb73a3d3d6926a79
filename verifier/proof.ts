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
}

/** Checks a proof of either kind against a trusted key. Throws where the JSON is no proof. */
export function checkProof(proof: unknown, key: PublicKey): Proven {
  const value = fields(proof, 'proof');
  return 'eventHash' in value ? checkInclusion(value, key) : checkConsistency(value, key);
}

function checkInclusion(proof: Readonly<Record<string, unknown>>, key: PublicKey): Proven {
  const version = count(proof.version, 'version');
  const id = `${text(proof.aggregateType, 'aggregateType')}/${text(proof.aggregateId, 'aggregateId')}`;
  const eventHash = digest(proof.eventHash, 'eventHash');
  const manifest = fields(proof.manifest, 'manifest');
  const signed = signedRoot(proof.signed, key);
  const subject = `${id} version ${version} with hash ${eventHash} is under checkpoint ${signed.sequence}`;
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

function checkConsistency(proof: Readonly<Record<string, unknown>>, key: PublicKey): Proven {
  const [from, to] = [signedRoot(proof.from, key), signedRoot(proof.to, key)];
  const subject = `the archive of checkpoint ${from.sequence} is the beginning of that of checkpoint ${to.sequence}`;
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

function signedRoot(value: unknown, key: PublicKey): SignedRoot {
  const { checkpoint, signature } = fields(value, 'checkpoint');
  const body = fields(checkpoint, 'checkpoint');
  if (!isSigned(body, text(signature, 'signature'), key)) {
    throw new Error(`checkpoint ${body.sequence} is not signed by key ${key.keyId}`);
  }
  return {
    sequence: count(body.sequence, 'sequence'),
    manifests: count(body.manifests, 'manifests'),
    root: digest(body.root, 'root'),
  };
}

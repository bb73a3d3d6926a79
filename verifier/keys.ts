/** The public keys that sign checkpoints: how each is trusted, and Ed25519 (RFC 8032) itself. */
import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { Archive } from './archive.ts';
import { canonical, parseCanonical } from './canonical.ts';
import { Findings } from './findings.ts';
import { fromHere } from './fromHere.ts';
import { inOrder } from './inOrder.ts';
import { fields, list, text } from './shape.ts';

const CHECKPOINT_CONTEXT = 'folio checkpoint 1\n';
const KEY_CONTEXT = 'folio key 1\n';

/** SubjectPublicKeyInfo of an Ed25519 key, without the key (RFC 8410, 4). */
const SPKI_HEAD = Buffer.from('302a300506032b6570032100', 'hex');
const PUBLIC_KEY_BYTES = 32;

/** A public key. */
export interface PublicKey {
  readonly keyId: string;
  readonly key: KeyObject;
}

interface Record {
  readonly object: string;
  readonly body: unknown;
  readonly publicKey: PublicKey;
  readonly publishedAt: string;
  readonly previousKey: string | null;
  readonly signatures: ReadonlyMap<string, Buffer>;
}

/** The 32 bytes of an Ed25519 public key, in base64. Throws where they are none. */
export function publicKeyOf(base64: string): PublicKey {
  const bytes = Buffer.from(base64, 'base64');
  if (bytes.length !== PUBLIC_KEY_BYTES || bytes.toString('base64') !== base64) {
    throw new Error('not the base64 of the 32 bytes of a key');
  }
  const key = createPublicKey({ key: Buffer.concat([SPKI_HEAD, bytes]), format: 'der', type: 'spki' });
  return { keyId: createHash('sha256').update(bytes).digest('hex').slice(0, 32), key };
}

/** A public key as a command line names it: base64, or a file with that. Throws with the reason where it is none. */
export function readKey(text: string): PublicKey {
  const file = fromHere(text);
  const base64 = existsSync(file) ? readFileSync(file, 'utf8').trim() : text;
  try {
    return publicKeyOf(base64);
  } catch (error) {
    throw new Error(`--key ${text}: ${(error as Error).message}`);
  }
}

/** Whether a checkpoint is signed by a key. */
export function isSigned(checkpoint: unknown, signature: string, { key }: PublicKey): boolean {
  const bytes = Buffer.from(signature, 'base64');
  // Base64 with other bits in its last character would be another text for the same signature.
  if (bytes.toString('base64') !== signature) return false;
  return verify(null, Buffer.from(CHECKPOINT_CONTEXT + canonical(checkpoint)), key, bytes);
}

/**
 * The keys of an archive that are trusted: the given ones, and every one that a trusted one has signed for. Without given ones
 * the archive's first key is taken at its word.
 */
export class TrustedKeys {
  readonly #keys = new Map<string, PublicKey>();
  /** Keys that the archive has a record of, trusted or not. */
  readonly #recorded = new Map<string, PublicKey>();
  /** The key that each of them took over from. */
  readonly #previous = new Map<string, string | null>();
  /** The key that was taken at the archive's word. */
  readonly assumed: string | undefined;

  /** Reads the records of an archive. What is wrong with one is added to `findings`. */
  static async read(archive: Archive, given: readonly PublicKey[], findings: Findings): Promise<TrustedKeys> {
    const records: Record[] = [];
    const read = async (object: string) => ({ object, bytes: await archive.read(object) });
    for await (const { object, bytes } of inOrder(archive.keys('keys/'), read)) {
      // Listed and gone: to whatever it has signed it is missing.
      if (bytes !== undefined) records.push(...parseRecord(object, () => parseCanonical(bytes), findings));
    }
    return new TrustedKeys(records, given, findings);
  }

  /** The keys of records that a proof brings along. They are held to the same rules, and none is taken at its word. */
  static ofProof(
    records: readonly unknown[],
    given: readonly [PublicKey, ...PublicKey[]],
    findings: Findings,
  ): TrustedKeys {
    const parsed = records.flatMap((record) => {
      const { keyId } = fields(fields(record, 'record').key, 'key');
      return parseRecord(TrustedKeys.object(text(keyId, 'keyId')), () => record, findings);
    });
    const found = new Findings();
    const keys = new TrustedKeys(parsed, given, found);
    // Whoever trusts a key believes nothing that those before it have signed: what became of them is nothing to a proof.
    const isBefore = (object: string) =>
      parsed.some(
        ({ object: own, publicKey: { keyId } }) =>
          own === object && given.some((key) => key.keyId !== keyId && keys.follows(key.keyId, keyId)),
      );
    for (const finding of found.kept)
      if (finding.kind !== 'untrusted_key' || !isBefore(finding.object)) findings.add(finding);
    return keys;
  }

  private constructor(unordered: readonly Record[], given: readonly PublicKey[], findings: Findings) {
    const records = [...unordered].sort((a, b) => (a.publishedAt < b.publishedAt ? -1 : 1));
    for (const key of given) this.#keys.set(key.keyId, key);
    const [first] = records.filter(({ previousKey }) => previousKey === null);
    if (given.length === 0 && first !== undefined) {
      this.assumed = first.publicKey.keyId;
      this.#keys.set(first.publicKey.keyId, first.publicKey);
    }
    for (const record of records) this.#take(record, findings);
    for (const { keyId } of given) {
      if (this.#recorded.has(keyId)) continue;
      // Whoever has an older key could leave out all that was signed with this one.
      const detail =
        'the archive has no record of a key that you trust: it is another archive, or its end was cut off';
      findings.add({ kind: 'incomplete', object: TrustedKeys.object(keyId), detail });
    }
  }

  /** A key's name stands in every record of it, so that each record has its place. */
  static object(keyId: string): string {
    return `keys/${keyId}.json`;
  }

  trusted(keyId: string): PublicKey | undefined {
    return this.#keys.get(keyId);
  }

  recorded(keyId: string): PublicKey | undefined {
    return this.#recorded.get(keyId);
  }

  /**
   * Whether a key may sign after `before` has: it is the same, or has taken over from it, at once or after others. One that was
   * replaced signs nothing any more, whoever has it by now.
   */
  follows(keyId: string, before: string): boolean {
    const seen = new Set<string>();
    for (let candidate: string | null | undefined = keyId; typeof candidate === 'string'; ) {
      if (candidate === before) return true;
      if (seen.has(candidate)) return false;
      seen.add(candidate);
      candidate = this.#previous.get(candidate);
    }
    return false;
  }

  /** The first key that took over from this one; undefined where none has. */
  successor(keyId: string): string | undefined {
    return [...this.#previous].find(([, previous]) => previous === keyId)?.[0];
  }

  #take({ object, body, publicKey, previousKey, signatures }: Record, findings: Findings): void {
    const { keyId } = publicKey;
    // Records come in the order in which they were published: no key takes over from one that comes after it.
    const isNext = previousKey === null || this.#recorded.has(previousKey);
    this.#recorded.set(keyId, publicKey);
    if (isNext) this.#previous.set(keyId, previousKey);
    const message = Buffer.from(KEY_CONTEXT + canonical(body));
    for (const [signer, signature] of signatures) {
      const key = this.#recorded.get(signer);
      if (key === undefined || !verify(null, message, key.key, signature)) {
        findings.add({
          kind: 'bad_signature',
          object,
          detail: `the signature of key ${signer} does not hold`,
        });
        return;
      }
    }
    if (!signatures.has(keyId)) {
      findings.add({ kind: 'bad_signature', object, detail: 'the key has not signed its own record' });
      return;
    }
    if (!isNext) {
      const detail = `key ${previousKey}, which was used before, was published after it, or was not`;
      findings.add({ kind: 'untrusted_key', object, detail });
      return;
    }
    if (previousKey !== null && !signatures.has(previousKey) && !this.#keys.has(keyId)) {
      const detail = `key ${previousKey}, which was used before, has not signed for it: name it with --key if you know it`;
      findings.add({ kind: 'untrusted_key', object, detail });
      return;
    }
    if (previousKey !== null && this.#keys.has(previousKey)) this.#keys.set(keyId, publicKey);
  }
}

function parseRecord(object: string, read: () => unknown, findings: Findings): Record[] {
  try {
    const file = fields(read(), 'record');
    const body = fields(file.key, 'key');
    const publicKey = publicKeyOf(text(body.publicKey, 'publicKey'));
    if (body.keyId !== publicKey.keyId) throw new Error('keyId is not that of the key');
    if (object !== TrustedKeys.object(publicKey.keyId))
      throw new Error('the object is named after another key');
    if (Object.keys(file).length !== 2) throw new Error('a record has a key and its signatures');
    const signatures = list(file.signatures, 'signatures').map((entry) => {
      const { keyId, signature, ...rest } = fields(entry, 'signature');
      if (Object.keys(rest).length > 0) throw new Error('a signature has a key id and the signature');
      const bytes = Buffer.from(text(signature, 'signature'), 'base64');
      if (bytes.toString('base64') !== signature) throw new Error('a signature is no base64');
      return [text(keyId, 'keyId'), bytes] as const;
    });
    const previousKey = body.previousKey === null ? null : text(body.previousKey, 'previousKey');
    // One form alone: otherwise two files could mean the same, and a changed one could go unnoticed.
    const signers = [publicKey.keyId, previousKey];
    if (signatures.some(([signer], index) => signer !== signers[index]))
      throw new Error('signatures are that of the key itself, then that of the key before');
    const publishedAt = text(body.publishedAt, 'publishedAt');
    return [{ object, body, publicKey, publishedAt, previousKey, signatures: new Map(signatures) }];
  } catch (error) {
    findings.add({
      kind: 'unreadable_object',
      object,
      detail: `not a key's record: ${(error as Error).message}`,
    });
    return [];
  }
}

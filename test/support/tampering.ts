/** Changes to an archive's objects by whoever can write to the bucket: in bytes, in documents, in signatures, of whole objects. */
import type { Random } from '../../demo/random.ts';
import { canonicalJson } from '../../schemas/canonical.ts';

/** Objects of an archive by key. */
export type Objects = Map<string, Uint8Array>;

/** What a change concerns: a finding has to name one of these, an object's key or an event. */
export type Touched = readonly string[];

/** Changes something; undefined where nothing is changed by it. */
export type Change = (objects: Objects, random: Random) => Touched | undefined;

type Json = null | boolean | number | string | Json[] | { [field: string]: Json };

function pickKey(objects: Objects, random: Random, prefix = ''): string {
  return random.pick([...objects.keys()].filter((key) => key.startsWith(prefix)).sort());
}

function inBytes(change: (bytes: Uint8Array, random: Random) => Uint8Array): Change {
  return (objects, random) => replace(objects, pickKey(objects, random), (bytes) => change(bytes, random));
}

/** Changes the bytes of one object. */
function replace(
  objects: Objects,
  key: string,
  change: (bytes: Uint8Array) => Uint8Array,
): Touched | undefined {
  const bytes = objects.get(key) as Uint8Array;
  const changed = change(bytes);
  if (Buffer.compare(changed, bytes) === 0) return undefined;
  objects.set(key, changed);
  return [key];
}

function flipped(bytes: Uint8Array, random: Random): Uint8Array {
  const changed = bytes.slice();
  const at = random.integer(bytes.length);
  changed[at] = (changed[at] as number) ^ (1 << random.integer(8));
  return changed;
}

/** In the bytes of an object, whatever it is. */
export const CHANGES_OF_BYTES: Readonly<Record<string, Change>> = {
  'a flipped bit': inBytes(flipped),
  'a dropped range of bytes': inBytes((bytes, random) => {
    const at = random.integer(bytes.length);
    return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + random.integer(40))]);
  }),
  'a doubled range of bytes': inBytes((bytes, random) => {
    const at = random.integer(bytes.length);
    const end = Math.min(bytes.length, at + 1 + random.integer(40));
    return Buffer.concat([bytes.subarray(0, end), bytes.subarray(at)]);
  }),
  'two swapped ranges of bytes': inBytes((bytes, random) => {
    const size = 1 + random.integer(Math.min(32, Math.floor(bytes.length / 2)));
    const first = random.integer(bytes.length - 2 * size + 1);
    const second = first + size + random.integer(bytes.length - 2 * size - first + 1);
    const changed = bytes.slice();
    changed.set(bytes.subarray(second, second + size), first);
    changed.set(bytes.subarray(first, first + size), second);
    return changed;
  }),
  'a truncated object': inBytes((bytes, random) => bytes.slice(0, random.integer(bytes.length))),
};

/** Of whole objects. */
export const CHANGES_OF_OBJECTS: Readonly<Record<string, Change>> = {
  'a dropped object': (objects, random) => {
    const key = pickKey(objects, random);
    objects.delete(key);
    return [key];
  },
  'a doubled object': (objects, random) => {
    const key = pickKey(objects, random);
    const copy = key.replace(/\d(?=\.)|(?<=-)[0-9a-f]|[0-9a-f](?=\.json)/, (digit) =>
      digit === '7' ? '8' : '7',
    );
    if (objects.has(copy)) return undefined;
    objects.set(copy, objects.get(key) as Uint8Array);
    return [copy];
  },
  'two swapped objects': (objects, random) => {
    const first = pickKey(objects, random);
    const second = pickKey(objects, random, `${first.split('/')[0]}/`);
    if (first === second) return undefined;
    const bytes = objects.get(first) as Uint8Array;
    objects.set(first, objects.get(second) as Uint8Array);
    objects.set(second, bytes);
    return [first, second];
  },
};

/** Rewrites a document so that it is still one, in canonical form. */
function inDocument(change: (document: Json, random: Random) => void): Change {
  return (objects, random) => {
    const key = pickKey(objects, random, random.pick(['manifests/', 'checkpoints/', 'keys/']));
    return replace(objects, key, (bytes) => {
      const document = JSON.parse(Buffer.from(bytes).toString()) as Json;
      change(document, random);
      return Buffer.from(canonicalJson(document));
    });
  };
}

interface Place {
  readonly holder: Json[] | { [field: string]: Json };
  readonly at: string;
}

/** Every value within a document, with what holds it. */
function places(value: Json): Place[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([at, inner]) => [{ holder: value, at }, ...places(inner)]);
}

function elements(document: Json, atLeast: number): Json[][] {
  const lists = places(document).map(({ holder, at }) => (holder as Record<string, Json>)[at]);
  return lists.filter((list): list is Json[] => Array.isArray(list) && list.length >= atLeast);
}

function another(value: Json, random: Random): Json {
  if (typeof value === 'number') return value + 1 + random.integer(3);
  if (typeof value !== 'string' || value === '') return 'x';
  const at = random.integer(value.length);
  return `${value.slice(0, at)}${value[at] === 'a' ? 'b' : 'a'}${value.slice(at + 1)}`;
}

/** In manifests, checkpoints and key records, value by value. */
export const CHANGES_OF_DOCUMENTS: Readonly<Record<string, Change>> = {
  'a changed value of a document': inDocument((document, random) => {
    const leaves = places(document).filter(({ holder, at }) => {
      const value = (holder as Record<string, Json>)[at];
      return typeof value !== 'object' || value === null;
    });
    const { holder, at } = random.pick(leaves);
    const fields = holder as Record<string, Json>;
    fields[at] = another(fields[at] as Json, random);
  }),
  'a dropped value of a document': inDocument((document, random) => {
    const { holder, at } = random.pick(places(document));
    if (Array.isArray(holder)) holder.splice(Number(at), 1);
    else delete holder[at];
  }),
  'a doubled element of a document': inDocument((document, random) => {
    const lists = elements(document, 1);
    if (lists.length === 0) return;
    const list = random.pick(lists);
    const at = random.integer(list.length);
    list.splice(at, 0, list[at] as Json);
  }),
  'two swapped elements of a document': inDocument((document, random) => {
    const lists = elements(document, 2);
    if (lists.length === 0) return;
    const list = random.pick(lists);
    const [one, other] = [random.integer(list.length), random.integer(list.length)];
    [list[one], list[other]] = [list[other] as Json, list[one] as Json];
  }),
};

type Signed = { signature: string };

/** The signatures in a document. */
function signaturesIn(document: { signature?: string; signatures?: Signed[] }): Signed[] {
  return document.signatures ?? [document as Signed];
}

function inSignature(change: (signature: Buffer, random: Random, other: () => Buffer) => Uint8Array): Change {
  return (objects, random) => {
    const prefix = random.pick(['checkpoints/', 'keys/']);
    const read = (key: string) => JSON.parse(Buffer.from(objects.get(key) as Uint8Array).toString());
    const pick = (key: string) => random.pick(signaturesIn(read(key)));
    const key = pickKey(objects, random, prefix);
    return replace(objects, key, () => {
      const document = read(key);
      const signed = random.pick(signaturesIn(document));
      const other = () => Buffer.from(pick(pickKey(objects, random, prefix)).signature, 'base64');
      const changed = change(Buffer.from(signed.signature, 'base64'), random, other);
      signed.signature = Buffer.from(changed).toString('base64');
      return Buffer.from(canonicalJson(document));
    });
  };
}

/** In signatures. */
export const CHANGES_OF_SIGNATURES: Readonly<Record<string, Change>> = {
  'a flipped bit of a signature': inSignature(flipped),
  'a truncated signature': inSignature((signature, random) =>
    signature.subarray(0, random.integer(signature.length)),
  ),
  'a doubled signature': inSignature((signature) => Buffer.concat([signature, signature])),
  'the signature of another': inSignature((_, __, other) => other()),
};

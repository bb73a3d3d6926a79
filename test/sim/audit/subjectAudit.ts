/**
 * Personal data as the auditor sees it: every value that was ever encrypted, which has to be read until its subject is erased
 * and by nobody after; and every place where a key may be.
 */
import { keyOf } from '../../../privacy/keyBackupStore.ts';
import type { Encrypted, OpenAnswer, SealAnswer } from '../../../schemas/personal.ts';
import type { SimBucket } from '../model/bucket.ts';
import type { SimStorage } from '../model/storage.ts';
import { Breach } from '../model/world.ts';
import type { Body } from '../workload/commands.ts';
import { canonicalText } from './exact.ts';
import type { SealedValues } from './sealed.ts';
import type { SubjectBook } from './subjectBook.ts';

/** What stands for a value that is not shown. */
const MASKED_TEXT = '{"$masked":true}';
const ERASED_TEXT = '{"$erased":true}';

/** A value that somebody has stored. */
export interface SealedValue {
  readonly text: string;
  readonly encrypted: Encrypted;
}

/** A question that is on its way. */
export interface Asked {
  /** Whether whoever asks may have heard that the subject is erased. */
  readonly isErased: boolean;
}

/** What is known of subjects elsewhere. */
export interface SubjectAuditDeps {
  bookOf(subjectId: string): SubjectBook;
  readonly bucket: SimBucket;
  /** Takes a copy of every key. */
  readonly sealed: SealedValues;
}

/** Whose personal data a command has in the clear; undefined where it has none. */
export function subjectOf({ type, data }: Body): string | undefined {
  return type === 'PlaceOrder' || type === 'AuthorizePayment' ? String(data.customerId) : undefined;
}

/** Somebody who has read a value. */
export interface ValueReader {
  readonly maySee: boolean;
  readonly asked: Asked;
}

export class SubjectAudit {
  readonly #deps: SubjectAuditDeps;
  readonly #values = new Map<string, SealedValue[]>();
  /** Subjects of which somebody has heard that they are erased. */
  readonly #erased = new Set<string>();

  constructor(deps: SubjectAuditDeps) {
    this.#deps = deps;
  }

  /** What was ever stored of a subject. */
  values(subjectId: string): readonly SealedValue[] {
    return this.#values.get(subjectId) ?? [];
  }

  /** Somebody asks something of a subject. */
  asks(subjectId: string): Asked {
    return { isErased: this.#erased.has(subjectId) };
  }

  sealed(subjectId: string, text: string, create: boolean, { isErased }: Asked, answer: SealAnswer): void {
    const book = this.#bookOf(subjectId);
    if (answer.ok) {
      if (isErased) fail(subjectId, 'erased is for good', 'a value was encrypted after it');
      for (const { encrypted } of answer.values) {
        const { keyVersion } = encrypted.$enc;
        if (keyVersion > book.keys) fail(subjectId, 'keys follow the log', `key ${keyVersion} was used`);
        this.#values.set(subjectId, [...this.values(subjectId), { text, encrypted }]);
      }
    } else if (answer.code === 'subject_erased') this.requireErased(subjectId);
    else if (create) fail(subjectId, 'what is sealed can be read', `nothing was encrypted: ${answer.code}`);
  }

  opened(
    subjectId: string,
    values: readonly SealedValue[],
    { isErased }: Asked,
    answers: readonly OpenAnswer[],
  ): void {
    values.forEach(({ text }, index) => {
      const answer = answers[index];
      if (answer?.status === 'open') {
        if (isErased) fail(subjectId, 'erased is for good', 'a value was read after it');
        if (answer.text !== text) fail(subjectId, 'what is sealed can be read', 'another value came out');
      } else if (answer?.status === 'erased') this.requireErased(subjectId);
      else fail(subjectId, 'what is sealed can be read', `a value is ${answer?.status}`);
    });
  }

  /** Somebody has heard that a subject is erased: nothing has a key any more. */
  heardErased(subjectId: string): void {
    this.#erased.add(subjectId);
    this.requireErased(subjectId);
    this.backupChanged(subjectId);
    if (this.#backup(subjectId)?.erasedAt === null)
      fail(subjectId, 'erased is erased everywhere', 'the backup does not remember it');
  }

  /** After each put: what was erased does not come back. */
  backupChanged(subjectId: string): void {
    const keys = this.#backup(subjectId)?.keys ?? [];
    if (this.#erased.has(subjectId) && keys.length > 0)
      fail(subjectId, 'erased is erased everywhere', `${keys.length} keys are in the backup`);
  }

  /** After each commit: the keys beside a log are those that it speaks of. */
  committed(subjectId: string, storage: SimStorage): void {
    const book = this.#bookOf(subjectId);
    const there = versionsIn(storage);
    if (there.join() !== expected(book).join())
      fail(subjectId, 'keys follow the log', `${there} of ${expected(book)} are there`);
    if (there.length > 0) this.#deps.sealed.copy(subjectId, storage);
  }

  /** What a reader was shown of a value: the value itself, or why it is not shown. */
  shown(subjectId: string, value: unknown, { maySee, asked }: ValueReader, shown: unknown): void {
    const promise = 'readers see what they may';
    const text = canonicalText(shown);
    if (text === ERASED_TEXT) this.requireErased(subjectId);
    else if (asked.isErased) fail(subjectId, 'erased is for good', `a reader is shown ${text}`);
    else if (text !== (maySee ? canonicalText(value) : MASKED_TEXT))
      fail(subjectId, promise, `who ${maySee ? 'may' : 'may not'} see it is shown ${text}`);
  }

  /** At rest: the backup has what there is. */
  settled(subjectIds: Iterable<string>): void {
    for (const subjectId of subjectIds) {
      const book = this.#bookOf(subjectId);
      const backup = this.#backup(subjectId);
      const there = backup?.keys.map(({ version }) => version) ?? [];
      if (there.join() !== expected(book).join())
        fail(subjectId, 'the backup has every key', `${there} of ${expected(book)}`);
      if (book.isErased && typeof backup?.erasedAt !== 'string')
        fail(subjectId, 'erased is erased everywhere', 'the backup does not remember it');
    }
  }

  /** Somebody was told that a subject is erased. */
  requireErased(subjectId: string): void {
    if (!this.#bookOf(subjectId).isErased) fail(subjectId, 'acknowledged is durable', 'it is not erased');
  }

  #bookOf(subjectId: string): SubjectBook {
    return this.#deps.bookOf(subjectId);
  }

  #backup(subjectId: string) {
    const text = this.#deps.bucket.inspect(keyOf(subjectId));
    return text === undefined
      ? undefined
      : (JSON.parse(text) as {
          readonly keys: { readonly version: number }[];
          readonly erasedAt: string | null;
        });
  }
}

function expected({ isErased, keys }: SubjectBook): number[] {
  return isErased ? [] : Array.from({ length: keys }, (_, index) => index + 1);
}

function versionsIn(storage: SimStorage): number[] {
  const made = storage.inspect("SELECT 1 FROM sqlite_master WHERE name = 'subject_keys'").length > 0;
  if (!made) return [];
  return storage
    .inspect('SELECT version FROM subject_keys ORDER BY version')
    .map(([version]) => Number(version));
}

function fail(subjectId: string, check: string, detail: string): never {
  throw new Breach(check, `subject/${subjectId}: ${detail}`);
}

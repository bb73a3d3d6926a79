/** How long what is archived stays: the terms, the rules of the bucket, and their simulation where no platform applies them. */
import { beforeEach, describe, expect, it } from 'vitest';
import { RetainedBucket, type RuledBucket } from '../../queues/archive/retainedBucket.ts';
import { LOCK_RULES, lockedUntil, REMOVAL_RULES, removedAt } from '../../queues/archive/retentionRules.ts';
import { ArchiveConflict, createOnce, r2Store } from '../../queues/archive/store.ts';
import { JURISDICTIONS, RETENTION, RETENTION_YEARS, retentionYears } from '../../schemas/retention.ts';

const SEGMENT = 'segments/7y/order/2026-11-21/000000000001-aa.parquet';
const TEXT = (text: string) => Buffer.from(text);

let now = 0;
let objects = new Map<string, { bytes: Uint8Array; uploaded: Date }>();

/** An R2 bucket as far as it is used here: with conditions of puts, and without any rule. */
function plainBucket(): RuledBucket {
  const bucket = {
    async head(key: string) {
      return objects.get(key) ?? null;
    },
    async get(key: string) {
      const object = objects.get(key);
      return object === undefined ? null : { ...object, bytes: async () => object.bytes };
    },
    async put(key: string, bytes: Uint8Array, options?: { onlyIf?: object }) {
      if (options?.onlyIf !== undefined && objects.has(key)) return null;
      objects.set(key, { bytes, uploaded: new Date(now) });
      return {};
    },
    async delete(keys: string | string[]) {
      for (const key of [keys].flat()) objects.delete(key);
    },
    async list() {
      const listed = [...objects].map(([key, { uploaded }]) => ({ key, uploaded }));
      return { objects: listed, truncated: false, delimitedPrefixes: [] };
    },
  };
  return bucket as unknown as RuledBucket;
}

const bucket = () => new RetainedBucket(plainBucket(), () => now);

/** The same moment some calendar years later. */
function yearsLater(milliseconds: number, years: number): number {
  const date = new Date(milliseconds);
  return date.setUTCFullYear(date.getUTCFullYear() + years);
}

beforeEach(() => {
  now = Date.parse('2026-11-21T08:00:00Z');
  objects = new Map();
});

describe('the terms', () => {
  it('are seven or ten years for every type in every jurisdiction, the longest of its events', () => {
    for (const jurisdiction of JURISDICTIONS) {
      for (const type of Object.keys(RETENTION))
        expect(RETENTION_YEARS).toContain(retentionYears(type, jurisdiction));
    }
    expect(JURISDICTIONS.map((jurisdiction) => retentionYears('account', jurisdiction))).toEqual([
      10, 10, 10,
    ]);
    expect(JURISDICTIONS.map((jurisdiction) => retentionYears('order', jurisdiction))).toEqual([7, 10, 7]);
    expect(retentionYears('something new', 'us')).toBe(10);
  });
});

describe('the rules', () => {
  it('lock for at least as many calendar years, whenever a segment is put, and remove only after that', () => {
    for (const years of RETENTION_YEARS) {
      const key = `segments/${years}y/account/2026-11-21/000000000001-aa.parquet`;
      for (
        let putAt = Date.parse('2020-01-01T00:00:00Z');
        putAt < Date.parse('2044-01-01T00:00:00Z');
        putAt += 86_400_000
      ) {
        const until = lockedUntil(key, putAt);
        expect(until).toBeGreaterThanOrEqual(yearsLater(putAt, years));
        expect(removedAt(key, putAt)).toBeGreaterThan(until);
      }
    }
  });

  it('lock what the chain hangs on for good, and nothing that is not of the archive', () => {
    for (const key of ['manifests/1.json', 'checkpoints/1.json', 'keys/ab.json']) {
      expect(lockedUntil(key, now)).toBe(Number.POSITIVE_INFINITY);
      expect(removedAt(key, now)).toBeUndefined();
    }
    expect(lockedUntil('exports/1.csv', now)).toBe(0);
    expect(removedAt('exports/1.csv', now)).toBeUndefined();
  });

  it('have names of their own, with their terms in them', () => {
    const names = [...LOCK_RULES, ...REMOVAL_RULES].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, days } of [...LOCK_RULES, ...REMOVAL_RULES])
      expect(name).toContain(days === null ? 'for-good' : `${days}-days`);
  });
});

describe('a bucket with rules', () => {
  it('refuses to replace and to remove what is locked, whatever the condition says, until its term is over', async () => {
    const locked = 'The object is locked by the bucket policy. (10069)';
    await bucket().put(SEGMENT, TEXT('one'));
    const until = lockedUntil(SEGMENT, now);
    now = yearsLater(now, 7) - 1;
    await expect(bucket().put(SEGMENT, TEXT('two'))).rejects.toThrow(locked);
    await expect(bucket().put(SEGMENT, TEXT('two'), { onlyIf: { etagDoesNotMatch: '*' } })).rejects.toThrow(
      locked,
    );
    await expect(bucket().delete(SEGMENT)).rejects.toThrow(locked);
    await expect(bucket().delete(['exports/1.csv', SEGMENT])).rejects.toThrow(locked);
    expect(objects.get(SEGMENT)?.bytes).toEqual(TEXT('one'));
    now = until;
    await bucket().delete(SEGMENT);
    expect(objects.size).toBe(0);
  });

  it('removes segments after their terms, each in its time, and nothing else', async () => {
    const keys = [
      SEGMENT,
      SEGMENT.replace('7y/order', '10y/account'),
      'manifests/000000000001.json',
      'exports/1.csv',
    ];
    for (const key of keys) await bucket().put(key, TEXT(key));
    expect(await bucket().removeExpired()).toBe(0);
    now = yearsLater(now, 8);
    expect(await bucket().removeExpired()).toBe(1);
    now = yearsLater(now, 20);
    expect(await bucket().removeExpired()).toBe(1);
    expect([...objects.keys()]).toEqual(keys.slice(2));
  });

  it('takes a put that is repeated for done, and another one for a conflict', async () => {
    const store = r2Store(bucket());
    await createOnce(store, SEGMENT, TEXT('one'));
    await createOnce(store, SEGMENT, TEXT('one'));
    await expect(createOnce(store, SEGMENT, TEXT('two'))).rejects.toThrow(ArchiveConflict);
    const broken = { ...plainBucket(), put: () => Promise.reject(new Error('no answer')) };
    await expect(createOnce(r2Store(broken as RuledBucket), 'manifests/2.json', TEXT('x'))).rejects.toThrow(
      'no answer',
    );
  });
});

/** How long what is archived stays: the terms, the rules of the bucket, and their simulation where no platform applies them. */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { RetainedBucket, type RuledBucket } from '../../queues/archive/retainedBucket.ts';
import { LOCK_RULES, lockedUntil, REMOVAL_RULES, removedAt } from '../../queues/archive/retentionRules.ts';
import { ArchiveConflict, createOnce, r2Store } from '../../queues/archive/store.ts';
import { canonicalJson } from '../../schemas/canonical.ts';
import { EVENTS } from '../../schemas/eventTypes.ts';
import {
  JURISDICTIONS,
  type Jurisdiction,
  RETENTION,
  RETENTION_CLASSES,
  RETENTION_YEARS,
  type RetentionClass,
  retentionOf,
} from '../../schemas/retention.ts';
import { Findings, findingText } from '../../verifier/findings.ts';
import { manifestKey, parseManifest } from '../../verifier/manifest.ts';
import { followManifests } from '../../verifier/manifestChain.ts';
import { ArchiveWorld, act, MemoryArchive } from '../support/archive.ts';

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

const years = (type: string, jurisdiction: Jurisdiction, events?: string[]) =>
  retentionOf(type, jurisdiction, events).years;

describe('the terms', () => {
  it.each(Object.entries(EVENTS))(
    'name a class for every event of %s, and for nothing else',
    (type, events) => {
      const classes: Record<string, RetentionClass> = RETENTION[type as keyof typeof RETENTION];
      expect(Object.keys(classes).sort()).toEqual(Object.keys(events).sort());
      for (const name of Object.values(classes)) expect(RETENTION_CLASSES).toHaveProperty(name);
    },
  );

  it('are seven or ten years for every class in every jurisdiction, and every class is used', () => {
    const used = new Set(Object.values(RETENTION).flatMap((classes) => Object.values(classes)));
    expect([...used].sort()).toEqual(Object.keys(RETENTION_CLASSES).sort());
    for (const { terms } of Object.values(RETENTION_CLASSES)) {
      expect(Object.keys(terms).sort()).toEqual([...JURISDICTIONS].sort());
      for (const term of Object.values(terms)) expect(RETENTION_YEARS).toContain(term);
    }
  });

  it('of a log are the longest of its events, whichever it has by now', () => {
    for (const jurisdiction of JURISDICTIONS)
      for (const [type, classes] of Object.entries(RETENTION)) {
        const terms = Object.values<RetentionClass>(classes).map(
          (name) => RETENTION_CLASSES[name].terms[jurisdiction],
        );
        const kept = retentionOf(type, jurisdiction);
        expect(kept.years).toBe(Math.max(...terms));
        expect(kept.class && RETENTION_CLASSES[kept.class].terms[jurisdiction]).toBe(kept.years);
        expect(retentionOf(type, jurisdiction, Object.keys(classes).slice(0, 1))).toEqual(kept);
      }
    expect(JURISDICTIONS.map((jurisdiction) => years('account', jurisdiction))).toEqual([10, 10, 10]);
    expect(JURISDICTIONS.map((jurisdiction) => years('order', jurisdiction))).toEqual([7, 10, 7]);
  });

  it('are the longest where a newer release has written what this one does not know', () => {
    expect(retentionOf('something new', 'us')).toEqual({ class: null, years: 10 });
    expect(retentionOf('product', 'us', ['ProductPut'])).toEqual({ class: 'control', years: 7 });
    expect(retentionOf('product', 'us', ['ProductPut', 'ProductRecalled'])).toEqual({
      class: null,
      years: 10,
    });
    expect(years('product', 'us', ['toString'])).toBe(10);
  });
});

describe('a manifest', () => {
  let written: string;

  /** Its text with another header. */
  function changed(change: (header: Record<string, unknown>) => object): Buffer {
    const { header, ...rest } = JSON.parse(written);
    return Buffer.from(canonicalJson({ header: change(header), ...rest }));
  }

  async function found(bytes: Uint8Array): Promise<string[]> {
    const findings = new Findings();
    const archive = new MemoryArchive(new Map([[manifestKey(1), bytes]]));
    await followManifests(archive, findings, () => undefined);
    return findings.kept.map(findingText);
  }

  beforeAll(async () => {
    const world = new ArchiveWorld();
    act(world, 'account-0', 0);
    await world.checkpoint();
    written = Buffer.from(world.bucket.objects.get(manifestKey(1)) as Uint8Array).toString();
  });

  it('says how long its segment is kept, and which class of events asks for it', async () => {
    const manifest = parseManifest(changed((header) => header));
    expect(manifest.header).toMatchObject({ format: 2, retention: { class: 'trade', years: 10 } });
    expect(manifest.segment.key).toMatch(/^segments\/10y\/account\//);
    expect(await found(changed((header) => header))).toEqual([]);
  });

  it('of the format before, which leaves that to the key, is read as ever', async () => {
    const before = changed(({ retention: _, ...header }) => ({ ...header, format: 1 }));
    expect(parseManifest(before).retentionYears).toBeUndefined();
    expect(await found(before)).toEqual([]);
  });

  it('that says something else than the key, or nothing, is found', async () => {
    const [other] = await found(changed((header) => ({ ...header, retention: { class: null, years: 7 } })));
    expect(other).toContain("the segment's key is not that of what is kept for 7 years");
    const [without] = await found(changed(({ retention: _, ...header }) => header));
    expect(without).toContain('not a manifest: retention is no object');
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

/** Keys and their backup: what is lost comes back, what was erased never does, in whatever order it happens. */
import { describe, expect, it } from 'vitest';
import { newPersonalDataKey } from '../../local/personalDataKey.ts';
import type { InTime } from '../../privacy/keyBackupStore.ts';
import type { KeyBackup } from '../../schemas/keyBackup.ts';
import type { Encrypted } from '../../schemas/personal.ts';
import { backupBucket } from '../support/backupBucket.ts';
import { localWorld } from '../support/localCore.ts';
import { localSubject, MASTERS } from '../support/localSubject.ts';

type Subject = ReturnType<typeof localSubject>;

async function sealed(from: Subject, text: string): Promise<Encrypted> {
  const answer = await from.seal(text);
  if (!answer.ok) throw new Error(answer.code);
  return answer.values[0]?.encrypted as Encrypted;
}

async function opened(from: Subject, encrypted: Encrypted): Promise<string> {
  const [answer] = await from.keys.open([{ kind: 'address', encrypted }]);
  return answer?.status === 'open' ? answer.text : (answer?.status ?? '');
}

/** The text of the one backup in a bucket. */
const textOf = ({ bucket }: Subject) => bucket.texts.get('subjects/local') ?? '';

const standing = (from: Subject) => from.core.read()?.state;

/** The same log in another storage, without the keys: as it is after a restore from the archive, up to a version. */
function restored(from: Subject, bucket = from.bucket, upTo = from.core.head()): Subject {
  const world = localWorld();
  localSubject(world, undefined, bucket);
  if (upTo > 0) {
    const { sql } = world.storage;
    const copy = localSubject(world, undefined, bucket);
    copy.core.aggregate.restore(
      from.core.aggregate.log.read(1, upTo).map((event) => ({
        ...event,
        fingerprint: null,
        commandId: null,
        resourceId: null,
      })) as never,
    );
    expect(sql.exec("SELECT 1 FROM sqlite_master WHERE name = 'subject_keys'").toArray()).toEqual([]);
  }
  return localSubject(world, undefined, bucket);
}

describe('a backup of keys', () => {
  it('has them wrapped, follows rotations, and brings them back where the log alone was restored', async () => {
    const one = localSubject();
    const first = await sealed(one, '"a"');
    expect(await one.backups.bringTogether()).toEqual({ isErased: false, recovered: 0, keys: 1 });
    await one.send('RotateSubjectKey');
    const second = await sealed(one, '"b"');
    expect(await one.backups.bringTogether()).toMatchObject({ keys: 2 });
    const again = restored(one);
    expect(again.keyRing.has(1)).toBe(false);
    expect(await opened(again, first)).toBe('"a"');
    expect(await opened(again, second)).toBe('"b"');
    expect(again.keyRing.wrapped()).toEqual(one.keyRing.wrapped());
    const last = again.core.aggregate.log.read(again.core.head(), 1)[0];
    expect([last?.eventType, last?.data]).toEqual(['SubjectKeysRecovered', '{"keyVersion":2}']);
    // And what comes is under the key that was the newest one.
    expect((await sealed(again, '"c"')).$enc.keyVersion).toBe(2);
  });

  it('is of no use for another subject, nor without the master key, and is then left as it is', async () => {
    const one = localSubject();
    const first = await sealed(one, '"a"');
    await one.backups.bringTogether();
    const before = textOf(one);
    const other = restored(
      one,
      backupBucket(new Map([['subjects/local', before.replace('local', 'other')]])),
    );
    await expect(opened(other, first)).rejects.toThrow("another subject's");
    const without = localSubject(restored(one).world, newPersonalDataKey(), one.bucket);
    await expect(opened(without, first)).rejects.toThrow('which PERSONAL_DATA_KEYS does not have');
    expect(without.keyRing.wrapped()).toEqual([]);
    const altered = JSON.parse(before) as { keys: { wrapped: string }[] };
    const [key] = altered.keys as [{ wrapped: string }];
    key.wrapped = `${key.wrapped.slice(0, 30)}${key.wrapped[30] === 'A' ? 'B' : 'A'}${key.wrapped.slice(31)}`;
    const forged = restored(one, backupBucket(new Map([['subjects/local', JSON.stringify(altered)]])));
    await expect(opened(forged, first)).rejects.toThrow('is not what master key');
    expect(textOf(one)).toBe(before);
    // Nothing was half done: with the right backup it is as if nobody had tried.
    forged.bucket.texts.set('subjects/local', before);
    expect(await opened(forged, first)).toBe('"a"');
  });

  it('that does not answer makes nobody take a key for lost, and is asked again', async () => {
    const one = localSubject();
    const first = await sealed(one, '"a"');
    await one.backups.bringTogether();
    const again = restored(one);
    const { get } = again.bucket;
    again.bucket.get = () => Promise.reject(new Error('no answer'));
    await expect(opened(again, first)).rejects.toThrow('no answer');
    await expect(again.seal('"b"')).rejects.toThrow('no answer');
    again.bucket.get = get;
    expect(await opened(again, first)).toBe('"a"');
  });

  it('that never answers is given up, and what is asked of the subject afterwards does not wait for it', async () => {
    const giveUp: (() => void)[] = [];
    const inTime: InTime = (_, answer) => {
      const late = Promise.withResolvers<never>();
      giveUp.push(() => late.reject(new Error('too late')));
      return Promise.race([answer, late.promise]);
    };
    const bucket = backupBucket();
    const one = localSubject(localWorld(), undefined, bucket, inTime);
    const { get } = bucket;
    bucket.get = () => new Promise(() => undefined);
    const hanging = one.backups.bringTogether();
    await new Promise((resolve) => setImmediate(resolve));
    bucket.get = get;
    const behind = sealed(one, '"a"');
    giveUp[0]?.();
    await expect(hanging).rejects.toThrow('too late');
    expect(await opened(one, await behind)).toBe('"a"');
  });

  it('knows of keys that a log has lost: no second key of the same version is made beside them', async () => {
    const one = localSubject();
    const first = await sealed(one, '"a"');
    await one.send('RotateSubjectKey');
    const second = await sealed(one, '"b"');
    await one.backups.bringTogether();
    for (const upTo of [0, 1]) {
      const again = restored(one, backupBucket(new Map(one.bucket.texts)), upTo);
      expect((await sealed(again, '"c"')).$enc.keyVersion, `log of ${upTo}`).toBe(2);
      expect(await opened(again, first)).toBe('"a"');
      expect(await opened(again, second)).toBe('"b"');
      expect(standing(again)).toMatchObject({ status: 'ACTIVE', keyVersion: 2 });
    }
  });

  it('is not put over by a put that was thought lost', async () => {
    const one = localSubject();
    await sealed(one, '"a"');
    const late = Promise.withResolvers<void>();
    one.bucket.beforePut = () => late.promise;
    const slow = one.backups.bringTogether();
    await new Promise((resolve) => setImmediate(resolve));
    // The instance is gone, and another one goes on; the put is still on its way.
    one.bucket.beforePut = async () => undefined;
    const next = localSubject(one.world, undefined, one.bucket);
    await next.send('EraseSubject');
    expect(await next.backups.bringTogether()).toMatchObject({ isErased: true });
    late.resolve();
    await slow.catch(() => undefined);
    expect(JSON.parse(textOf(next))).toEqual({ subjectId: 'local', keys: [], erasedAt: expect.any(String) });
  });

  it('that another instance wrote in between is looked at again', async () => {
    const one = localSubject();
    await sealed(one, '"a"');
    await one.backups.bringTogether();
    const other = localSubject(restored(one).world, `${newPersonalDataKey()} ${MASTERS}`, one.bucket);
    await other.backups.bringTogether();
    other.keyRing.rewrap();
    const backup = { subjectId: 'local', keys: other.keyRing.wrapped(), erasedAt: null };
    await one.send('RotateSubjectKey');
    let puts = 0;
    one.bucket.beforePut = async () => {
      if (++puts === 1) one.bucket.texts.set('subjects/local', JSON.stringify(backup));
    };
    expect(await one.backups.bringTogether()).toMatchObject({ keys: 2 });
    expect(puts).toBe(2);
    expect(JSON.parse(textOf(one)).keys).toEqual(one.keyRing.wrapped());
  });
});

describe('an erased subject', () => {
  async function erased(from: Subject): Promise<void> {
    expect(await from.send('EraseSubject')).toBe('accepted');
    await from.backups.bringTogether();
  }

  it('has no key in the backup any more, and gets none from an older copy of it: the log remembers', async () => {
    const one = localSubject();
    const first = await sealed(one, '"a"');
    await one.backups.bringTogether();
    const old = new Map(one.bucket.texts);
    const [key] = one.keyRing.wrapped();
    await erased(one);
    expect(textOf(one)).not.toContain(key?.wrapped);
    // The whole environment comes back from the archive, and somebody puts the old copy into the bucket.
    const again = restored(one, backupBucket(new Map(old)));
    expect(await opened(again, first)).toBe('erased');
    expect(await again.backups.bringTogether()).toMatchObject({ isErased: true, recovered: 0 });
    expect(textOf(again)).not.toContain(key?.wrapped);
    expect(await again.seal('"b"')).toMatchObject({ code: 'subject_erased' });
  });

  it('has no key in the backup, though nobody can read what is there', async () => {
    for (const damage of [
      (text: string) => text.slice(0, -1),
      (text: string) => text.replace('local', 'other'),
    ]) {
      const one = localSubject();
      await sealed(one, '"a"');
      await one.backups.bringTogether();
      const [key] = one.keyRing.wrapped();
      one.bucket.texts.set('subjects/local', damage(textOf(one)));
      await expect(one.backups.bringTogether()).rejects.toThrow('the backup of local is');
      await erased(one);
      expect(textOf(one)).not.toContain(key?.wrapped);
      expect(JSON.parse(textOf(one))).toMatchObject({ subjectId: 'local', keys: [] });
    }
  });

  it('stays erased where the log has lost its erasure: the backup remembers', async () => {
    const one = localSubject();
    const first = await sealed(one, '"a"');
    await one.backups.bringTogether();
    await one.send('PlaceLegalHold');
    await one.send('LiftLegalHold');
    await erased(one);
    // The archive was behind: with the first key alone, while it was held, and with nothing at all.
    for (const upTo of [1, 2, 0]) {
      const again = restored(one, backupBucket(new Map(one.bucket.texts)), upTo);
      expect(await opened(again, first), `log of ${upTo}`).toBe('erased');
      expect(await again.seal('"b"')).toMatchObject({ ok: false, code: 'subject_erased' });
      expect(standing(again)).toMatchObject({ status: 'ERASED', hold: null });
      expect(again.keyRing.wrapped()).toEqual([]);
    }
  });

  it('is erased once and for all when the keys come back in the same moment', async () => {
    for (const eraseFirst of [true, false]) {
      const one = localSubject();
      const first = await sealed(one, '"a"');
      await one.backups.bringTogether();
      const again = restored(one);
      const both = [() => again.send('EraseSubject'), () => again.backups.bringTogether()];
      await Promise.all((eraseFirst ? both : both.reverse()).map((run) => run()));
      await again.backups.bringTogether();
      expect(again.keyRing.wrapped()).toEqual([]);
      expect(await opened(again, first)).toBe('erased');
      expect(JSON.parse(textOf(again))).toMatchObject({ keys: [] });
    }
  });

  it('in the backup alone, with its keys here, is left to a person: neither is touched', async () => {
    const one = localSubject();
    const first = await sealed(one, '"a"');
    one.bucket.texts.set(
      'subjects/local',
      JSON.stringify({ subjectId: 'local', keys: [], erasedAt: '2026-11-21T09:30:00.000Z' }),
    );
    const before = textOf(one);
    await expect(one.backups.bringTogether()).rejects.toThrow('is erased in the backup and has keys here');
    expect(await opened(one, first)).toBe('"a"');
    expect(textOf(one)).toBe(before);
    await erased(one);
    expect(await opened(one, first)).toBe('erased');
  });
});

describe('copies of a backup that are put back', () => {
  const flipped = (copy: KeyBackup, version: number): KeyBackup => ({
    ...copy,
    keys: copy.keys.map((key) => {
      const other = key.wrapped[30] === 'A' ? 'B' : 'A';
      const wrapped = `${key.wrapped.slice(0, 30)}${other}${key.wrapped.slice(31)}`;
      return key.version === version ? { ...key, wrapped } : key;
    }),
  });
  const copyOf = (from: Subject) => JSON.parse(textOf(from)) as KeyBackup;

  /** A subject with two keys, its copies from before and after the second was made, and what each key encrypted. */
  async function rotated() {
    const one = localSubject();
    const first = await sealed(one, '"a"');
    await one.backups.bringTogether();
    const older = copyOf(one);
    await one.send('RotateSubjectKey');
    const second = await sealed(one, '"b"');
    await one.backups.bringTogether();
    return { one, older, newer: copyOf(one), first, second };
  }

  /** Puts copies back, one after another: what became of each. */
  async function putBack(to: Subject, ...copies: readonly KeyBackup[]): Promise<string[]> {
    const became: string[] = [];
    for (const copy of copies) {
      const standing = await to.backups.restore(copy).catch(() => undefined);
      became.push(standing === undefined ? 'failed' : standing.isKept ? 'kept' : 'restored');
    }
    return became;
  }

  it('give every key that one of them has, and do nothing where they are damaged, whichever comes first', async () => {
    const { one, older, newer, first, second } = await rotated();
    const cases: [KeyBackup[], string[]][] = [
      [
        [older, newer],
        ['restored', 'restored'],
      ],
      [
        [newer, older],
        ['restored', 'kept'],
      ],
    ];
    for (const damaged of [flipped(newer, 1), flipped(newer, 2)])
      cases.push(
        [
          [damaged, newer],
          ['failed', 'restored'],
        ],
        [
          [newer, damaged],
          ['restored', 'kept'],
        ],
      );
    for (const [copies, expected] of cases) {
      const again = restored(one, backupBucket());
      expect(await putBack(again, ...copies)).toEqual(expected);
      expect([await opened(again, first), await opened(again, second)]).toEqual(['"a"', '"b"']);
      expect(copyOf(again)).toEqual(newer);
    }
  });

  it('take the place of keys that are damaged in the bucket, or wrapped by a master key that is gone', async () => {
    const { one, newer, second } = await rotated();
    const gone = { ...newer, keys: newer.keys.map((key) => ({ ...key, master: '0123456789abcdef' })) };
    for (const text of [JSON.stringify(flipped(newer, 2)), JSON.stringify(gone)]) {
      const again = restored(one, backupBucket(new Map([['subjects/local', text]])));
      await expect(again.backups.bringTogether()).rejects.toThrow();
      expect(await putBack(again, newer)).toEqual(['restored']);
      expect(await opened(again, second)).toBe('"b"');
      expect(copyOf(again)).toEqual(newer);
    }
  });

  it('replace nothing that may have a key which they do not have', async () => {
    const { one, older, newer, first } = await rotated();
    const text = JSON.stringify(flipped(newer, 2));
    const again = restored(one, backupBucket(new Map([['subjects/local', text]])));
    await expect(again.backups.restore(older)).rejects.toThrow('key 2 is nowhere else');
    expect(textOf(again)).toBe(text);
    // What the copy has is here all the same.
    expect(await opened(again, first)).toBe('"a"');
  });

  it('replace nothing that nobody can read, which may have what the log has lost: neither a rotation nor an erasure', async () => {
    const { one, older, first } = await rotated();
    for (const text of ['no backup', textOf(one).slice(0, -1)]) {
      // The archive ended before the rotation: the log says no more than the older copy has.
      const again = restored(one, backupBucket(new Map([['subjects/local', text]])), 1);
      await expect(again.backups.restore(older)).rejects.toThrow('may have keys that are nowhere else');
      expect(textOf(again)).toBe(text);
      expect(await opened(again, first)).toBe('"a"');
      // Somebody has looked at it.
      again.bucket.texts.clear();
      await again.backups.bringTogether();
      expect(copyOf(again)).toEqual(older);
    }
  });

  it('never put one key in the place of another of the same version', async () => {
    const { one, newer } = await rotated();
    const stranger = localSubject();
    await sealed(stranger, '"x"');
    await stranger.backups.bringTogether();
    const before = textOf(one);
    await expect(one.backups.restore(copyOf(stranger))).rejects.toThrow('is another one in the backup');
    expect([textOf(one), one.keyRing.wrapped()]).toEqual([before, newer.keys]);
  });

  it('erase again who was erased after the older one was made, whichever comes first', async () => {
    const { one, older, first } = await rotated();
    const upTo = one.core.head();
    await one.send('EraseSubject');
    await one.backups.bringTogether();
    const erased = copyOf(one);
    for (const [copies, expected] of [
      [
        [older, erased],
        ['restored', 'restored'],
      ],
      [
        [erased, older],
        ['restored', 'kept'],
      ],
    ] as const) {
      const again = restored(one, backupBucket(), upTo);
      expect(await putBack(again, ...copies)).toEqual(expected);
      expect(await opened(again, first)).toBe('erased');
      expect(again.keyRing.wrapped()).toEqual([]);
      expect(copyOf(again)).toMatchObject({ keys: [], erasedAt: expect.any(String) });
    }
  });

  it('erase nobody who is held, nor whose keys were made here', async () => {
    const { one, newer, first } = await rotated();
    const erased: KeyBackup = { subjectId: 'local', keys: [], erasedAt: '2026-11-21T09:30:00.000Z' };
    expect(await putBack(one, erased)).toEqual(['failed']);
    const again = restored(one, backupBucket());
    await putBack(again, newer);
    await again.send('PlaceLegalHold');
    expect(await putBack(again, erased)).toEqual(['failed']);
    for (const subject of [one, again]) {
      expect(await opened(subject, first)).toBe('"a"');
      expect(copyOf(subject)).toEqual(newer);
    }
    await again.send('LiftLegalHold');
    expect(await putBack(again, erased)).toEqual(['restored']);
    expect(await opened(again, first)).toBe('erased');
  });

  it('erase nobody who is held, whichever comes first', async () => {
    const { one, newer, first } = await rotated();
    await one.send('PlaceLegalHold');
    const erased: KeyBackup = { subjectId: 'local', keys: [], erasedAt: '2026-11-21T09:30:00.000Z' };
    for (const [copies, expected] of [
      [
        [newer, erased],
        ['restored', 'failed'],
      ],
      [
        [erased, newer],
        ['failed', 'restored'],
      ],
    ] as const) {
      const again = restored(one, backupBucket());
      expect(await putBack(again, ...copies)).toEqual(expected);
      expect(await opened(again, first)).toBe('"a"');
      expect(copyOf(again)).toEqual(newer);
    }
  });
});

describe('another master key', () => {
  it('wraps the backup as well, and a run that was cut off between the two is made good by the next', async () => {
    const one = localSubject();
    const first = await sealed(one, '"a"');
    await one.backups.bringTogether();
    const before = textOf(one);
    const next = newPersonalDataKey();
    const both = localSubject(one.world, `${next} ${MASTERS}`, one.bucket);
    expect(both.keyRing.rewrap()).toBe(1);
    expect(textOf(both), 'cut off').toBe(before);
    // Even where the old one is gone by then: what is here is put in the place of what nobody can open.
    const only = localSubject(one.world, next, one.bucket);
    expect(await only.backups.bringTogether()).toMatchObject({ keys: 1 });
    expect(textOf(only)).not.toBe(before);
    const again = localSubject(restored(only).world, next, one.bucket);
    expect(await opened(again, first)).toBe('"a"');
  });
});

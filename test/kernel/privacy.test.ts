/** Keys of personal data: what they open and what not, how they follow the subject's log, and that they are really gone. */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, describe, expect, it } from 'vitest';
import { newPersonalDataKey } from '../../local/personalDataKey.ts';
import { KeyRing } from '../../privacy/keyRing.ts';
import { masterKeys } from '../../privacy/masterKeys.ts';
import type { Encrypted } from '../../schemas/personal.ts';
import { localSubject, MASTERS } from '../support/localSubject.ts';
import { sqliteStorage } from '../support/sqliteStorage.ts';

const FIRST = newPersonalDataKey();
const SECOND = newPersonalDataKey();

const ring = (keys = FIRST, storage = sqliteStorage(), subject = 'c-1') =>
  new KeyRing(storage, subject, () => masterKeys({ PERSONAL_DATA_KEYS: keys }));

/** The ciphertext with one character of a part replaced. */
function changed({ $enc }: Encrypted, part: 'ciphertext' | 'nonce', at: number): Encrypted {
  const text = $enc[part];
  const other = text[at] === 'A' ? 'B' : 'A';
  return { $enc: { ...$enc, [part]: text.slice(0, at) + other + text.slice(at + 1) } };
}

describe('master keys', () => {
  it('are read from the secret, the first one first, each with a name of its own', () => {
    const [first, second, ...rest] = masterKeys({ PERSONAL_DATA_KEYS: ` ${FIRST}\n${SECOND} ` });
    expect(rest).toEqual([]);
    expect(Buffer.from(first?.bytes ?? []).toString('base64')).toBe(FIRST);
    expect(first?.id).toMatch(/^[0-9a-f]{16}$/);
    expect(first?.id).not.toBe(second?.id);
  });

  it.each(['', '  ', 'secret', randomBytes(16).toString('base64'), `${FIRST},${SECOND}`, FIRST.slice(1)])(
    'are not there where the secret is %j',
    (PERSONAL_DATA_KEYS) => {
      expect(() => masterKeys({ PERSONAL_DATA_KEYS })).toThrow(/PERSONAL_DATA_KEYS/);
      expect(() => masterKeys({})).toThrow('the secret PERSONAL_DATA_KEYS is not bound');
    },
  );

  it('are not named by what is wrong with one', () => {
    const wrong = 'not-a-key-but-perhaps-somebodys-password';
    expect(() => masterKeys({ PERSONAL_DATA_KEYS: `${FIRST} ${wrong}` })).not.toThrow(wrong);
  });
});

describe("a subject's keys", () => {
  it('open what they encrypted, to the letter', () => {
    const keys = ring();
    keys.create(1);
    for (const text of ['""', '{"line1":"Größe 😀"}', JSON.stringify('x'.repeat(100_000))]) {
      expect(keys.open(keys.seal(1, 'address', text), 'address')).toEqual({ status: 'open', text });
    }
  });

  it('encrypt the same value differently each time, and tell that it is the same', () => {
    const keys = ring();
    keys.create(1);
    const sealed = Array.from({ length: 100 }, () => keys.seal(1, 'address', '"x"').$enc);
    expect(new Set(sealed.map(({ nonce }) => nonce)).size).toBe(100);
    expect(new Set(sealed.map(({ ciphertext }) => ciphertext)).size).toBe(100);
    const mac = keys.mac('address', '"x"');
    keys.create(2);
    expect(keys.mac('address', '"x"'), 'after a rotation').toBe(mac);
    expect(keys.mac('address', '"y"')).not.toBe(mac);
    expect(keys.mac('paymentToken', '"x"')).not.toBe(mac);
  });

  it('open nothing that was changed, is of another kind, version or subject', () => {
    const storage = sqliteStorage();
    const keys = ring(FIRST, storage);
    keys.create(1);
    keys.create(2);
    const sealed = keys.seal(1, 'address', '"1 High St"');
    const { $enc } = sealed;
    for (const part of ['ciphertext', 'nonce'] as const)
      for (let at = 0; at < $enc[part].length - 1; at++)
        expect(keys.open(changed(sealed, part, at), 'address')).toEqual({ status: 'forged' });
    expect(keys.open(sealed, 'paymentToken')).toEqual({ status: 'forged' });
    expect(keys.open({ $enc: { ...$enc, keyVersion: 2 } }, 'address')).toEqual({ status: 'forged' });
    expect(keys.open({ $enc: { ...$enc, keyVersion: 3 } }, 'address')).toEqual({ status: 'missing' });
    expect(keys.open({ $enc: { ...$enc, subject: 'c-2' } }, 'address')).toEqual({ status: 'forged' });
    expect(keys.open({ $enc: { ...$enc, ciphertext: '' } }, 'address')).toEqual({ status: 'forged' });
    // Rows of one subject in the storage of another: even the wrapped key is good for its owner alone.
    expect(() => ring(FIRST, storage, 'c-2').seal(1, 'address', '"x"')).toThrow('is not what master key');
  });

  it('are of no use without the master key that wrapped them', () => {
    const storage = sqliteStorage();
    ring(FIRST, storage).create(1);
    expect(() => ring(SECOND, storage).seal(1, 'address', '"x"')).toThrow(
      /^key 1 of subject c-1 is wrapped by master key [0-9a-f]{16}, which PERSONAL_DATA_KEYS does not have$/,
    );
    expect(() => ring('', storage).create(2)).toThrow('not bound');
  });

  it('without their master key open nothing, and the next one encrypts and tells repeats under another', () => {
    const storage = sqliteStorage();
    const before = ring(FIRST, storage);
    before.create(1);
    const sealed = before.seal(1, 'address', '"x"');
    const mac = before.mac('address', '"x"');
    const after = ring(SECOND, storage);
    expect(after.open(sealed, 'address')).toEqual({ status: 'missing' });
    expect(() => after.mac('address', '"x"')).toThrow('no key here that can be used');
    after.create(2);
    expect(after.open(after.seal(2, 'address', '"y"'), 'address')).toEqual({ status: 'open', text: '"y"' });
    expect(after.mac('address', '"x"')).not.toBe(mac);
    const both = ring(`${SECOND} ${FIRST}`, storage);
    expect(both.open(sealed, 'address'), 'once the master key is back').toEqual({
      status: 'open',
      text: '"x"',
    });
    expect(both.mac('address', '"x"')).toBe(mac);
  });

  it('are wrapped anew for another master key, after which the old one opens nothing', () => {
    const storage = sqliteStorage();
    const before = ring(FIRST, storage);
    before.create(1);
    before.create(2);
    const sealed = before.seal(1, 'address', '"x"');
    const both = ring(`${SECOND} ${FIRST}`, storage);
    expect(both.rewrap()).toBe(2);
    expect(both.rewrap(), 'a second time').toBe(0);
    expect(ring(SECOND, storage).open(sealed, 'address')).toEqual({ status: 'open', text: '"x"' });
    expect(ring(FIRST, storage).open(sealed, 'address')).toEqual({ status: 'missing' });
  });
});

describe('destroyed keys', () => {
  const folder = mkdtempSync(join(tmpdir(), 'folio-keys-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('leave no byte in the file of the database', () => {
    const file = join(folder, 'object.sqlite');
    const keys = ring(FIRST, sqliteStorage(file));
    for (let version = 1; version <= 20; version++) keys.create(version);
    const reader = new DatabaseSync(file, { readOnly: true });
    const wrapped = reader.prepare('SELECT wrapped FROM subject_keys').all() as { wrapped: Uint8Array }[];
    reader.close();
    const isThere = () =>
      wrapped.map((row) => readFileSync(file).includes(Buffer.from(row.wrapped).subarray(4)));
    expect(isThere()).toEqual(wrapped.map(() => true));
    keys.destroy();
    expect(isThere()).toEqual(wrapped.map(() => false));
    expect(keys.has(1)).toBe(false);
    expect(() => keys.seal(1, 'address', '"x"')).toThrow('is not here');
  });
});

async function sealed(from: ReturnType<typeof localSubject>, text: string): Promise<Encrypted> {
  const answer = await from.seal(text);
  if (!answer.ok) throw new Error(answer.code);
  return answer.values[0]?.encrypted as Encrypted;
}

describe('keys and the log of their subject', () => {
  it('come into being together, with the first value and no sooner', async () => {
    const one = localSubject();
    expect(await one.seal('"x"', false)).toMatchObject({ ok: false, code: 'no_key' });
    expect(one.core.head()).toBe(0);
    const values = await Promise.all([sealed(one, '"a"'), sealed(one, '"b"')]);
    expect(one.core.head()).toBe(1);
    expect(await one.keys.open(values.map((encrypted) => ({ kind: 'address', encrypted })))).toEqual([
      { status: 'open', text: '"a"' },
      { status: 'open', text: '"b"' },
    ]);
  });

  it('rotate: the new one encrypts, the old ones go on opening', async () => {
    const one = localSubject();
    const before = await sealed(one, '"a"');
    expect(await one.send('RotateSubjectKey')).toBe('accepted');
    const after = await sealed(one, '"a"');
    expect([before.$enc.keyVersion, after.$enc.keyVersion]).toEqual([1, 2]);
    // After an eviction as well: another instance on the same storage.
    const again = localSubject(one.world);
    for (const encrypted of [before, after])
      expect(await again.keys.open([{ kind: 'address', encrypted }])).toEqual([
        { status: 'open', text: '"a"' },
      ]);
  });

  it('end together: after the event there is no key, and what is asked for is answered as erased', async () => {
    const one = localSubject();
    const encrypted = await sealed(one, '"a"');
    expect(await one.send('EraseSubject')).toBe('accepted');
    for (const instance of [one, localSubject(one.world)]) {
      expect(instance.keyRing.has(1)).toBe(false);
      expect(await instance.keys.open([{ kind: 'address', encrypted }])).toEqual([{ status: 'erased' }]);
      expect(await instance.seal('"b"')).toMatchObject({ ok: false, code: 'subject_erased' });
    }
    expect(one.core.head()).toBe(2);
  });

  it('are neither made nor destroyed by halves: where one fails, the other is undone', async () => {
    const without = localSubject(undefined, '');
    await expect(without.seal('"a"')).rejects.toThrow('not bound');
    expect(without.core.head()).toBe(0);

    const one = localSubject();
    await sealed(one, '"a"');
    const { destroy } = one.keyRing;
    one.keyRing.destroy = () => {
      destroy.call(one.keyRing);
      throw new Error('crashed');
    };
    await expect(one.send('EraseSubject')).rejects.toThrow('crashed');
    const again = localSubject(one.world);
    expect(again.core.head()).toBe(1);
    expect(again.keyRing.has(1)).toBe(true);
    expect(await again.send('EraseSubject')).toBe('accepted');
    expect(again.keyRing.has(1)).toBe(false);
  });

  it('that are held are not destroyed', async () => {
    const one = localSubject();
    const encrypted = await sealed(one, '"a"');
    await one.send('PlaceLegalHold');
    expect(await one.send('EraseSubject')).toBe('legal_hold');
    expect(await one.keys.open([{ kind: 'address', encrypted }])).toEqual([{ status: 'open', text: '"a"' }]);
  });

  it('race: an erasure comes before a value or after it, and never in between', async () => {
    for (const eraseFirst of [true, false]) {
      const one = localSubject();
      await sealed(one, '"a"');
      const erase = () => one.send('EraseSubject');
      const store = () => one.seal('"b"');
      const [first, second] = eraseFirst ? [erase, store] : [store, erase];
      const answers = await Promise.all([first(), second()]);
      const stored = answers.find((answer) => typeof answer === 'object');
      expect(one.core.read()?.state.status).toBe('ERASED');
      if (stored?.ok === true) {
        const encrypted = stored.values[0]?.encrypted as Encrypted;
        expect(await one.keys.open([{ kind: 'address', encrypted }])).toEqual([{ status: 'erased' }]);
      }
      expect(await one.seal('"c"')).toMatchObject({ code: 'subject_erased' });
    }
  });

  it('that were lost, as after a restore from the archive, are said to be', async () => {
    const one = localSubject();
    const encrypted = await sealed(one, '"a"');
    one.keyRing.destroy();
    expect(await one.keys.open([{ kind: 'address', encrypted }])).toEqual([{ status: 'unreadable' }]);
    await expect(one.seal('"b"')).rejects.toThrow('key 1 of subject local is not here');
    // Another key is good for what comes.
    expect(await one.send('RotateSubjectKey')).toBe('accepted');
    const next = await sealed(one, '"b"');
    expect(
      await one.keys.open([encrypted, next].map((each) => ({ kind: 'address', encrypted: each }))),
    ).toEqual([{ status: 'unreadable' }, { status: 'open', text: '"b"' }]);
  });

  it('whose master key is gone are said to be lost until it is back, and a rotation takes values again', async () => {
    const before = localSubject();
    const encrypted = await sealed(before, '"a"');
    const after = localSubject(before.world, SECOND);
    expect(await after.keys.open([{ kind: 'address', encrypted }])).toEqual([{ status: 'unreadable' }]);
    // Whoever asks may ask again: it is no bug, and nothing was decided.
    await expect(after.seal('"b"')).rejects.toMatchObject({ name: 'KeyNotUsable', retryable: true });
    expect(await after.send('RotateSubjectKey')).toBe('accepted');
    const next = await sealed(after, '"b"');
    const both = localSubject(before.world, `${SECOND} ${MASTERS}`);
    for (const [one, first] of [
      [after, { status: 'unreadable' }],
      [both, { status: 'open', text: '"a"' }],
    ] as const)
      expect(
        await one.keys.open([encrypted, next].map((each) => ({ kind: 'address', encrypted: each }))),
      ).toEqual([first, { status: 'open', text: '"b"' }]);
  });
});

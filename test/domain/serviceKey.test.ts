/** Keys of services: their rules, and which tokens count. */
import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type ServiceKeyState, serviceKeyDecider } from '../../actors/serviceKey/decider.ts';
import { IssueServiceKey, type ServiceKeyEvent } from '../../schemas/serviceKey.ts';
import { parseServiceToken, serviceOf, serviceRefusal } from '../../workers/access/serviceKey.ts';
import { RECEIVED_AT, specify } from '../support/given.ts';

const { given, state } = specify(serviceKeyDecider);

const hash = (secret: string) => createHash('sha256').update(secret).digest('hex');
const FIRST = 'first-secret-'.padEnd(43, '1');
const SECOND = 'second-secret-'.padEnd(43, '2');

const issuing = { secretHash: hash(FIRST), roles: ['trader' as const], description: 'Settlement' };
const issued: ServiceKeyEvent = {
  type: 'ServiceKeyIssued',
  data: { ...issuing, accounts: ['acc-1'], expiresAt: null },
};
const rotated: ServiceKeyEvent = {
  type: 'ServiceKeyRotated',
  data: { secretHash: hash(SECOND), previousValidUntil: '2026-01-02T03:14:05.678Z' },
};
const revoked: ServiceKeyEvent = { type: 'ServiceKeyRevoked', data: { reason: 'leaked' } };

describe("a service's key", () => {
  it('is issued once, confined to accounts or not', () => {
    given()
      .when({ type: 'IssueServiceKey', data: { ...issuing, accounts: ['acc-1'] } })
      .events(issued);
    given()
      .when({ type: 'IssueServiceKey', data: issuing })
      .event('ServiceKeyIssued', { accounts: null, expiresAt: null });
    given(issued).when({ type: 'IssueServiceKey', data: issuing }).refused('service_key_already_issued');
    given(issued, revoked)
      .when({ type: 'IssueServiceKey', data: issuing })
      .refused('service_key_already_issued');
  });

  it('does not end before it begins', () => {
    const until = (expiresAt: string) =>
      given().when({ type: 'IssueServiceKey', data: { ...issuing, expiresAt } });
    until(RECEIVED_AT).refused('expiry_passed');
    until('2026-01-02T03:04:05.679Z').event('ServiceKeyIssued', { expiresAt: '2026-01-02T03:04:05.679Z' });
  });

  it('is given another secret, the one before counting for a while if wanted', () => {
    const rotate = (graceSeconds?: number) =>
      given(issued).when({
        type: 'RotateServiceKey',
        data: { secretHash: hash(SECOND), ...(graceSeconds === undefined ? {} : { graceSeconds }) },
      });
    rotate(600).events(rotated);
    rotate().event('ServiceKeyRotated', { previousValidUntil: RECEIVED_AT });
  });

  it('never gets the secret back that it has or had just before', () => {
    const again = (secret: string) => ({
      type: 'RotateServiceKey' as const,
      data: { secretHash: hash(secret) },
    });
    given(issued).when(again(FIRST)).refused('secret_already_used');
    given(issued, rotated).when(again(FIRST)).refused('secret_already_used');
    given(issued, rotated).when(again(SECOND)).refused('secret_already_used');
  });

  it('ends for good', () => {
    const revoke = { type: 'RevokeServiceKey' as const, data: { reason: 'leaked' } };
    given(issued).when(revoke).events(revoked);
    given(issued, revoked).when(revoke).refused('service_key_revoked');
    given(issued, revoked)
      .when({ type: 'RotateServiceKey', data: { secretHash: hash(SECOND) } })
      .refused('service_key_revoked');
    given().when(revoke).refused('service_key_not_found');
  });

  it.each([
    { roles: [] },
    { roles: ['root'] },
    { roles: ['trader', 'trader'] },
    { accounts: ['a', 'a'] },
    { accounts: ['a/b'] },
    { secretHash: FIRST },
    { secretHash: hash(FIRST).toUpperCase() },
    { description: '' },
    { description: 'two\nlines' },
    { secret: FIRST },
  ])('is not issued with %j', (wrong) => {
    expect(IssueServiceKey.safeParse({ ...issuing, ...wrong }).success).toBe(false);
  });
});

describe('the token of a service', () => {
  const NOW = Date.parse(RECEIVED_AT);
  const counts = (key: ServiceKeyState, secret: string, now = NOW) =>
    serviceOf({ keyId: 'k-1', secretHash: hash(secret) }, key, now);

  it('names its service, which reaches what the key says', () => {
    expect(counts(state([issued]), FIRST)).toEqual({
      principal: { userId: 'service:k-1', roles: ['trader'], accounts: new Set(['acc-1']) },
      endsAt: Number.POSITIVE_INFINITY,
      serviceKey: { keyId: 'k-1', secretHash: hash(FIRST) },
    });
  });

  it('counts with the secret that the key has now, and the one before for the time of grace', () => {
    const key = state([issued, rotated]);
    const graceEnds = Date.parse('2026-01-02T03:14:05.678Z');
    expect(counts(key, SECOND)?.endsAt).toBe(Number.POSITIVE_INFINITY);
    expect(counts(key, FIRST)?.endsAt).toBe(graceEnds);
    expect(counts(key, FIRST, graceEnds)).toBeUndefined();
    expect(counts(key, 'x'.repeat(43))).toBeUndefined();
  });

  it('of a revoked or never issued key does not count', () => {
    expect(counts(state([issued, revoked]), FIRST)).toBeUndefined();
    expect(counts(state([issued, rotated, revoked]), FIRST)).toBeUndefined();
    expect(counts(state([]), '')).toBeUndefined();
  });

  it.each([
    ['unknown', [], FIRST],
    ['revoked', [issued, revoked], FIRST],
    ['expired', [issued, rotated], FIRST],
    ['expired', [issued], FIRST],
    ['secret', [issued], SECOND],
    ['secret', [issued, rotated], 'x'.repeat(43)],
  ])('that does not count is %s of a key with %j', (refusal, events, secret) => {
    const shown = { keyId: 'k-1', secretHash: hash(secret) };
    expect(serviceRefusal(shown, state(events))).toBe(refusal);
    expect(serviceRefusal(shown, undefined)).toBe('unknown');
  });

  it('ends with the key', () => {
    const expiresAt = '2026-01-03T00:00:00.000Z';
    const key = { ...state([issued, rotated]), expiresAt };
    expect(counts(key, SECOND)?.endsAt).toBe(Date.parse(expiresAt));
    expect(counts(key, SECOND, Date.parse(expiresAt))).toBeUndefined();
  });

  it('is told from others by its form', () => {
    expect(parseServiceToken(`folio~k-1~${FIRST}`)).toEqual({ keyId: 'k-1', secret: FIRST });
    for (const other of [
      `folio~k-1~${'x'.repeat(42)}`,
      `folio~k-1~${'x'.repeat(129)}`,
      `folio~~${FIRST}`,
      `folio~a/b~${FIRST}`,
      `folio~k-1~${FIRST}~`,
      `Folio~k-1~${FIRST}`,
      FIRST,
    ]) {
      expect(parseServiceToken(other), other).toBeUndefined();
    }
  });
});

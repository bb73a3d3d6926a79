/** Access tokens: what is taken, and everything that is not. */
import { createHmac, generateKeyPairSync } from 'node:crypto';
import { createLocalJWKSet, exportJWK } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { CLOCK_TOLERANCE_SECONDS, verifyToken } from '../../workers/access/accessToken.ts';
import type { TokenSettings } from '../../workers/access/settings.ts';
import { AUDIENCE, ISSUER, IssuerKey, JWKS_URL } from '../support/issuer.ts';

const SETTINGS: TokenSettings = {
  issuer: ISSUER,
  audience: AUDIENCE,
  jwksUrl: JWKS_URL,
  rolesClaim: 'roles',
  accountsClaim: 'accounts',
};
const NOW = Date.parse('2026-11-21T10:00:00Z');
const SECONDS = NOW / 1_000;

let key: IssuerKey;
let stranger: IssuerKey;

beforeAll(async () => {
  key = await IssuerKey.make('key-1');
  stranger = await IssuerKey.make('key-1');
});

function verify(token: string, keys: readonly IssuerKey[] = [key]) {
  const set = createLocalJWKSet({ keys: keys.map(({ published }) => published) });
  return verifyToken(token, SETTINGS, set, NOW);
}

async function refusal(...[claims, header]: Parameters<IssuerKey['sign']>): Promise<string> {
  const verdict = await verify(await key.sign(claims, header, NOW));
  return verdict.ok ? 'accepted' : verdict.refusal;
}

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('an access token', () => {
  it('names its user, the roles known here, and the accounts granted', async () => {
    const claims = { sub: 'u-1', roles: ['trader', 'astronaut'], accounts: 'acc-1 acc-2' };
    expect(await verify(await key.sign(claims, {}, NOW))).toEqual({
      ok: true,
      principal: { userId: 'user:u-1', roles: ['trader'], accounts: new Set(['acc-1', 'acc-2']) },
      validUntil: NOW + (300 + CLOCK_TOLERANCE_SECONDS) * 1_000,
    });
  });

  it('without claims about them names neither roles nor accounts', async () => {
    const verdict = await verify(await key.sign({}, {}, NOW));
    expect(verdict).toMatchObject({ ok: true, principal: { roles: [], accounts: undefined } });
  });

  it.each(['RS256', 'PS256', 'ES256', 'ES384', 'EdDSA'])('may be signed with %s', async (alg) => {
    const other = await IssuerKey.make('key-2', alg);
    expect(await verify(await other.sign({}, {}, NOW), [key, other])).toMatchObject({ ok: true });
  });

  it('ends at exp and begins at nbf, give or take the tolerance of clocks', async () => {
    const late = CLOCK_TOLERANCE_SECONDS;
    expect(await refusal({ exp: SECONDS - late + 1 })).toBe('accepted');
    expect(await refusal({ exp: SECONDS - late })).toBe('expired');
    expect(await refusal({ nbf: SECONDS + late })).toBe('accepted');
    expect(await refusal({ nbf: SECONDS + late + 1 })).toBe('not_yet_valid');
  });

  it.each([
    ['without an end', { exp: undefined }, 'claims'],
    ['with an end that is no number', { exp: '2030' }, 'claims'],
    ['of another issuer', { iss: `${ISSUER}/` }, 'issuer'],
    ['of no issuer', { iss: undefined }, 'issuer'],
    ['for another audience', { aud: 'other' }, 'audience'],
    ['for no audience', { aud: undefined }, 'audience'],
    ['without a subject', { sub: undefined }, 'claims'],
    ['with a subject that is no text', { sub: 7 }, 'claims'],
    ['with a subject that cannot stand in an event', { sub: 'a\nb' }, 'claims'],
    ['with roles that are no list', { roles: { admin: true } }, 'claims'],
    ['with accounts that are no texts', { accounts: [1] }, 'claims'],
    ['with accounts that are no ids', { accounts: ['a/b'] }, 'claims'],
  ])('%s is refused', async (_, claims, expected) => {
    expect(await refusal(claims)).toBe(expected);
  });

  it('for several audiences counts if we are one', async () => {
    expect(await refusal({ aud: ['other', AUDIENCE] })).toBe('accepted');
  });

  it('of another type is refused', async () => {
    expect(await refusal({}, { typ: 'logout+jwt' })).toBe('claims');
    expect(await refusal({}, { typ: 'JWT' })).toBe('accepted');
  });

  it('whose type is no text is refused, and not taken for keys that cannot be had', async () => {
    for (const typ of [5, ['JWT'], { at: 'jwt' }, null, true])
      expect(await refusal({}, { typ: typ as unknown as string })).toBe('claims');
  });

  it('with critical headers that nobody here knows is refused', async () => {
    const [, payload, signature] = (await key.sign({}, {}, NOW)).split('.');
    const header = base64url({ alg: 'ES256', kid: 'key-1', crit: ['x'], x: 1 });
    expect(await verify(`${header}.${payload}.${signature}`)).toEqual({ ok: false, refusal: 'malformed' });
  });
});

describe('a forged token', () => {
  it('signed by a stranger with the name of our key is refused', async () => {
    const token = await stranger.sign({ roles: ['admin'] }, {}, NOW);
    expect(await verify(token)).toEqual({ ok: false, refusal: 'signature' });
  });

  it('of a key that the issuer does not have is refused', async () => {
    const token = await stranger.sign({}, { kid: 'key-9' }, NOW);
    expect(await verify(token)).toEqual({ ok: false, refusal: 'unknown_key' });
  });

  it('whose claims were changed is refused', async () => {
    const [header, payload, signature] = (await key.sign({ roles: ['trader'] }, {}, NOW)).split('.');
    const claims = JSON.parse(Buffer.from(payload ?? '', 'base64url').toString());
    const changed = base64url({ ...claims, roles: ['admin'] });
    expect(await verify(`${header}.${changed}.${signature}`)).toEqual({ ok: false, refusal: 'signature' });
  });

  it('that is not signed is refused, however the algorithm is spelt', async () => {
    const [, payload] = (await key.sign({}, {}, NOW)).split('.');
    for (const alg of ['none', 'None', 'NONE', '']) {
      const token = `${base64url({ alg, kid: 'key-1' })}.${payload}.`;
      expect((await verify(token)).ok, alg).toBe(false);
    }
  });

  it('whose shared secret is our public key is refused', async () => {
    const { publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const published = { ...(await exportJWK(publicKey)), kid: 'rsa', use: 'sig' };
    const unsigned = `${base64url({ alg: 'HS256', kid: 'rsa' })}.${(await key.sign({}, {}, NOW)).split('.')[1]}`;
    const pem = publicKey.export({ type: 'spki', format: 'pem' });
    const mac = createHmac('sha256', pem).update(unsigned).digest('base64url');
    const keys = createLocalJWKSet({ keys: [published] });
    const verdict = await verifyToken(`${unsigned}.${mac}`, SETTINGS, keys, NOW);
    expect(verdict).toEqual({ ok: false, refusal: 'algorithm' });
  });

  it.each(['a.b.c', '..', 'e30.e30.e30', `${base64url({ alg: 'ES256' })}.e30.AA`, 'é.é.é'])(
    'such as "%s" is refused without a throw',
    async (token) => {
      expect((await verify(token)).ok).toBe(false);
    },
  );
});

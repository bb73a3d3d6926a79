/** Callers with access tokens, as the Worker under test knows them: it trusts an issuer whose keys are served here. */
import { vi } from 'vitest';
import type { Role } from '../../schemas/role.ts';
import { type Claims, IssuerKey, JWKS_URL, keySet } from './issuer.ts';

let key: IssuerKey | undefined;

/** The key with which the issuer signs, served to the Worker from the first use on. */
async function issuerKey(): Promise<IssuerKey> {
  if (key !== undefined) return key;
  const made = await IssuerKey.make('key-1');
  key = made;
  const original = globalThis.fetch;
  vi.spyOn(globalThis, 'fetch').mockImplementation((input, init) =>
    String(input) === JWKS_URL ? Promise.resolve(keySet(made)) : original(input, init),
  );
  return made;
}

/** Headers of a caller with these claims. */
export async function withClaims(claims: Claims): Promise<{ Authorization: string }> {
  return { Authorization: `Bearer ${await (await issuerKey()).sign(claims)}` };
}

/** Headers of a caller with a role; with accounts, it is confined to them. */
export function as(role: Role, accounts?: readonly string[]): Promise<{ Authorization: string }> {
  return withClaims({ sub: role, roles: [role], accounts });
}

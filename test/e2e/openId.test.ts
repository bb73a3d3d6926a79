/** People and services of a real OpenID provider at a real local server. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Platform, startPlatform } from '../../local/platform.ts';
import { OpenIdProvider } from '../support/openIdProvider.ts';

const START_MS = 180_000;

const PEOPLE = {
  anna: { roles: ['trader'], accounts: ['anna-1'] },
  otto: { roles: ['operations'] },
  settlement: { roles: ['operations'], accounts: ['anna-1'] },
};

const opening = (accountId: string) => ({
  accountId,
  customerId: 'anna',
  accountType: 'INDIVIDUAL',
  currency: 'USD',
  initialBalance: '100',
});

describe('with a real OpenID provider', () => {
  const folder = mkdtempSync(join(tmpdir(), 'folio-openid-'));
  let provider: OpenIdProvider;
  let platform: Platform;

  beforeAll(async () => {
    provider = await OpenIdProvider.start(PEOPLE);
    platform = await startPlatform({ port: 0, stateDir: folder, logLevel: 'warn', vars: provider.variables });
  }, START_MS);

  afterAll(async () => {
    await platform?.stop();
    await provider?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function send(token: string, method: string, path: string, body?: object) {
    const response = await fetch(platform.url + path, {
      method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const reply = (await response.json()) as { code?: string; events?: { metadata: { userId: string } }[] };
    return { status: response.status, code: reply.code, events: reply.events };
  }

  it('a person who logged in does what the role allows, under the own name', async () => {
    const otto = (await provider.login('otto')).access_token;
    expect(await send(otto, 'POST', '/v1/accounts', opening('anna-1'))).toMatchObject({ status: 201 });
    expect(await send(otto, 'POST', '/v1/accounts', opening('other-1'))).toMatchObject({ status: 201 });
    const anna = (await provider.login('anna')).access_token;
    const withdrawal = { amount: '1' };
    expect(await send(anna, 'POST', '/v1/accounts/anna-1/withdrawals', withdrawal)).toMatchObject({
      status: 200,
    });
    expect(await send(anna, 'POST', '/v1/accounts/other-1/withdrawals', withdrawal)).toMatchObject({
      status: 403,
    });
    expect(await send(anna, 'POST', '/v1/accounts/anna-1/deposits', withdrawal)).toMatchObject({
      status: 403,
    });
    const { events = [] } = await send(anna, 'GET', '/v1/accounts/anna-1/events');
    expect(events.map(({ metadata }) => metadata.userId)).toEqual(['user:otto', 'user:anna']);
  });

  it('a service does the same with its own credentials', async () => {
    const service = await provider.serviceToken();
    expect(await send(service, 'GET', '/v1/accounts/anna-1')).toMatchObject({ status: 200 });
    expect(await send(service, 'GET', '/v1/accounts/other-1')).toMatchObject({
      status: 403,
      code: 'forbidden',
    });
    expect(await send(service, 'GET', '/v1/views')).toMatchObject({ status: 403, code: 'forbidden' });
  });

  it('an ID token, a token for another service, and a changed token are none', async () => {
    const { access_token: token, id_token: idToken } = await provider.login('otto');
    const changed = `${token.slice(0, -2)}${token.endsWith('AA') ? 'BB' : 'AA'}`;
    for (const other of [idToken, changed, await provider.serviceToken('https://other.test/api')]) {
      expect(await send(other, 'GET', '/v1/event-types')).toMatchObject({
        status: 401,
        code: 'unauthenticated',
      });
    }
    expect(await send(token, 'GET', '/v1/event-types')).toMatchObject({ status: 200 });
  });

  it('the local administrator is known beside them', async () => {
    expect(await send(platform.token, 'GET', '/v1/views')).toMatchObject({ status: 200 });
  });
});

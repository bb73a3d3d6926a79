/** What the log says, at its most talkative: ids and names, and nothing that is secret or anybody's own business. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Env } from '../../workers/env.ts';
import { call, opened, testEnv } from '../support/api.ts';
import { as, withClaims } from '../support/callers.ts';

/** Things that are sent in the test and must be in no line of the log. */
const SECRETS = {
  amount: '48151.62',
  reference: 'rent-of-Mrs-Miller',
  reason: 'suspicion-about-Mr-Smith',
  name: 'Ada-Lovelace-77',
  street: '12-St-James-Square',
  card: 'tok_visa_4242',
  serviceSecret: 'service-secret-'.padEnd(43, 's'),
  wrongToken: 'a-token-that-was-mistyped',
} as const;

const lines: string[] = [];
const env: Env = { ...testEnv, LOG_LEVEL: 'debug' };

beforeAll(() => {
  for (const level of ['log', 'info', 'warn', 'error', 'debug'] as const) {
    vi.spyOn(console, level).mockImplementation((...parts) => void lines.push(parts.map(String).join(' ')));
  }
});
afterAll(() => vi.restoreAllMocks());

describe('the log', () => {
  it('keeps secrets and personal data out, whatever goes well or wrong', async () => {
    await opened('log-1');
    const { amount, reference, reason, name, street, card, serviceSecret, wrongToken } = SECRETS;
    const token = await as('trader', ['log-1']);
    const service = { Authorization: `Bearer folio~log-key~${serviceSecret}` };
    const send = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
      call(method, path, { body, headers, env });
    await send('POST', '/v1/accounts/log-1/deposits', { amount, reference });
    await send('POST', '/v1/accounts/log-1/withdrawals', { amount: `${amount}1`, reference });
    await send('POST', '/v1/accounts/log-1/freeze', { reason }, token);
    await send('POST', '/v1/accounts/log-1/freeze', { reason });
    await send('POST', '/v1/accounts/log-1/deposits', `{"amount":"${amount}"`);
    await send('GET', `/v1/events?limit=${wrongToken}`);
    await send('GET', '/v1/accounts/log-1', undefined, { Authorization: `Bearer ${wrongToken}` });
    await send('GET', '/v1/accounts/log-1', undefined, service);
    await send(
      'GET',
      '/v1/accounts/log-1',
      undefined,
      await withClaims({ sub: 'x', roles: 7, given_name: name }),
    );
    await send('POST', '/v1/orders', {
      orderId: 'log-order-1',
      customerId: 'customer-1',
      currency: 'GBP',
      items: [{ productId: 'tea', quantity: '1', unitPrice: '1' }],
      payment: { method: 'card', token: card },
      shipTo: { name, line1: street, city: 'London', country: 'United Kingdom' },
    });
    const commands = [
      {
        commandId: 'l-1',
        aggregateType: 'account',
        aggregateId: 'log-1',
        type: 'DepositFunds',
        data: { amount, reference },
      },
    ];
    await send('POST', '/v1/commands', { commands });
    const log = lines.join('\n');
    expect(log).toContain('"message":"request"');
    expect(log).toContain('"message":"caller refused"');
    for (const [what, secret] of Object.entries(SECRETS)) expect(log.includes(secret), what).toBe(false);
    for (const { Authorization } of [token, service]) expect(log).not.toContain(Authorization.slice(-30));
    expect(log).not.toMatch(/bearer/i);
  });

  it('is one JSON object a line, whatever clients send', async () => {
    lines.length = 0;
    const forged = '/v1/accounts/%0A%7B%22level%22%3A%22error%22%7D';
    await call('GET', forged, { env, headers: { 'X-Correlation-Id': '{"level":"error"}' } });
    await call('GET', '/v1/accounts/x', { env, headers: { Authorization: 'Bearer {"level":"error"}' } });
    expect(lines.length).toBeGreaterThan(0);
    for (const line of lines) {
      const entry = JSON.parse(line) as { level: string; message: string };
      expect(line).not.toContain('\n');
      expect(['debug', 'info']).toContain(entry.level);
    }
  });
});

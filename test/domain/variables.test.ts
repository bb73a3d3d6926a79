/** What is asked of the variables of a Worker before it is started or deployed. */
import { describe, expect, it, vi } from 'vitest';
import { requireAllVariables, requireVariables } from '../../local/variables.ts';
import type { Env } from '../../workers/env.ts';
import { gatewayOf } from '../../workers/http/gateway.ts';
import { CLIENT_REQUESTS_MAX } from '../../workers/limits/quotas.ts';
import { ISSUER_VARIABLES } from '../support/issuer.ts';

const { AUTH_JWKS_URL: _, ...HALF_AN_ISSUER } = ISSUER_VARIABLES;

describe('variables of a Worker', () => {
  it.each([
    [{ RATE_CLIENT_REQUESTS: '10,000' }, /^RATE_CLIENT_REQUESTS has to be a whole number of at least 1/],
    [{ RATE_ACCOUNT_COMMANDS: '0' }, /^RATE_ACCOUNT_COMMANDS has to be a whole number .* not "0"$/],
    [{ RATE_ACCOUNT_COMMANDS: '500/10s' }, /^RATE_ACCOUNT_COMMANDS/],
    [{ LOG_LEVEL: 'verbose' }, /^LOG_LEVEL has to be one of debug, info, warn, error, not "verbose"$/],
    [
      { ...ISSUER_VARIABLES, AUTH_JWKS_URL: 'http://issuer.test/keys' },
      /^AUTH_JWKS_URL: must be an https URL$/,
    ],
    [{ PAYMENT_PROVIDER: 'Stripe' }, /^PAYMENT_PROVIDER has to be one of sandbox, stripe, not "Stripe"$/],
    [{ LOCATION_HINT: 'moon' }, /^LOCATION_HINT has to be one of wnam, /],
    [{ JURISDICTION: 'mars' }, /^JURISDICTION has to be one of default, eu, us/],
    [{ ARCHIVE_REMOVAL: 'never' }, /^ARCHIVE_REMOVAL has to be one of after-term, suspended/],
    [{ LOG_LEVEL: 'x', RATE_CLIENT_REQUESTS: 'y' }, /^RATE_CLIENT_REQUESTS .*\nLOG_LEVEL /],
  ])('that say what cannot be done stop whoever starts or deploys it: %j', (variables, fault) => {
    expect(() => requireVariables(variables)).toThrow(fault);
    expect(() => requireAllVariables(variables)).toThrow(fault);
  });

  it.each([
    {},
    { RATE_CLIENT_REQUESTS: '', AUTH_ISSUER: '', AUTH_AUDIENCE: '', AUTH_JWKS_URL: '', CORS_ORIGINS: '' },
    { PAYMENT_PROVIDER: 'stripe', LOCATION_HINT: 'weur', JURISDICTION: 'eu', ARCHIVE_REMOVAL: 'suspended' },
    { RATE_CLIENT_REQUESTS: '500', RATE_ACCOUNT_COMMANDS: 500, LOG_LEVEL: 'debug', ...ISSUER_VARIABLES },
  ])('that can be followed do not: %j', (variables) => {
    expect(() => requireAllVariables(variables)).not.toThrow();
  });

  it('may be secrets in part where it is deployed, and not where it is started here', () => {
    expect(() => requireVariables(HALF_AN_ISSUER)).not.toThrow();
    expect(() => requireAllVariables(HALF_AN_ISSUER)).toThrow(/^AUTH_JWKS_URL: is not set/);
  });

  it('that say no quota are told in the log, and the usual one counts', () => {
    const logged = vi.spyOn(console, 'log').mockReturnValue();
    const RATE_LIMITERS = { idFromName: () => undefined };
    const variables = { LOG_LEVEL: 'warn', RATE_CLIENT_REQUESTS: '10,000' };
    const gateway = gatewayOf({ ...variables, RATE_LIMITERS } as unknown as Env);
    expect(gateway.quotas.client.units).toBe(CLIENT_REQUESTS_MAX);
    expect(JSON.stringify(logged.mock.calls)).toContain('RATE_CLIENT_REQUESTS has to be');
    logged.mockRestore();
  });
});

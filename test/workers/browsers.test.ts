/** What browsers are told: how to treat answers, and which pages may have them. */
import { describe, expect, it, vi } from 'vitest';
import { requireVariables } from '../../local/variables.ts';
import type { Env } from '../../workers/env.ts';
import { app } from '../../workers/http/app.ts';
import { ANONYMOUS, call, TEST_TOKEN, testEnv } from '../support/api.ts';

const HEADERS = {
  'Cache-Control': 'no-store',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
};

describe('every answer', () => {
  it.each([
    ['a success', 'GET', '/v1/event-types', {}],
    ['an open route', 'GET', '/healthz', ANONYMOUS],
    ['a missing token', 'GET', '/v1/event-types', ANONYMOUS],
    ['a missing account', 'GET', '/v1/accounts/nobody', {}],
    ['a bad request', 'GET', '/v1/events?limit=x', {}],
    ['an unknown path', 'GET', '/nowhere', {}],
    ['an unknown method', 'DELETE', '/v1/accounts/a', {}],
    ['the methods of a path', 'OPTIONS', '/v1/accounts/a', {}],
  ])('tells browsers how to treat it: %s', async (_, method, path, headers) => {
    const reply = await call(method, path, { headers });
    for (const [name, value] of Object.entries(HEADERS)) expect(reply.headers.get(name), name).toBe(value);
    expect(reply.headers.has('Strict-Transport-Security')).toBe(false);
  });

  it('over TLS demands TLS from then on', async () => {
    const response = await app.fetch(new Request('https://folio.test/healthz'), testEnv);
    expect(response.headers.get('Strict-Transport-Security')).toBe('max-age=31536000; includeSubDomains');
  });
});

describe('pages of other origins', () => {
  const env: Env = { ...testEnv, CORS_ORIGINS: 'https://console.test, https://other.test:8443' };
  const ask = (method: string, headers: Record<string, string>, bindings: Env = env) =>
    app.fetch(
      new Request('http://folio.test/v1/event-types', {
        method,
        headers: { ...(method === 'OPTIONS' ? {} : { Authorization: `Bearer ${TEST_TOKEN}` }), ...headers },
      }),
      bindings,
    );
  const preflight = {
    'Access-Control-Request-Method': 'GET',
    'Access-Control-Request-Headers': 'authorization',
  };
  const allowed = (response: Response) => response.headers.get('Access-Control-Allow-Origin');

  it('that are named may send and read what the API is about', async () => {
    for (const Origin of ['https://console.test', 'https://other.test:8443']) {
      const first = await ask('OPTIONS', { Origin, ...preflight });
      expect([first.status, allowed(first)]).toEqual([204, Origin]);
      expect(first.headers.get('Access-Control-Allow-Headers')).toContain('Authorization');
      expect(first.headers.get('Access-Control-Allow-Methods')).toBe('GET,HEAD,POST,PUT,DELETE');
      expect(first.headers.get('Access-Control-Allow-Credentials')).toBeNull();
      const then = await ask('GET', { Origin });
      expect([then.status, allowed(then)]).toEqual([200, Origin]);
      expect(then.headers.get('Access-Control-Expose-Headers')).toContain('ETag');
      expect(then.headers.get('Vary')).toContain('Origin');
      await Promise.all([first.body?.cancel(), then.body?.cancel()]);
    }
  });

  it('are named as people write them, and never by a part of what is written', async () => {
    const written: Env = { ...testEnv, CORS_ORIGINS: 'https://Slash.test/,https://path.test/app,app://here' };
    for (const Origin of ['https://slash.test', 'app://here']) {
      expect(allowed(await ask('GET', { Origin }, written))).toBe(Origin);
    }
    for (const Origin of ['https://path.test', 'https://test', 'null', '*']) {
      expect(allowed(await ask('GET', { Origin }, written))).toBeNull();
    }
  });

  it('are looked for in vain among what is no origin, which the log and whoever starts or deploys it are told', async () => {
    const warned = vi.spyOn(console, 'log').mockReturnValue();
    const CORS_ORIGINS = 'https://fine.test,*, localhost:5173,https://*.test,https://path.test/app';
    const response = await ask(
      'GET',
      { Origin: 'https://fine.test' },
      { ...testEnv, LOG_LEVEL: 'warn', CORS_ORIGINS },
    );
    expect(allowed(response)).toBe('https://fine.test');
    await response.body?.cancel();
    const told = 'CORS_ORIGINS has "*", "localhost:5173", "https://*.test", "https://path.test/app", and';
    expect(JSON.stringify(warned.mock.calls).replaceAll('\\', '')).toContain(told);
    warned.mockRestore();
    expect(() => requireVariables({ CORS_ORIGINS })).toThrow(told);
    for (const fine of [undefined, '', 'https://a.test/, http://localhost:5173,app://here,null']) {
      expect(() => requireVariables({ CORS_ORIGINS: fine })).not.toThrow();
    }
  });

  it('may send and read every header that the API describes, and send those that tracing, event streams and clients of GraphQL add', async () => {
    const Origin = 'https://console.test';
    const listed = async (method: string, header: string) => {
      const response = await ask(method, { Origin, ...(method === 'OPTIONS' ? preflight : {}) });
      await response.body?.cancel();
      return response.headers.get(header)?.toLowerCase().split(',') ?? [];
    };
    const { body } = await call('GET', '/openapi.json');
    const { components } = body as {
      components: Record<string, Record<string, { in: string; name: string }>>;
    };
    const sent = Object.values(components.parameters ?? {}).filter((parameter) => parameter.in === 'header');
    const added = ['Authorization', 'Content-Type', 'Cache-Control', 'tracestate', 'baggage'];
    const ofApollo = [
      'apollographql-client-name',
      'apollographql-client-version',
      'apollo-require-preflight',
    ];
    const names = [...sent.map(({ name }) => name), ...added, ...ofApollo];
    expect(names).toContain('Last-Event-ID');
    const sendable = await listed('OPTIONS', 'Access-Control-Allow-Headers');
    expect(names.filter((name) => !sendable.includes(name.toLowerCase()))).toEqual([]);
    const readable = await listed('GET', 'Access-Control-Expose-Headers');
    const read = headersOfReplies(body);
    expect(read).toContain('WWW-Authenticate');
    expect(read.filter((name) => !readable.includes(name.toLowerCase()))).toEqual([]);
  });

  it('may read errors as well', async () => {
    const response = await ask('GET', { Origin: 'https://console.test', Authorization: 'Bearer wrong' });
    expect([response.status, allowed(response)]).toEqual([401, 'https://console.test']);
    expect(await response.json()).toMatchObject({ code: 'unauthenticated' });
  });

  it.each([
    'https://evil.test',
    'https://console.test.evil.test',
    'http://console.test',
    'https://CONSOLE.test',
    'null',
    '*',
    '',
  ])('that are not named are told nothing: %s', async (Origin) => {
    const first = await ask('OPTIONS', { Origin, ...preflight });
    expect(allowed(first)).toBeNull();
    const then = await ask('GET', { Origin });
    expect([then.status, allowed(then), then.headers.get('Vary')]).toEqual([200, null, 'Origin']);
    await then.body?.cancel();
  });

  it('are none where nothing is configured', async () => {
    // A developer's own `.dev.vars` may name some.
    const { CORS_ORIGINS: _, ...unconfigured } = testEnv;
    const response = await ask('GET', { Origin: 'https://console.test' }, unconfigured);
    expect([response.status, allowed(response), response.headers.get('Vary')]).toEqual([200, null, null]);
    await response.body?.cancel();
  });
});

/** Names of the headers that replies of an API's description have, whatever their components are called. */
function headersOfReplies(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const { headers, description } = value as { headers?: object; description?: string };
  const own = headers === undefined || description === undefined ? [] : Object.keys(headers);
  return [...own, ...Object.values(value).flatMap(headersOfReplies)];
}

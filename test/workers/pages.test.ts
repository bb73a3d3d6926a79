/** Pages for people: they are there, bring what they need, and let nothing else in or out. */
import { exports } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { ANONYMOUS, call, verdict } from '../support/api.ts';

const worker = (exports as unknown as { default: Fetcher }).default;

const page = (path: string, method = 'GET') =>
  worker.fetch(`http://folio.test${path}`, { method, redirect: 'manual' });

describe.each(['/docs', '/docs/stream'])('%s', (path) => {
  it('is a page for whoever asks, with scripts and styles that are there', async () => {
    const answer = await page(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('Content-Type')).toBe('text/html; charset=utf-8');
    const html = await answer.text();
    const wanted = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target]) => target as string);
    expect(wanted.length).toBeGreaterThan(5);
    for (const target of wanted) {
      const there = await page(target);
      expect(`${target} ${there.status}`).toBe(`${target} 200`);
      await there.body?.cancel();
    }
  });

  it('leads to the other pages, and in a local run to the explorer of GraphQL', async () => {
    const html = await (await page(path)).text();
    const ways = /<nav[\s\S]*<\/nav>/.exec(html)?.[0].matchAll(/href="(\/docs[^"]*)"/g) ?? [];
    expect(Array.from(ways, ([, target]) => target)).toEqual(['/docs', '/docs/stream', '/docs/graphql']);
  });

  it('may ask its own origin alone, and be framed by nobody', async () => {
    const answer = await page(path, 'HEAD');
    const policy = answer.headers.get('Content-Security-Policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy.includes('unsafe-eval')).toBe(path === '/docs/stream');
    expect(answer.headers.get('X-Frame-Options')).toBe('DENY');
    expect(answer.headers.get('X-Correlation-Id')).not.toBeNull();
  });
});

describe('/asyncapi.json', () => {
  it.each([
    ['http://folio.test:8951', { host: 'folio.test:8951', protocol: 'ws' }],
    ['https://folio.example', { host: 'folio.example', protocol: 'wss' }],
    ['http://folio.test:8951', { host: 'folio.test:8951', protocol: 'ws' }],
  ])('names the server that it is asked for at: %s', async (origin, server) => {
    const answer = await worker.fetch(`${origin}/asyncapi.json?a=query`);
    const { servers } = await answer.json<{ servers: unknown }>();
    expect(servers).toEqual({ here: expect.objectContaining(server) });
  });
});

describe('/', () => {
  it('sends people to the pages, and nothing else anywhere', async () => {
    for (const method of ['GET', 'HEAD']) {
      const answer = await page('/', method);
      expect([answer.status, answer.headers.get('Location')]).toEqual([302, '/docs']);
    }
    expect((await page('/', 'POST')).status).toBe(404);
  });
});

describe('/docs/graphql', () => {
  it('is an explorer in a local run, with everything that it needs from here', async () => {
    const answer = await page('/docs/graphql');
    expect(answer.status).toBe(200);
    const policy = answer.headers.get('Content-Security-Policy') ?? '';
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("connect-src 'self';");
    expect(policy).toContain("base-uri 'self'");
    const html = await answer.text();
    const base = /<base href="([^"]+)"/.exec(html)?.[1];
    const wanted = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, target]) => target as string);
    expect(wanted).toContain('explorer.js');
    for (const target of wanted.filter((each) => each !== base)) {
      const there = await page(new URL(target, `http://folio.test${base}`).pathname);
      expect(`${target} ${there.status}`).toBe(`${target} 200`);
      await there.body?.cancel();
    }
  });
});

describe('a path that is no page', () => {
  it.each([
    '/docs/nothing',
    '/docs/../wrangler.toml',
    '/docs/%2e%2e/wrangler.toml',
    '/docs/%00',
    '/docs/stamp',
  ])('%s is not found', async (path) => {
    expect(verdict(await call('GET', path, { headers: ANONYMOUS }))).toBe('404 route_not_found');
  });

  it('is no method but reading', async () => {
    expect(verdict(await call('POST', '/docs', { headers: ANONYMOUS, body: {} }))).toBe(
      '404 route_not_found',
    );
  });
});

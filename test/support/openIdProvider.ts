/** A real OpenID provider on this machine, with a service, a web application, and people who may log in to it. */
import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import Provider from 'oidc-provider';

/** What access tokens for Folio are made out to. */
export const FOLIO_AUDIENCE = 'https://folio.test/api';

/** Where the web application would be; nothing is ever sent there. */
const REDIRECT_URI = 'https://app.test/callback';

/** Redirects of one login: more mean that it goes round in circles. */
const STEPS_MAX = 20;

const SERVICE = { id: 'settlement', secret: randomBytes(24).toString('base64url') };

/** What the provider makes, and how long it lasts in a test. */
const LIVED = ['Interaction', 'Session', 'Grant', 'AccessToken', 'IdToken', 'ClientCredentials'];
const LIFETIME_SECONDS = 600;

/** What the provider says of its users and services: claims of their access tokens by subject. */
export type Claims = Readonly<
  Record<string, { readonly roles: readonly string[]; readonly accounts?: readonly string[] }>
>;

/** A running provider. */
export class OpenIdProvider {
  readonly issuer: string;
  readonly #server: Server;

  private constructor(issuer: string, server: Server) {
    this.issuer = issuer;
    this.#server = server;
  }

  static async start(claims: Claims): Promise<OpenIdProvider> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const issuer = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    server.on('request', new Provider(issuer, configuration(claims)).callback());
    return new OpenIdProvider(issuer, server);
  }

  /** The variables of a Worker that trusts this provider. */
  get variables(): Record<string, string> {
    return { AUTH_ISSUER: this.issuer, AUTH_AUDIENCE: FOLIO_AUDIENCE, AUTH_JWKS_URL: `${this.issuer}/jwks` };
  }

  /** An access token of the service, by its secret. */
  async serviceToken(audience = FOLIO_AUDIENCE): Promise<string> {
    const credentials = Buffer.from(`${SERVICE.id}:${SERVICE.secret}`).toString('base64');
    const form = { grant_type: 'client_credentials', scope: 'folio', resource: audience };
    return (await this.#token(form, { Authorization: `Basic ${credentials}` })).access_token;
  }

  /** The tokens of a person who logs in and consents in a browser: authorisation code with PKCE (RFC 7636). */
  async login(person: string): Promise<{ access_token: string; id_token: string }> {
    const verifier = randomBytes(32).toString('base64url');
    const query = new URLSearchParams({
      client_id: 'web',
      response_type: 'code',
      redirect_uri: REDIRECT_URI,
      scope: 'openid folio',
      resource: FOLIO_AUDIENCE,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    });
    const code = await new Browser(person).codeOf(`${this.issuer}/auth?${query}`);
    const form = { grant_type: 'authorization_code', client_id: 'web', code, redirect_uri: REDIRECT_URI };
    return this.#token({ ...form, code_verifier: verifier }, {});
  }

  async #token(
    form: Record<string, string>,
    headers: Record<string, string>,
  ): Promise<{ access_token: string; id_token: string }> {
    const body = new URLSearchParams(form);
    const response = await fetch(`${this.issuer}/token`, { method: 'POST', headers, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`the provider answered ${response.status} ${text}`);
    return JSON.parse(text) as { access_token: string; id_token: string };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}

function configuration(claims: Claims): object {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const common = { response_types: [], redirect_uris: [] };
  return {
    clients: [
      {
        ...common,
        client_id: SERVICE.id,
        client_secret: SERVICE.secret,
        grant_types: ['client_credentials'],
      },
      {
        client_id: 'web',
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code'],
        redirect_uris: [REDIRECT_URI],
      },
    ],
    jwks: {
      keys: [{ ...privateKey.export({ format: 'jwk' }), kid: 'provider-1', use: 'sig', alg: 'RS256' }],
    },
    cookies: { keys: [randomBytes(16).toString('hex')] },
    findAccount: (_: unknown, sub: string) => ({ accountId: sub, claims: () => ({ sub }) }),
    extraTokenClaims: (_: unknown, token: { accountId?: string; clientId: string }) =>
      claims[token.accountId ?? token.clientId],
    // Seconds, the same for everything: the provider says a word about each that is not given.
    ttl: Object.fromEntries(LIVED.map((kind) => [kind, LIFETIME_SECONDS])),
    features: {
      devInteractions: { enabled: true },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true,
        useGrantedResource: () => true,
        getResourceServerInfo: (_: unknown, audience: string) => ({
          audience,
          scope: 'folio',
          accessTokenFormat: 'jwt',
          jwt: { sign: { alg: 'RS256' } },
        }),
      },
    },
  };
}

/** Follows redirects, keeps cookies, and fills in the forms that it is shown. */
class Browser {
  readonly #person: string;
  readonly #cookies = new Map<string, string>();

  constructor(person: string) {
    this.#person = person;
  }

  /** The authorisation code with which the application is called back. */
  async codeOf(start: string): Promise<string> {
    let request: { url: string; form?: URLSearchParams } = { url: start };
    for (let step = 0; step < STEPS_MAX; step++) {
      const response = await this.#send(request);
      const location = response.headers.get('location');
      if (location === null) {
        request = this.#filledIn(await response.text(), request.url);
        continue;
      }
      await response.body?.cancel();
      const url = new URL(location, request.url);
      if (url.href.startsWith(REDIRECT_URI)) {
        const code = url.searchParams.get('code');
        if (code === null) throw new Error(`the provider sent ${url.href}`);
        return code;
      }
      request = { url: url.href };
    }
    throw new Error('the login does not end');
  }

  async #send({ url, form }: { url: string; form?: URLSearchParams }): Promise<Response> {
    const Cookie = [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const post = form === undefined ? {} : { method: 'POST', body: form };
    const response = await fetch(url, { redirect: 'manual', headers: { Cookie }, ...post });
    for (const cookie of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? [];
      this.#cookies.set(name, value);
    }
    return response;
  }

  #filledIn(page: string, at: string): { url: string; form: URLSearchParams } {
    const action = /<form[^>]* action="([^"]+)"/.exec(page)?.[1];
    const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1];
    if (action === undefined || prompt === undefined)
      throw new Error(`a page without a form: ${page.slice(0, 500)}`);
    const login = prompt === 'login' ? { login: this.#person, password: 'any' } : {};
    return { url: new URL(action, at).href, form: new URLSearchParams({ prompt, ...login }) };
  }
}

/** Cloudflare's API with the rights of whoever runs wrangler here: what wrangler's own commands do not tell exactly. */
import { LocalServerError, messageOf } from '../errors.ts';
import { wranglerOutput } from '../wranglerOutput.ts';

/** Where wrangler itself sends its requests, unless its variable says otherwise. */
const API_URL = 'https://api.cloudflare.com/client/v4';

type Environment = Readonly<Record<string, string | undefined>>;

/** What every answer of the API has. */
interface Envelope<Result> {
  readonly success: boolean;
  readonly errors: readonly { readonly code: number; readonly message: string }[];
  readonly result: Result;
}

/** The API refused a request. */
export class CloudflareApiError extends LocalServerError {
  /** Why, as the API numbers it. */
  readonly codes: readonly number[];

  constructor(message: string, codes: readonly number[]) {
    super(message);
    this.codes = codes;
  }
}

/** A client for one account. */
export class CloudflareApi {
  readonly #url: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly account: string;

  private constructor(url: string, headers: Readonly<Record<string, string>>, account: string) {
    this.#url = url;
    this.#headers = headers;
    this.account = account;
  }

  /**
   * Finds token and account as wrangler does: in its variables (`CLOUDFLARE_API_TOKEN`, `CLOUDFLARE_ACCOUNT_ID`), else from its
   * login and from the one account that there is. `account`: what `wrangler.toml` says; `profile`: the login that is meant where
   * wrangler has several. Throws {@link LocalServerError}.
   */
  static async connect(
    env: Environment,
    account: string | undefined,
    profile?: string,
  ): Promise<CloudflareApi> {
    const url = env.CLOUDFLARE_API_BASE_URL ?? API_URL;
    const headers = await credentials(env, profile);
    const known = env.CLOUDFLARE_ACCOUNT_ID ?? account;
    if (known !== undefined) return new CloudflareApi(url, headers, known);
    const accounts = await request<{ id: string }[]>(`${url}/accounts`, { headers });
    const [only] = accounts;
    if (only === undefined || accounts.length > 1)
      throw new LocalServerError(`set CLOUDFLARE_ACCOUNT_ID: the login has ${accounts.length} accounts`);
    return new CloudflareApi(url, headers, only.id);
  }

  /** The result of a request under the account's path. */
  call<Result>(
    method: string,
    path: string,
    headers: Readonly<Record<string, string>>,
    body?: unknown,
  ): Promise<Result> {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    return request(`${this.#url}/accounts/${this.account}${path}`, {
      method,
      headers: { ...this.#headers, ...headers, ...json },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  }
}

async function request<Result>(url: string, init: RequestInit): Promise<Result> {
  const response = await fetch(url, init).catch((error: unknown) => {
    const { cause } = error as { cause?: unknown };
    throw new LocalServerError(`${url} does not answer: ${messageOf(cause ?? error)}`);
  });
  const text = await response.text();
  let envelope: Envelope<Result>;
  try {
    envelope = JSON.parse(text) as Envelope<Result>;
  } catch {
    throw new LocalServerError(`${url} answered ${response.status} ${text.slice(0, 200)}`);
  }
  if (envelope.success) return envelope.result;
  const reasons = envelope.errors.map(({ code, message }) => `${message} (${code})`).join(', ');
  throw new CloudflareApiError(
    `${init.method ?? 'GET'} ${url}: ${response.status} ${reasons}`,
    envelope.errors.map(({ code }) => code),
  );
}

/** The headers that say who asks. */
async function credentials(env: Environment, profile: string | undefined): Promise<Record<string, string>> {
  if (env.CLOUDFLARE_API_TOKEN !== undefined) return bearer(env.CLOUDFLARE_API_TOKEN);
  const found = JSON.parse(await wranglerAuth(profile)) as { token?: string; key?: string; email?: string };
  if (found.token !== undefined) return bearer(found.token);
  return { 'X-Auth-Key': found.key ?? '', 'X-Auth-Email': found.email ?? '' };
}

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}

async function wranglerAuth(profile: string | undefined): Promise<string> {
  try {
    return await wranglerOutput([
      'auth',
      'token',
      '--json',
      ...(profile === undefined ? [] : ['--profile', profile]),
    ]);
  } catch (error) {
    throw new LocalServerError(`wrangler has no login: ${messageOf(error)}`);
  }
}

import { existsSync, mkdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { LocalServerError, messageOf } from './errors.ts';

/** Where `npm run serve` listens. */
const DEFAULT_URL = 'http://127.0.0.1:8787';

/** Objects fetched side by side. */
const FETCHES_MAX = 8;

/** Aggregates that are named where the archive is behind; the rest are counted. */
const BEHIND_SHOWN = 20;

const HELP = `The archive of a running Folio.

  npm run archive -- export FOLDER   copies it, up to the newest checkpoint; what is there already is not fetched again
  npm run archive -- sign            archives what waits and signs a checkpoint now
  npm run archive -- check           asks every log how far it goes, and whether the archive has all of it

  --url URL      where Folio answers (default ${DEFAULT_URL})
  --token TOKEN  sent as Authorization: Bearer (default: FOLIO_TOKEN of the environment)
  --help         this text

Ends with 0 where all went well, and for check with 1 where the archive lacks something.`;

const number = (value: number) => value.toLocaleString('en-US');

interface Checkpoint {
  readonly checkpoint: { readonly sequence: number; readonly manifests: number; readonly events: number };
}

interface ArchiveObject {
  readonly key: string;
  readonly bytes: number;
}

/** A client of the archive's routes. */
class ArchiveClient {
  readonly #url: string;
  readonly #token: string | undefined;

  constructor(url: string, token: string | undefined) {
    this.#url = url.replace(/\/+$/, '');
    this.#token = token;
  }

  async json<Reply>(pathAndQuery: string, method = 'GET'): Promise<Reply> {
    return (await this.#send(pathAndQuery, method)).json() as Promise<Reply>;
  }

  async bytes(key: string): Promise<Uint8Array> {
    const response = await this.#send(`/v1/archive/object?key=${encodeURIComponent(key)}`, 'GET');
    return new Uint8Array(await response.arrayBuffer());
  }

  /** Every object of the archive, in the order of the keys. */
  async *objects(): AsyncGenerator<ArchiveObject> {
    for (let after: string | null = ''; after !== null; ) {
      const query: string = after === '' ? '' : `&after=${encodeURIComponent(after)}`;
      const page: { objects: ArchiveObject[]; next: string | null } = await this.json(
        `/v1/archive/objects?limit=1000${query}`,
      );
      yield* page.objects;
      after = page.next;
    }
  }

  async #send(pathAndQuery: string, method: string): Promise<Response> {
    const headers = this.#token === undefined ? {} : { Authorization: `Bearer ${this.#token}` };
    const response = await fetch(this.#url + pathAndQuery, { method, headers }).catch((error: unknown) => {
      const { cause } = error as { cause?: unknown };
      throw new LocalServerError(`${this.#url} does not answer: ${messageOf(cause ?? error)}`);
    });
    if (response.ok) return response;
    const text = await response.text();
    const { detail } = parseProblem(text);
    throw new LocalServerError(`${response.status} ${detail ?? text}`);
  }
}

function parseProblem(text: string): { detail?: string } {
  try {
    return JSON.parse(text) as { detail?: string };
  } catch {
    return {};
  }
}

/**
 * Whether an object belongs to what a checkpoint covers: what came later is left for another time, since without its
 * signature it would not verify. Keys are kept.
 */
function isCovered(key: string, { checkpoint }: Checkpoint): boolean {
  const sequence = Number(/\/(\d{12})[-.]/.exec(key)?.[1] ?? 0);
  if (key.startsWith('checkpoints/')) return sequence <= checkpoint.sequence;
  return sequence <= checkpoint.manifests;
}

async function exportArchive(client: ArchiveClient, folder: string): Promise<number> {
  const latest = await client.json<Checkpoint>('/v1/audit/checkpoints/latest');
  let fetched = 0;
  let bytes = 0;
  let wanted: ArchiveObject[] = [];
  const fetchWanted = async () => {
    await Promise.all(wanted.map(async ({ key }) => save(folder, key, await client.bytes(key))));
    fetched += wanted.length;
    for (const object of wanted) bytes += object.bytes;
    wanted = [];
  };
  for await (const object of client.objects()) {
    if (!isCovered(object.key, latest) || isThere(folder, object)) continue;
    wanted.push(object);
    if (wanted.length === FETCHES_MAX) await fetchWanted();
  }
  await fetchWanted();
  const { sequence, events } = latest.checkpoint;
  console.log(
    `checkpoint ${sequence} with ${number(events)} events is in ${folder} ` +
      `(${number(fetched)} objects fetched, ${number(bytes)} bytes)`,
  );
  return 0;
}

function isThere(folder: string, { key, bytes }: ArchiveObject): boolean {
  const file = path.join(folder, key);
  return existsSync(file) && statSync(file).size === bytes;
}

function save(folder: string, key: string, bytes: Uint8Array): void {
  const file = path.join(folder, key);
  mkdirSync(path.dirname(file), { recursive: true });
  // Written beside and renamed: an export that is interrupted leaves whole objects, and goes on from there.
  writeFileSync(`${file}.part`, bytes);
  renameSync(`${file}.part`, file);
}

async function sign(client: ArchiveClient): Promise<number> {
  const reply = await client.json<{ segments: number; events: number; signed: Checkpoint | null }>(
    '/v1/audit/checkpoints',
    'POST',
  );
  const archived = `${number(reply.events)} events archived in ${number(reply.segments)} segments`;
  if (reply.signed === null) {
    console.log(`${archived}; there is no checkpoint`);
    return 1;
  }
  const { sequence, manifests, events } = reply.signed.checkpoint;
  console.log(
    `${archived}; checkpoint ${sequence}: ${number(manifests)} manifests, ${number(events)} events`,
  );
  return 0;
}

interface Completeness {
  readonly aggregatesChecked: number;
  readonly behind: readonly { aggregateType: string; aggregateId: string; head: number; archived: number }[];
  readonly unreachable: readonly { aggregateType: string; aggregateId: string }[];
  readonly next: string | null;
}

async function check(client: ArchiveClient): Promise<number> {
  let checked = 0;
  let missing = 0;
  const lines: string[] = [];
  for (let after: string | null = ''; after !== null; ) {
    const query: string = after === '' ? '' : `?after=${after}`;
    const page: Completeness = await client.json(`/v1/archive/completeness${query}`);
    checked += page.aggregatesChecked;
    for (const { aggregateType, aggregateId, head, archived } of page.behind) {
      missing += head - archived;
      lines.push(`${aggregateType}/${aggregateId}: the log has ${head} events, the archive ${archived}`);
    }
    for (const { aggregateType, aggregateId } of page.unreachable) {
      lines.push(`${aggregateType}/${aggregateId} does not answer`);
    }
    after = page.next;
  }
  console.log([...lines.slice(0, BEHIND_SHOWN), ...(lines.length > BEHIND_SHOWN ? ['…'] : [])].join('\n'));
  console.log(
    `${number(checked)} aggregates: ${lines.length === 0 ? 'the archive has every event' : `${number(missing)} events of ${number(lines.length)} aggregates are missing`}`,
  );
  return lines.length === 0 ? 0 : 1;
}

async function main(): Promise<number> {
  const text = { type: 'string' } as const;
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { url: text, token: text, help: { type: 'boolean', short: 'h' } },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const client = new ArchiveClient(values.url ?? DEFAULT_URL, values.token ?? process.env.FOLIO_TOKEN);
  const [command, folder, ...rest] = positionals;
  if (command === 'export' && folder !== undefined && rest.length === 0) return exportArchive(client, folder);
  if (command === 'sign' && folder === undefined) return sign(client);
  if (command === 'check' && folder === undefined) return check(client);
  throw new LocalServerError(`say what to do\n\n${HELP}`);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? `folio: ${error.message}` : error);
    process.exitCode = 2;
  },
);

/**
 * What the product is measured against: the simplest Durable Object that keeps the same bytes. A request's body goes to
 * one object, each line becomes a row, and the answer leaves when they are durable. No rule, no hash, no id. For what
 * comes after the log, the same lines go through a queue into one table of a database.
 */
import { DurableObject } from 'cloudflare:workers';

interface Env {
  readonly ROWS: DurableObjectNamespace<RowStore>;
  readonly VIEW: D1Database;
  readonly VIEW_QUEUE: Queue<string>;
}

/** Rows that `read` holds in memory at a time, as many as the product's fold. */
const READ_PAGE_ROWS = 5_000;

/** An object with one table of texts. */
export class RowStore extends DurableObject<Env> {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, env);
    ctx.storage.sql.exec('CREATE TABLE IF NOT EXISTS rows (id INTEGER PRIMARY KEY, body TEXT NOT NULL)');
  }

  /** Inserts each line as a row. Synchronous, so all of them are one transaction; the reply waits for its commit. */
  insert(text: string): number {
    const { sql } = this.ctx.storage;
    const lines = text.split('\n');
    for (const line of lines) sql.exec('INSERT INTO rows(body) VALUES (?)', line);
    return lines.length;
  }

  /** The same, and tells the queue once the rows are in. Answers the number of the last one. */
  relay(text: string): { accepted: number; last: number } {
    const accepted = this.insert(text);
    const { last } = this.ctx.storage.sql.exec<{ last: number }>('SELECT max(id) AS last FROM rows').one();
    const message = `${this.ctx.id.name} ${last}\n${text}`;
    this.ctx.waitUntil(this.env.VIEW_QUEUE.send(message, { contentType: 'text' }));
    return { accepted, last };
  }

  /** Inserts each line as a row under its time: milliseconds since 1970, a space, the rest. */
  insertTimed(text: string): number {
    const { sql } = this.ctx.storage;
    // Not in the constructor: other baselines make many objects.
    sql.exec('CREATE TABLE IF NOT EXISTS timed (at INTEGER NOT NULL, body TEXT NOT NULL)');
    sql.exec('CREATE INDEX IF NOT EXISTS timed_at ON timed (at)');
    const lines = text.split('\n');
    for (const line of lines) {
      const space = line.indexOf(' ');
      sql.exec('INSERT INTO timed(at, body) VALUES (?, ?)', line.slice(0, space), line.slice(space + 1));
    }
    return lines.length;
  }

  /** The newest row at a time: what no state of the past can do without. */
  newestAt(at: number): string {
    return this.ctx.storage.sql
      .exec<{ body: string }>('SELECT body FROM timed WHERE at <= ? ORDER BY at DESC LIMIT 1', at)
      .one().body;
  }

  /** Lowest and highest balance by day in one statement, in binary floating point. */
  balancesByDay(from: number, to: number): unknown[] {
    return this.ctx.storage.sql
      .exec(
        "SELECT at / 86400000 AS day, min(CAST(body ->> '$.data.cash' AS REAL)) AS minimum, " +
          "max(CAST(body ->> '$.data.cash' AS REAL)) AS maximum FROM timed WHERE at >= ? AND at < ? GROUP BY day",
        from,
        to,
      )
      .toArray();
  }

  /** Reads every row and parses it: what no rebuilding of a state can do without. */
  read(): number {
    let last = 0;
    for (let page = READ_PAGE_ROWS; page === READ_PAGE_ROWS; ) {
      const rows = this.ctx.storage.sql.exec<{ id: number; body: string }>(
        'SELECT id, body FROM rows WHERE id > ? ORDER BY id LIMIT ?',
        last,
        READ_PAGE_ROWS,
      );
      page = 0;
      for (const [id, body] of rows.raw()) {
        JSON.parse(body as string);
        last = id as number;
        page++;
      }
    }
    return last;
  }
}

/** A message of a socket as rows: the object's name, then a line a row; or a frame of commands of one object as the product takes it. */
function rowsOf(message: string): { name: string; lines: string } {
  if (message.startsWith('{')) {
    const { commands } = JSON.parse(message) as { commands: { aggregateId: string }[] };
    const lines = commands.map((command) => JSON.stringify(command)).join('\n');
    return { name: commands[0]?.aggregateId ?? '', lines };
  }
  const end = message.indexOf('\n');
  return { name: message.slice(0, end), lines: message.slice(end + 1) };
}

/** A socket whose messages are rows. Each is answered when its rows are durable. */
function rowSocket(env: Env): Response {
  const [client, server] = Object.values(new WebSocketPair()) as [WebSocket, WebSocket];
  server.accept();
  server.addEventListener('message', async ({ data }) => {
    const { name, lines } = rowsOf(String(data));
    const accepted = await env.ROWS.getByName(name).insert(lines);
    server.send(JSON.stringify({ type: 'results', accepted }));
  });
  return new Response(null, { status: 101, webSocket: client });
}

/** Puts lines into the table, and where the object stands, in one transaction. */
async function project(env: Env, messages: readonly string[]): Promise<number> {
  const lines: string[] = [];
  const positions = new Map<string, number>();
  for (const message of messages) {
    const [head = '', ...rest] = message.split('\n');
    const [name = '', last = '0'] = head.split(' ');
    positions.set(name, Math.max(positions.get(name) ?? 0, Number(last)));
    lines.push(...rest);
  }
  await env.VIEW.batch([
    env.VIEW.prepare('INSERT INTO view_rows(body) SELECT value FROM json_each(?)').bind(
      JSON.stringify(lines),
    ),
    env.VIEW.prepare(
      'INSERT INTO view_positions SELECT value ->> 0, value ->> 1 FROM json_each(?) WHERE true ' +
        'ON CONFLICT DO UPDATE SET version = max(version, excluded.version)',
    ).bind(JSON.stringify([...positions])),
  ]);
  return lines.length;
}

/** Objects that every process shares, as orders share the stock, the bank and the directory. */
const SHARED_OBJECTS = 128;

/**
 * What a process over several objects cannot do without: `fresh` rows, one commit each and one after the other, in as many
 * objects as there are numbers, all of them new; and `shared` rows in objects that are there.
 */
async function runProcess(env: Env, name: string, body: string, parameters: URLSearchParams): Promise<void> {
  const fresh = (parameters.get('fresh') ?? '').split(',').map(Number);
  await Promise.all(
    fresh.map(async (commits, index) => {
      const rows = env.ROWS.getByName(`${name} ${index}`);
      for (let commit = 0; commit < commits; commit++) await rows.insert(body);
    }),
  );
  for (let commit = Number(parameters.get('shared')); commit > 0; commit--) {
    const shared = Math.floor(Math.random() * SHARED_OBJECTS);
    await env.ROWS.getByName(`shared ${shared}`).insert(body);
  }
}

async function positions(env: Env): Promise<Record<string, number>> {
  const { results } = await env.VIEW.prepare('SELECT * FROM view_positions').all<{
    id: string;
    version: number;
  }>();
  return Object.fromEntries(results.map(({ id, version }) => [id, version]));
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === '/readyz') return new Response('ready');
    const [, route, name = ''] = pathname.split('/');
    const rows = env.ROWS.getByName(name);
    switch (route) {
      case 'rows':
        return Response.json({ accepted: await rows.insert(await request.text()) });
      case 'socket':
        return rowSocket(env);
      case 'relay':
        return Response.json(await rows.relay(await request.text()));
      case 'process':
        await runProcess(env, name, await request.text(), searchParams);
        return Response.json({ accepted: 1 });
      case 'read':
        return Response.json(await rows.read());
      case 'timed':
        return Response.json(await rows.insertTimed(await request.text()));
      case 'newest-at':
        return new Response(await rows.newestAt(Number(searchParams.get('at'))));
      case 'balances': {
        const [from, to] = ['from', 'to'].map((end) => Number(searchParams.get(end))) as [number, number];
        return Response.json(await rows.balancesByDay(from, to));
      }
      case 'project':
        return Response.json(await project(env, [`${name} 0\n${await request.text()}`]));
      case 'positions':
        return Response.json(await positions(env));
      default:
        return new Response('not found', { status: 404 });
    }
  },
  async queue(batch, env) {
    await project(
      env,
      batch.messages.map((message) => message.body as string),
    );
  },
} satisfies ExportedHandler<Env>;

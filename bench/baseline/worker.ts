/**
 * What the product is measured against: the simplest Durable Object that keeps the same bytes. A request's body goes to
 * one object, each line becomes a row, and the answer leaves when they are durable. No rule, no hash, no id, no queue.
 */
import { DurableObject } from 'cloudflare:workers';

interface Env {
  readonly ROWS: DurableObjectNamespace<RowStore>;
}

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
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === '/readyz') return new Response('ready');
    const [, route, name = ''] = pathname.split('/');
    const rows = env.ROWS.getByName(name);
    if (route === 'rows') return Response.json({ accepted: await rows.insert(await request.text()) });
    return new Response('not found', { status: 404 });
  },
};

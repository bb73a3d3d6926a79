/** The Workers of a server in shards: for each runtime the same code, its own objects, and a way to every other. */
import { randomBytes, randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import type { V4WorkerOptions } from 'miniflare';
import type { WorkerSettings } from '../config.ts';
import { LocalServerError } from '../errors.ts';
import { DEFAULT_HOST } from '../types.ts';
import { bindingOf, FIRST_SHARD } from './ownership.ts';

/** Bytes of what the shards of a server know each other by: 256 bits cannot be guessed. */
const SECRET_BYTES = 32;

/** The entry point that the other shards have; Miniflare calls its socket by it. */
export const SHARD_ENTRYPOINT = 'ShardObjects';

/**
 * Systems give higher ports than these to outgoing connections. One of those could go to any program before its shard opens it, and
 * before one that crashed opens it again, which nobody could help.
 */
const PORT_MIN = 20_000;
const PORT_MAX = 32_767;

/** Where so many in a row are taken, more are of no use. */
const PORT_LOOKS_MAX = 1_000;

/** How the shards of one start of a server find each other. */
export interface Shards {
  /** One for each shard, on the loopback. */
  readonly ports: readonly number[];
  readonly secret: string;
}

/** Finds a port for each shard. */
export async function findShards(count: number): Promise<Shards> {
  return { ports: await freePorts(count), secret: randomBytes(SECRET_BYTES).toString('base64url') };
}

/** The entry of the bundle: what the Worker exports, with its handlers and objects made those of a shard. */
export function shardedEntry(main: string, worker: WorkerSettings): string {
  const quoted = (path: string) => JSON.stringify(path);
  const classes = new Set(Object.values(worker.durableObjects ?? {}).map(classNameOf));
  return [
    `import * as worker from ${quoted(main)};`,
    `import { shardedHandlers, shardedObject } from ${quoted(join(import.meta.dirname, 'worker.ts'))};`,
    `export { ${SHARD_ENTRYPOINT} } from ${quoted(join(import.meta.dirname, 'worker.ts'))};`,
    ...Array.from(classes, (name) => `export const ${name} = shardedObject(worker.${name});`),
    'export default shardedHandlers(worker.default);',
  ].join('\n');
}

/** A Worker as the shard of a number. All but the first answer nobody but the others: queues, pages and requests are the first one's. */
export function shardOf(
  worker: V4WorkerOptions & WorkerSettings,
  shard: number,
  shards: Shards,
): V4WorkerOptions {
  const { ports, secret } = shards;
  const namespaces = Object.keys(worker.durableObjects ?? {});
  const others = ports.flatMap((port, other) =>
    other === shard ? [] : [[bindingOf(other), toPort(port)] as const],
  );
  const way = { host: DEFAULT_HOST, port: ports[shard] as number, entrypoint: SHARD_ENTRYPOINT };
  const queues = Object.keys(worker.queueProducers ?? {});
  const SHARD = { shard, shards: ports.length, namespaces, queues, secret };
  const isFirst = shard === FIRST_SHARD;
  const { queueConsumers, queueProducers, serviceBindings, unsafeDirectSockets, ...common } = worker;
  return {
    ...(isFirst ? worker : common),
    name: isFirst ? worker.name : `${worker.name}-${shard}`,
    bindings: { ...worker.bindings, SHARD },
    serviceBindings: { ...(isFirst ? serviceBindings : {}), ...Object.fromEntries(others) },
    unsafeDirectSockets: [...((isFirst ? unsafeDirectSockets : undefined) ?? []), way],
  };
}

function toPort(port: number) {
  return { external: { address: `${DEFAULT_HOST}:${port}`, http: {} } };
}

function classNameOf(object: string | { readonly className: string }): string {
  return typeof object === 'string' ? object : object.className;
}

/** Ports that are free now, each another one. */
async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let looks = 0; ports.size < count; looks++) {
    if (looks === PORT_LOOKS_MAX) throw new LocalServerError('no ports are free for the shards');
    const port = randomInt(PORT_MIN, PORT_MAX + 1);
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, DEFAULT_HOST, () => server.close(() => resolve(true)));
  });
}

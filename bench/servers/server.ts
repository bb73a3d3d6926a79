/** Servers for the benchmarks, each in its own processes, so that the load client shares nothing with them but the cores. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { leaveToken } from '../load/token.ts';
import type { ServerOptions } from '../types.ts';
import { configFile, type ServerKind } from './config.ts';

/** Linux counts processor time in hundredths of a second. */
const TICKS_PER_SECOND = 100;

/** As much of a failing answer as an error message quotes. */
const QUOTED_CHARACTERS = 500;

/** Runtimes are quiet that used no more than this share of a core over this time; it is not waited for longer than this. */
const QUIET_SHARE = 0.1;
const QUIET_WINDOW_MS = 200;
const QUIET_WAIT_MS_MAX = 30_000;

interface Announcement {
  readonly url: string;
  readonly runtimePid: number;
  readonly storagePid?: number;
  readonly shardPids: readonly number[];
  readonly logFile: string;
}

/** A running server. */
export class Server {
  readonly kind: ServerKind;
  readonly url: string;
  readonly port: number;
  readonly runtimePid: number;
  readonly logFile: string;
  readonly #child: ChildProcess;
  readonly #folder: string;
  /** Process ids of all its runtimes. */
  readonly #pids: readonly number[];

  private constructor(kind: ServerKind, child: ChildProcess, folder: string, announced: Announcement) {
    this.kind = kind;
    this.url = announced.url;
    this.port = Number(new URL(announced.url).port);
    this.runtimePid = announced.runtimePid;
    this.logFile = announced.logFile;
    this.#child = child;
    this.#folder = folder;
    const { runtimePid, storagePid, shardPids } = announced;
    this.#pids = [runtimePid, ...(storagePid === undefined ? [] : [storagePid]), ...shardPids];
  }

  /** Starts a server with an empty state. `inspectorPort` opens the runtime's debugger there. */
  static async start(
    kind: ServerKind,
    { stateDir, shards }: ServerOptions,
    inspectorPort?: number,
  ): Promise<Server> {
    mkdirSync(stateDir, { recursive: true });
    const folder = mkdtempSync(join(stateDir, 'folio-bench-'));
    const config = await configFile(kind, folder);
    leaveToken(join(folder, 'state'));
    const args = [
      config,
      join(folder, 'state'),
      String(shards),
      ...(inspectorPort === undefined ? [] : [String(inspectorPort)]),
    ];
    const child = fork(join(import.meta.dirname, 'child.ts'), args, {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const announced = await Promise.race([
      once(child, 'message').then(([message]) => message as Announcement),
      once(child, 'exit').then(() => {
        rmSync(folder, { recursive: true, force: true });
        throw new Error(`the server (${kind}) did not start`);
      }),
    ]);
    return new Server(kind, child, folder, announced);
  }

  /** Processor seconds that the runtimes have used, over all their threads; undefined where the system does not tell. */
  processorSeconds(): number | undefined {
    return this.#sum((pid) => {
      const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
      return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
    });
  }

  /** Waits until the runtimes have nothing left to do, so that their work does not fall into what is measured next. */
  async quiet(): Promise<void> {
    for (const end = performance.now() + QUIET_WAIT_MS_MAX; performance.now() < end; ) {
      const before = this.processorSeconds();
      await sleep(QUIET_WINDOW_MS);
      const after = this.processorSeconds();
      if (before === undefined || after === undefined) return;
      if (after - before <= (QUIET_WINDOW_MS / 1_000) * QUIET_SHARE) return;
    }
  }

  /** Resident memory of the runtimes in MB. */
  memoryMb(): number | undefined {
    return this.#sum((pid) => {
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return Number(/VmRSS:\s*(\d+)/.exec(status)?.[1]) / 1024;
    });
  }

  /** Of every runtime together what can be read of each; undefined where it cannot. */
  #sum(read: (pid: number) => number): number | undefined {
    try {
      return this.#pids.reduce((sum, pid) => sum + read(pid), 0);
    } catch {
      return undefined;
    }
  }

  /** Source map of the Worker's bundle. */
  get sourceMapFile(): string {
    return join(this.#folder, 'state/bundle/worker.js.map');
  }

  /** JSON answer of a route that the benchmarks have added to the server. */
  async ask<Answer>(route: string, body?: string): Promise<Answer> {
    const response = await fetch(`${this.url}/${route}`, body === undefined ? {} : { method: 'POST', body });
    const text = await response.text();
    if (!response.ok)
      throw new Error(`/${route} answered ${response.status} ${text.slice(0, QUOTED_CHARACTERS)}`);
    return JSON.parse(text) as Answer;
  }

  /** Ends the server and deletes its state. */
  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.send('stop');
    await exited;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Starts servers of the given kinds, hands them to `use`, and stops them whatever happens. */
export async function withServers<Kinds extends readonly ServerKind[], Result>(
  kinds: Kinds,
  options: ServerOptions,
  use: (...servers: { [Index in keyof Kinds]: Server }) => Promise<Result>,
): Promise<Result> {
  const servers: Server[] = [];
  try {
    for (const kind of kinds) servers.push(await Server.start(kind, options));
    return await use(...(servers as unknown as { [Index in keyof Kinds]: Server }));
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
  }
}

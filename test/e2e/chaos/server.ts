/** `npm run serve` in a process group of its own, which can be killed like a machine that loses its power. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const REPOSITORY = join(import.meta.dirname, '../../..');

/** A start on a slow machine, with what a killed predecessor left. */
const START_MS = 60_000;

const READY_POLL_MS = 20;

/** What it printed, for when it does not start. */
const OUTPUT_KEPT = 4_000;

/** Workers runtimes of a server: the first that has objects, one of the others that have, or that of databases and buckets. */
export type Runtime = 'objects' | 'another shard' | 'storage';

/** One server after the other, on one state folder and one port. */
export class ServeProcess {
  readonly url: string;
  readonly #port: number;
  readonly #stateDir: string;
  /** Runtimes that the objects are spread over. */
  readonly #shards: number;
  #child: ChildProcess | undefined;
  #output = '';

  private constructor(port: number, stateDir: string, shards: number) {
    this.#port = port;
    this.#stateDir = stateDir;
    this.#shards = shards;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Reserves a port for a server that is not started yet. */
  static async on(stateDir: string, shards: number): Promise<ServeProcess> {
    const probe = createServer().listen(0, '127.0.0.1');
    await once(probe, 'listening');
    const { port } = probe.address() as { port: number };
    probe.close();
    await once(probe, 'close');
    return new ServeProcess(port, stateDir, shards);
  }

  /** Starts the server. */
  start(): void {
    this.#output = '';
    const args = ['run', '--silent', 'serve', '--', '--port', `${this.#port}`, '--state', this.#stateDir];
    // One is what a server has that is asked for nothing.
    const shards = this.#shards === 1 ? [] : ['--shards', `${this.#shards}`];
    const child = spawn('npm', [...args, ...shards, '--log-level', 'warn'], {
      cwd: REPOSITORY,
      stdio: ['ignore', 'pipe', 'pipe'],
      // Leader of a group: npm, the server and the runtime can be killed together, and nothing else with them.
      detached: true,
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        this.#output = (this.#output + text).slice(-OUTPUT_KEPT);
      });
    }
    this.#child = child;
  }

  /** Resolves when `GET /readyz` is 200. Rejects where the server ended, or is not ready in time. */
  async ready(): Promise<void> {
    for (const end = Date.now() + START_MS; Date.now() < end; await sleep(READY_POLL_MS)) {
      if (this.#child?.exitCode !== null) throw new Error(`the server ended: ${this.#output}`);
      const response = await fetch(`${this.url}/readyz`).catch(() => undefined);
      await response?.body?.cancel();
      if (response?.status === 200) return;
    }
    throw new Error(`the server was not ready within ${START_MS / 1_000} s: ${this.#output}`);
  }

  /** Kills the whole group, whatever it is doing. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  /** Kills one of the Workers runtimes alone, which the server then starts again by itself. To be called when it is ready. */
  killRuntime(which: Runtime): void {
    process.kill(Number(readFileSync(this.#pidFile(which), 'utf8')), 'SIGKILL');
  }

  /** With one core there is one for all; and without shards no other. */
  #pidFile(which: Runtime): string {
    const [first, storage] = [join(this.#stateDir, 'runtime.pid'), join(this.#stateDir, 'storage.pid')];
    if (which === 'storage') return existsSync(storage) ? storage : first;
    const last = this.#shards - 1;
    return which === 'another shard' && last > 0 ? join(this.#stateDir, `shard-${last}.pid`) : first;
  }

  /** Asks it to end, and waits. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    process.kill(-child.pid, signal);
    await exited;
  }
}

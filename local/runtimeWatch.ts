import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { accessSync, chmodSync, constants, existsSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalServerError } from './errors.ts';
import { setHeapFlags } from './runtimeHeap.ts';

/** How long requests in flight may take to finish once the server was asked to stop. */
const DRAIN_MS = 3_000;

/** How long a killed process may take to disappear. */
const KILL_MS = 5_000;

/** Interval at which a process that should end is looked at. */
const POLL_MS = 10;

/** The shell script that becomes the runtime. */
const WRAPPER = join(import.meta.dirname, 'workerd.sh');

/**
 * The Workers runtime is a child process, and it would survive its parent: after `kill -9` of the server it would go
 * on holding the port and the databases. The watch ends it, whatever happens to the parent.
 */
export class RuntimeWatch {
  readonly #pidFile: string;
  readonly #watcher: ChildProcess;

  constructor(pidFile: string) {
    this.#pidFile = pidFile;
    // The shell waits for the end of its input, which comes when this process ends in whatever way. It is a process
    // group of its own, so that a signal to the group of the server does not end it first.
    this.#watcher = spawn('sh', ['-c', 'read -r _; kill -9 "$(cat "$0")"', pidFile], {
      stdio: ['pipe', 'ignore', 'ignore'],
      detached: true,
    });
    this.#watcher.unref();
  }

  /** What Miniflare has to put into the environment of the runtime. */
  environment(): Record<string, string> {
    if ((process.env.MINIFLARE_WORKERD_PATH ?? WRAPPER) !== WRAPPER) {
      throw new LocalServerError('MINIFLARE_WORKERD_PATH is set; the local server needs it for itself');
    }
    makeExecutable(WRAPPER);
    process.env.MINIFLARE_WORKERD_PATH = WRAPPER;
    setHeapFlags(process.env);
    // For all of this process: another Miniflare in it (that of the test pool) now comes through the wrapper as well.
    process.env.FOLIO_RUNTIME_BINARY = runtimeBinary();
    return { FOLIO_RUNTIME_PID_FILE: this.#pidFile };
  }

  /** Process id of the runtime, while it runs. */
  pid(): number | undefined {
    return readPid(this.#pidFile);
  }

  /** Ends it at once, as a crash would. */
  kill(): void {
    const pid = this.pid();
    if (pid !== undefined && isRuntime(pid)) send(pid, 'SIGKILL');
  }

  /** Asks the runtime to accept nothing more, and waits until the requests in flight were answered. */
  async drain(): Promise<void> {
    const pid = this.pid();
    if (pid === undefined || !isRuntime(pid)) return;
    send(pid, 'SIGTERM');
    await gone(pid, DRAIN_MS);
  }

  /** Ends the watch. To be called once the runtime has ended. */
  close(): void {
    rmSync(this.#pidFile, { force: true });
    this.#watcher.stdin?.end();
  }
}

/**
 * Ends the runtime that a killed server may have left behind. The watch of that server does the same, but a restart
 * can come before it, and two runtimes must never share the databases.
 */
export async function endAbandonedRuntime(pidFile: string): Promise<void> {
  const pid = readPid(pidFile);
  if (pid !== undefined && isRuntime(pid)) {
    send(pid, 'SIGKILL');
    if (!(await gone(pid, KILL_MS))) {
      throw new LocalServerError(
        `an earlier runtime (process ${pid}) uses the state folder and does not end`,
      );
    }
  }
  rmSync(pidFile, { force: true });
}

function readPid(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the process is a Workers runtime of Miniflare: its id may have been given to another since. */
function isRuntime(pid: number): boolean {
  try {
    const command = existsSync('/proc/self/cmdline')
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      : execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' });
    return command.includes('workerd') && command.includes('--control-fd=3');
  } catch {
    return false;
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended in the meantime, which is what the signal is for.
  }
}

/**
 * Waits for the end of a runtime. Its command line is looked at, not its id: where nobody collects a dead process (a
 * container without an init), the id stays for good and the command line does not.
 */
async function gone(pid: number, withinMs: number): Promise<boolean> {
  for (const end = Date.now() + withinMs; Date.now() < end; await sleep(POLL_MS)) {
    if (!isRuntime(pid)) return true;
  }
  return !isRuntime(pid);
}

function runtimeBinary(): string {
  const miniflare = createRequire(import.meta.url).resolve('miniflare');
  const workerd = createRequire(miniflare)('workerd') as { default: string };
  return workerd.default;
}

/** The executable bit does not survive every way of copying a repository. */
function makeExecutable(file: string): void {
  try {
    accessSync(file, constants.X_OK);
  } catch {
    chmodSync(file, 0o755);
  }
}

/** The platform that the demonstration drives: its own, in another process, or one that runs already. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlatformError } from './client.ts';

/** Where to reach a platform. */
export interface PlatformAddress {
  readonly url: string;
  /** Sent with every request, where there is one. */
  readonly token: string | undefined;
}

/** What the child says once it is ready. */
interface Announcement {
  readonly url: string;
  readonly token: string;
  readonly logFile: string;
}

/** A platform that was started here. */
export class OwnPlatform implements PlatformAddress {
  readonly url: string;
  readonly token: string;
  readonly folder: string;
  readonly #logFile: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, folder: string, { url, token, logFile }: Announcement) {
    this.#child = child;
    this.folder = folder;
    this.url = url;
    this.token = token;
    this.#logFile = logFile;
  }

  /** Starts one with an empty state folder among the system's temporary files, and its objects in so many shards. */
  static async start(shards = 1): Promise<OwnPlatform> {
    const folder = mkdtempSync(join(tmpdir(), 'folio-demo-'));
    const child = fork(join(import.meta.dirname, 'platformChild.ts'), [folder, String(shards)], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    try {
      const announced = await Promise.race([
        once(child, 'message').then(([message]) => message as Announcement),
        once(child, 'exit').then(() => Promise.reject(new PlatformError('the platform did not start'))),
      ]);
      return new OwnPlatform(child, folder, announced);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** The platform's log, which at its level has only what went wrong. */
  log(): string {
    return existsSync(this.#logFile) ? readFileSync(this.#logFile, 'utf8') : '';
  }

  /** Ends it, and deletes its state unless `keep`. */
  async stop(keep: boolean): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      if (this.#child.connected) this.#child.send('stop');
      await exited;
    }
    if (!keep) rmSync(this.folder, { recursive: true, force: true });
  }
}

import { closeSync, fstatSync, openSync, renameSync, writeFileSync } from 'node:fs';

/** A log file is set aside as `<name>.1` at this size, so that a long benchmark does not fill the disk. */
const ROTATE_BYTES = 64 * 1024 * 1024;

/** Lines are written together at this interval: one system call for many, and still quick enough to follow. */
const FLUSH_MS = 50;

/** An append-only log of JSON lines that costs its callers a string concatenation. */
export class LogFile {
  readonly path: string;
  #descriptor: number;
  #size: number;
  #waiting = '';
  #closed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.path = path;
    this.#descriptor = openSync(path, 'a');
    this.#size = fstatSync(this.#descriptor).size;
  }

  /** Adds a line. A line of JSON is kept as it is; any other text is wrapped into one. */
  add(level: string, message: string): void {
    if (this.#closed) return;
    this.#waiting += `${isJsonLine(message) ? message : wrap(level, message)}\n`;
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS).unref();
  }

  /** Writes what is waiting and closes the file; what is added later is lost. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#flush();
    closeSync(this.#descriptor);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = Buffer.from(this.#waiting);
    this.#waiting = '';
    if (text.length === 0) return;
    try {
      if (this.#size >= ROTATE_BYTES) this.#rotate();
      writeFileSync(this.#descriptor, text);
      this.#size += text.length;
    } catch {
      // A log that cannot be written (a full disk) must not stop the server, and there is nowhere else to say so.
    }
  }

  #rotate(): void {
    renameSync(this.path, `${this.path}.1`);
    closeSync(this.#descriptor);
    this.#descriptor = openSync(this.path, 'a');
    this.#size = 0;
  }
}

function isJsonLine(message: string): boolean {
  return message.startsWith('{') && message.endsWith('}') && !message.includes('\n');
}

function wrap(level: string, message: string): string {
  return JSON.stringify({ time: new Date().toISOString(), level, source: 'runtime', message });
}

/** Where a replay goes: a file that it can go on with after a crash, or a stream. Either has an event a line, as JSON. */
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { type FileHandle, open, rename, writeFile } from 'node:fs/promises';
import type { Writable } from 'node:stream';
import { LocalServerError } from '../errors.ts';
import { type FileLock, requireFileLock } from '../fileLock.ts';
import type { ReplayedEvent } from './checkedEvents.ts';
import type { ReplaySink } from './replay.ts';
import { type Selection, selectionText } from './selection.ts';

function linesOf(events: readonly ReplayedEvent[]): string {
  return events.map((event) => `${JSON.stringify(event)}\n`).join('');
}

/** Writes to a stream, as fast as that takes it. What it had cannot be known later: a replay into it begins at the beginning. */
export class StreamSink implements ReplaySink {
  readonly cursor = undefined;
  readonly #stream: Writable;

  constructor(stream: Writable) {
    this.#stream = stream;
  }

  async take(events: readonly ReplayedEvent[]): Promise<void> {
    if (!this.#stream.write(linesOf(events))) await once(this.#stream, 'drain');
  }
}

/** How far a file is. */
interface Standing {
  readonly selection: string;
  /** Null at the beginning. */
  readonly cursor: string | null;
  readonly events: number;
  /** Bytes of the file that count; what is behind them was written by a run that was cut off. */
  readonly bytes: number;
}

/**
 * A file with every event once, whatever cut the replay off: where it stands is written beside it, after the events and at
 * once, and what the file has beyond that is cut off.
 */
export class FileSink implements ReplaySink {
  readonly #file: FileHandle;
  readonly #lock: FileLock;
  readonly #path: string;
  #standing: Standing;
  readonly cursor: string | undefined;

  private constructor(file: FileHandle, lock: FileLock, path: string, standing: Standing) {
    this.#file = file;
    this.#lock = lock;
    this.#path = path;
    this.#standing = standing;
    this.cursor = standing.cursor ?? undefined;
  }

  /**
   * Begins a file, or goes on with one of the same selection. Throws {@link LocalServerError} where it is anything else, and where
   * another process is at it: both would go on from the same place.
   */
  static async open(path: string, selection: Selection): Promise<FileSink> {
    if (!existsSync(standingPath(path)) && existsSync(path))
      throw new LocalServerError(`${path} is there already, and no replay that can be gone on with`);
    const lock = requireFileLock(`${path}.replay.lock`, `${path} is being written to by another replay`);
    try {
      return await FileSink.#open(path, lock, selection);
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  static async #open(path: string, lock: FileLock, selection: Selection): Promise<FileSink> {
    const wanted = selectionText(selection);
    const known = readStanding(path);
    const standing = known ?? { selection: wanted, cursor: null, events: 0, bytes: 0 };
    if (standing.selection !== wanted)
      throw new LocalServerError(
        `${path} is a replay of ${standing.selection || 'everything'}, not of ${wanted || 'everything'}`,
      );
    // Before the file is made: one that has nothing beside it is somebody else's.
    if (known === undefined) await keepStanding(path, standing);
    const file = await open(path, 'a');
    const { size } = await file.stat();
    if (size < standing.bytes) {
      await file.close();
      throw new LocalServerError(`${path} is shorter than the replay that was written to it`);
    }
    await file.truncate(standing.bytes);
    return new FileSink(file, lock, path, standing);
  }

  /** Events in the file. */
  get events(): number {
    return this.#standing.events;
  }

  async take(events: readonly ReplayedEvent[], cursor: string): Promise<void> {
    const lines = Buffer.from(linesOf(events));
    await this.#file.appendFile(lines);
    await this.#file.datasync();
    const { selection, events: before, bytes } = this.#standing;
    const standing = { selection, cursor, events: before + events.length, bytes: bytes + lines.length };
    await keepStanding(this.#path, standing);
    this.#standing = standing;
  }

  async close(): Promise<void> {
    await this.#file.close();
    this.#lock.close();
  }
}

/** Whole or not at all. */
async function keepStanding(path: string, standing: Standing): Promise<void> {
  const file = standingPath(path);
  await writeFile(`${file}.part`, JSON.stringify(standing), { flush: true });
  await rename(`${file}.part`, file);
}

function standingPath(path: string): string {
  return `${path}.replay.json`;
}

function readStanding(path: string): Standing | undefined {
  const file = standingPath(path);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Standing) : undefined;
}

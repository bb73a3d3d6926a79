/** How many files the runtime may have open, of which each object that is awake takes some. */
import { spawnSync } from 'node:child_process';

/** Files of an object: its database, the log that is written ahead of it, and their index. */
const OBJECT_FILES = 3;

/** Files below which whoever starts a server is told: an archivist alone wakes up to 5,000 objects in a run (docs/operations.md). */
const OPEN_FILES_MIN = 16_384;

/**
 * The most files that a child of this process may open, as the shell says it: Node has raised the softer limit to that. Empty where
 * there is no such shell: nobody's server stays down for want of a warning.
 */
export function openFilesLimit(shell = 'sh'): string {
  return (spawnSync(shell, ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).stdout ?? '').trim();
}

/** What to tell of a limit that `ulimit -Hn` has printed; undefined where it is high enough. */
export function openFilesWarning(limit: string): string | undefined {
  // "unlimited", or what this shell calls it, is no number.
  const files = /^\d+$/.test(limit) ? Number(limit) : Number.POSITIVE_INFINITY;
  if (files >= OPEN_FILES_MIN) return undefined;
  const objects = Math.floor(files / OBJECT_FILES);
  return (
    `The system lets Folio open ${files} files (ulimit -Hn), which is enough for some ${objects} objects awake at a time: ` +
    'with more accounts and orders than that in use within two minutes, requests fail and the runtime may end and begin anew.'
  );
}

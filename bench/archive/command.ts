/** The product's commands as their users run them, each in a process of its own, and what they took. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';
import { REPOSITORY } from '../../local/config.ts';

const USAGE = pathToFileURL(path.join(import.meta.dirname, 'usage.ts')).href;

/** A command that ended well. */
export interface Ran {
  /** What it printed. */
  readonly output: string;
  readonly seconds: number;
  /** Of all its threads. */
  readonly processorSeconds: number;
}

/** Runs a script of the repository. Its progress goes where this process tells its own. Throws where it ends with another code than 0. */
export async function runCommand(script: string, args: readonly string[]): Promise<Ran> {
  const started = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', USAGE, path.join(REPOSITORY, script), ...args],
    // The fourth is what `usage.ts` writes to.
    { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] },
  );
  const [output, usage, [code]] = await Promise.all([
    text(child.stdout as Readable),
    text(child.stdio[3] as Readable),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  if (code !== 0) throw new Error(`${script} ${args[0]} ended with ${code}: ${output}`);
  const { user, system } = JSON.parse(usage) as NodeJS.CpuUsage;
  return {
    output,
    seconds: (performance.now() - started) / 1_000,
    processorSeconds: (user + system) / 1e6,
  };
}

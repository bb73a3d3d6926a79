/** The local administrator's token of every server of the benchmarks: known in advance, so that requests can be made in advance. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** As long as a real one. */
export const BENCH_TOKEN = 'token-of-the-benchmarks'.padEnd(43, '-');

/** Leaves the token where a server that starts on this folder will take it for its own. */
export function leaveToken(stateFolder: string): void {
  mkdirSync(stateFolder, { recursive: true });
  writeFileSync(join(stateFolder, 'dev-token'), BENCH_TOKEN);
}

/**
 * How much memory the local runtime may fill before it collects garbage. It collects all of a heap at once, and nobody is
 * answered meanwhile; and all objects of a local run share one heap, so that without more room a rebuild makes it collect
 * every few seconds.
 */
import { totalmem } from 'node:os';

const MIB = 2 ** 20;

/** Share of the machine's memory that a heap may fill before it is first collected whole. */
const HEAP_SHARE = 1 / 16;

/** With this, in MiB, a rebuild of 100,000 events needs no whole collection (docs/benchmarks.md); more was not tried. */
const HEAP_MIB_MAX = 512;

/** Below this, in MiB, the runtime's own way is better: it begins small and grows with what is used. */
const HEAP_MIB_MIN = 128;

/** Size to which each half of the space for young objects may grow, in MiB, so that the objects of a portion of work die in it. */
const YOUNG_MIB = 32;

/** Where Miniflare looks for flags of the runtime's engine. */
const FLAGS_VARIABLE = 'MINIFLARE_WORKERD_V8_FLAGS';

/** Flags of V8 for a machine of so many bytes of memory; empty for a small one. */
export function heapFlags(memoryBytes: number): string {
  const heap = Math.min(HEAP_MIB_MAX, Math.floor((memoryBytes * HEAP_SHARE) / MIB));
  if (heap < HEAP_MIB_MIN) return '';
  return `--initial-old-space-size=${heap} --max-semi-space-size=${YOUNG_MIB}`;
}

/** Gives the runtimes that this process starts room for garbage, unless the environment names flags of its own. */
export function setHeapFlags(environment: NodeJS.ProcessEnv, memoryBytes = availableMemory()): void {
  environment[FLAGS_VARIABLE] ??= heapFlags(memoryBytes);
}

/** The machine's memory, or what a container leaves of it. */
function availableMemory(): number {
  const total = totalmem();
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, total) : total;
}

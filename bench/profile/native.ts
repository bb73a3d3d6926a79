/** Where the processor's time goes below JavaScript, by Linux's `perf`: SQLite, V8, RPC, the kernel. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Samples a second: an odd number, so that nothing periodic hides between them. */
const SAMPLES_PER_SECOND = 1_999;

/** How the functions of a sample's stack, from the innermost outwards, tell what the time was spent on. First match wins. */
const CATEGORIES: readonly (readonly [name: string, pattern: RegExp])[] = [
  [
    'garbage collection',
    /MarkCompact|Scavenge|v8::internal::.*(Sweeper|Evacuat|GarbageCollect|Marking|GCTracer)|cppgc/,
  ],
  ['disk: fsync', /fsync|fdatasync/],
  ['disk: read and write', /(^|_)(pwrite64|pread64|write|read)$|ext4_|vfs_write|vfs_read/],
  ['SHA-256', /sha256|SHA256|EVP_|HashHandle/i],
  ['JSON.parse', /v8::internal::JsonParser|JsonParse/],
  ['JSON.stringify', /v8::internal::JsonStringif/],
  ['regular expressions', /RegExp|v8::internal::Irregexp/],
  ['RPC serialization', /ValueSerializer|ValueDeserializer|jsg::(Des|S)erializer/],
  [
    'compiling',
    /v8::internal::(compiler|maglev|baseline|interpreter::BytecodeGen)|Compiler::|turboshaft|OptimizingCompile/,
  ],
  ['SQL: prepare', /sqlite3(Prepare|LockAndPrepare|RunParser)|SqliteDatabase::prepare/],
  [
    'SQL: commit',
    /sqlite3(VdbeHalt|BtreeCommit|PagerCommit|WalFrames|WalCheckpoint)|vdbeCommit|pagerWalFrames/,
  ],
  ['SQL: step', /sqlite3_?[A-Z]?\w*/],
  ['SQL: bindings and results', /SqlStorage|SqliteDatabase|SqliteStatement|SqliteKv|ActorSqlite/],
  ['RPC: capnp', /capnp::/],
  ['HTTP', /kj::.*Http|HttpOutputStream|HttpInputStream/],
  ['network in the kernel', /tcp_|sock_|inet_|__sys_(send|recv)/],
];

/** The stack is inside V8's engine, but none of the above. */
const JAVASCRIPT = /^Builtins_|v8::internal::|^\[unknown\]$/;

/** A recording of one process. */
export interface NativeProfile {
  /** Ends the recording and tells how the time was spent, per command. */
  finish(commands: number): Promise<string>;
}

/** Starts to record a process; undefined where the system has no `perf` or does not allow it. */
export function recordNative(pid: number, file: string): NativeProfile | undefined {
  if (spawnSync('perf', ['--version']).status !== 0) return undefined;
  const args = ['record', '-g', '-F', String(SAMPLES_PER_SECOND), '-o', file, '-p', String(pid)];
  const perf = spawn('perf', args, { stdio: 'ignore' });
  return {
    async finish(commands) {
      if (perf.exitCode === null) await stopped(perf);
      return describe(await classify(file), commands);
    },
  };
}

async function stopped(perf: ChildProcess): Promise<void> {
  const exited = once(perf, 'exit');
  // perf writes its file when interrupted.
  perf.kill('SIGINT');
  await exited;
}

/** Samples by category. */
async function classify(file: string): Promise<Map<string, number>> {
  const script = spawn('perf', ['script', '-i', file, '-F', 'ip,sym'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const counts = new Map<string, number>();
  let stack: string[] = [];
  const count = () => {
    if (stack.length === 0) return;
    const category = categoryOf(stack);
    counts.set(category, (counts.get(category) ?? 0) + 1);
    stack = [];
  };
  for await (const line of createInterface({ input: script.stdout })) {
    if (line.trim() === '') count();
    else stack.push(line.trim().replace(/^[0-9a-f]+ /, ''));
  }
  count();
  return counts;
}

function categoryOf(stack: readonly string[]): string {
  for (const name of stack) {
    const found = CATEGORIES.find(([, pattern]) => pattern.test(name));
    if (found !== undefined) return found[0];
    // Beyond the innermost JavaScript frame lies who called it, which is not what it does.
    if (name === '[unknown]' || name.startsWith('Builtins_')) return 'JavaScript itself';
  }
  return stack.some((name) => JAVASCRIPT.test(name)) ? 'V8, other' : 'runtime, other';
}

function describe(counts: ReadonlyMap<string, number>, commands: number): string {
  const all = [...counts.values()].reduce((sum, count) => sum + count, 0);
  if (all === 0) return 'perf recorded nothing (kernel.perf_event_paranoid may forbid it)';
  const micros = (samples: number) => (samples * 1e6) / SAMPLES_PER_SECOND / commands;
  const lines = [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(
      ([name, samples]) =>
        `${((samples / all) * 100).toFixed(1).padStart(6)} % ${micros(samples).toFixed(2).padStart(8)}  ${name}`,
    );
  return [`Whole runtime: ${micros(all).toFixed(1)} µs of processor a command`, ...lines].join('\n');
}

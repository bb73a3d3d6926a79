/** What a benchmark is given and what it answers. */

/** A figure of the table: reached or not is printed, and never fails a run. */
export interface Target {
  /** Which of the figure's numbers the target is about. */
  readonly of: 'value' | 'ratio';
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** One number with its rounds, and the same of the baseline, measured in turn. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** Median of the rounds. */
  readonly value: number;
  readonly rounds: readonly number[];
  readonly baseline?: { readonly value: number; readonly rounds: readonly number[] };
  /** Median of the product over median of the baseline. */
  readonly ratio?: number;
  readonly targets?: readonly Target[];
  /** What explains the number: processor time, latencies, sizes. */
  readonly detail?: Readonly<Record<string, number | string>>;
}

/** How every server of a run is started, product and baseline. */
export interface ServerOptions {
  /** Folder under which they keep their state, deleted afterwards. */
  readonly stateDir: string;
  /** Runtimes over which the objects of each are spread. */
  readonly shards: number;
}

/** What the command line asks for. */
export interface BenchOptions {
  /** Seconds of one measurement; each benchmark has its own default. */
  readonly seconds?: number;
  readonly rounds: number;
  /** Events of the account that `fold` rebuilds, and of all accounts of `views`, `rebuild` and `replay`. */
  readonly events?: number;
  readonly servers: ServerOptions;
  /** Tells a person what is going on. */
  readonly progress: (line: string) => void;
}

/** A benchmark by name. */
export interface Benchmark {
  readonly name: string;
  /** One line for `--help`. */
  readonly summary: string;
  run(options: BenchOptions): Promise<Figure[]>;
}

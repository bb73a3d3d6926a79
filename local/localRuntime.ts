import { setTimeout as sleep } from 'node:timers/promises';
import type { Miniflare, V4SharedOptions, V4WorkerOptions } from 'miniflare';
import { messageOf } from './errors.ts';
import type { LogFile } from './logFile.ts';
import { endWhenDeaf } from './runtimeHearing.ts';
import { endAbandonedRuntime, RuntimeWatch } from './runtimeWatch.ts';
import type { SharedStorage } from './sharedStorage.ts';
import { DEFAULT_HOST } from './types.ts';

/** What Miniflare says when it could not start a runtime again that had crashed. It does not try another time. */
const RESTART_FAILURE = 'ERR_RUNTIME_FAILURE';

/** Interval between two attempts to start it: a port may be taken, or memory short, for a while. */
const AGAIN_MS = 1_000;

/** What a runtime is started with, whatever Workers are in it. */
export interface RuntimeOptions {
  readonly log: LogFile;
  /** Where it leaves its process id. */
  readonly pidFile: string;
  /** Databases and buckets. */
  readonly dataFolder: string;
  /** Where it shares the databases and buckets with another runtime. */
  readonly shared: SharedStorage | undefined;
  /** True where the caller handles signals, and Miniflare must not. */
  readonly ownSignals: boolean;
}

/** One process of the Workers runtime with Miniflare before it, from its start to its orderly end. */
export class LocalRuntime {
  readonly #options: RuntimeOptions;
  readonly #watch: RuntimeWatch;
  #miniflare: Miniflare | undefined;
  /** Starts it another time, as it was. Undefined until it was started. */
  #startAgain: (() => Promise<void>) | undefined;
  /** Ends the care that it still accepts connections. */
  #letGo: (() => void) | undefined;
  #isStopping = false;

  private constructor(options: RuntimeOptions) {
    this.#options = options;
    this.#watch = new RuntimeWatch(options.pidFile);
  }

  /** A runtime that is to be started; ends the one that a killed server may have left in its place. */
  static async inPlaceOfAbandoned(options: RuntimeOptions): Promise<LocalRuntime> {
    await endAbandonedRuntime(options.pidFile);
    return new LocalRuntime(options);
  }

  /** Starts it with these Workers and resolves when they can be asked. Rejects with what Miniflare says. */
  async start(workers: readonly V4WorkerOptions[], more: Partial<V4SharedOptions> = {}): Promise<Miniflare> {
    const library = await import('miniflare');
    const before = signalListeners();
    const options = { ...this.#sharedOptions(library), ...more, workers: [...workers] };
    const converted = library.convertV4MiniflareOptions(options);
    const isShared = this.#options.shared !== undefined;
    const miniflare = new library.Miniflare({ ...converted, unsafeEnableSharedStorage: isShared });
    this.#miniflare = miniflare;
    // Miniflare's own listeners end the process at once, which leaves no time to let requests finish.
    if (this.#options.ownSignals) removeSignalListeners(before);
    const { port } = await miniflare.ready;
    if (!this.#isStopping) this.#letGo = endWhenDeaf(Number(port), this.#heard());
    this.#startAgain = async () => {
      await miniflare.setOptions({ ...converted, unsafeEnableSharedStorage: isShared });
      await more.unsafeHandleRuntimeRestart?.();
    };
    return miniflare;
  }

  #heard() {
    return {
      pid: () => this.#watch.pid(),
      kill: () => {
        this.#options.log.add('warn', 'the runtime was told to end by somebody else; it is started again');
        this.#watch.kill();
      },
    };
  }

  /** Tries until it runs again: without its objects the server is of no use, and nobody else would. */
  async #untilStartedAgain(): Promise<void> {
    const { log } = this.#options;
    for (let said: string | undefined; ; ) {
      await sleep(AGAIN_MS, undefined, { ref: false });
      if (this.#isStopping || this.#startAgain === undefined) return;
      try {
        await this.#startAgain();
        log.add('warn', 'the runtime was started again');
        return;
      } catch (error) {
        const why = messageOf(error);
        if (why !== said && !this.#isStopping)
          log.add('error', `the runtime cannot be started again yet: ${why}`);
        said = why;
      }
    }
  }

  /** Process id of the runtime, while it runs. */
  pid(): number | undefined {
    return this.#watch.pid();
  }

  /** From here on it is no crash if it ends: a signal to all of the server's processes has reached it as well. */
  expectEnd(): void {
    this.#isStopping = true;
    this.#letGo?.();
  }

  /** Accepts nothing more, lets requests in flight finish, and ends it. */
  async stop(): Promise<void> {
    this.expectEnd();
    if (this.#miniflare !== undefined) await this.#watch.drain();
    await this.end();
  }

  /** Ends it at once. */
  async end(): Promise<void> {
    this.expectEnd();
    // Where the start failed, so does dispose, with the error that the caller is about to see anyway.
    await this.#miniflare?.dispose().catch(() => undefined);
    this.#watch.close();
  }

  #sharedOptions(library: typeof import('miniflare')): V4SharedOptions {
    const { log, dataFolder, shared } = this.#options;
    // While stopping, Miniflare takes the end of the drained runtime for a crash.
    const add = (message: string) => (this.#isStopping ? undefined : log.add('warn', message));
    const startAgain = () => void this.#untilStartedAgain();
    class QuietLog extends library.Log {
      override log(message: string): void {
        add(message);
      }
      override error(error: Error): void {
        super.error(error);
        if ((error as { code?: unknown }).code === RESTART_FAILURE) startAgain();
      }
    }
    return {
      // Miniflare's front door. Nobody uses it but this process, for D1 and the crons.
      host: DEFAULT_HOST,
      port: 0,
      // Without this, Miniflare asks the network for the place of this machine.
      cf: false,
      log: new QuietLog(library.LogLevel.WARN),
      logRequests: false,
      handleStructuredLogs: ({ level, message }) => log.add(level, message),
      resourcePersistencePath: dataFolder,
      ...(shared === undefined
        ? {}
        : { isolatedResourcePersistencePath: dataFolder, unsafeDevRegistryPath: shared.registryFolder }),
      telemetry: { enabled: false },
      unsafeRuntimeEnv: this.#watch.environment(),
    };
  }
}

/** The signals that Miniflare listens to. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

function signalListeners(): Set<unknown> {
  return new Set(SIGNALS.flatMap((signal) => process.listeners(signal)));
}

function removeSignalListeners(except: ReadonlySet<unknown>): void {
  for (const signal of SIGNALS) {
    for (const listener of process.listeners(signal)) {
      if (!except.has(listener)) process.off(signal, listener);
    }
  }
}

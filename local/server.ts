import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Miniflare, V4SharedOptions, V4WorkerOptions } from 'miniflare';
import { bundleWorker } from './bundle.ts';
import type { LocalConfig } from './config.ts';
import { EVERY_MINUTE, everyMinute, type Timetable } from './crons.ts';
import { LocalServerError, messageOf } from './errors.ts';
import { LogFile } from './logFile.ts';
import { applyMigrations, migrationsStamp } from './migrations.ts';
import { endAbandonedRuntime, RuntimeWatch } from './runtime.ts';
import type { StateFolder } from './stateFolder.ts';
import { DEFAULT_HOST, type Platform, type PlatformOptions } from './types.ts';

/** How long the Worker may take until `/readyz` is 200; a first start on a slow machine takes a few seconds. */
const READY_MS = 30_000;

/** How long one look at `/readyz` may take. */
const READY_REQUEST_MS = 5_000;

/** Interval between two looks. */
const READY_POLL_MS = 25;

/** Where Miniflare's front door takes the place of the platform's clock. */
const SCHEDULED_PATH = '/cdn-cgi/local/scheduled';

/** As much of a failing `/readyz` as an error message quotes. */
const QUOTED_CHARACTERS = 500;

/** A machine of its own is its user's to load: the quotas of a shared platform would only measure themselves. */
const LOCAL_QUOTAS = { RATE_CLIENT_REQUESTS: '100000000', RATE_ACCOUNT_COMMANDS: '100000000' };

/** One platform in its state folder: Miniflare with our Worker, the timetable, and the order in which they end. */
export class LocalServer {
  readonly #options: PlatformOptions;
  readonly #config: LocalConfig;
  readonly #folder: StateFolder;
  readonly #log: LogFile;
  readonly #watch: RuntimeWatch;
  #miniflare: Miniflare | undefined;
  #timetable: Timetable | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: PlatformOptions, config: LocalConfig, folder: StateFolder) {
    this.#options = options;
    this.#config = config;
    this.#folder = folder;
    this.#log = new LogFile(folder.logFile);
    this.#watch = new RuntimeWatch(folder.runtimePidFile);
  }

  /** Starts everything and resolves when the Worker is ready. Where it rejects, `stop` clears up. */
  async start(): Promise<Platform> {
    await endAbandonedRuntime(this.#folder.runtimePidFile);
    const bundle = await bundleWorker(this.#config, this.#folder.bundleFolder);
    await this.#migrateBeforeListening();
    const miniflare = await this.#startMiniflare([this.#worker(bundle), ...this.#config.otherWorkers]);
    const url = (await miniflare.unsafeGetDirectURL(this.#config.worker.name)).origin;
    this.#folder.announce(url);
    await untilReady(url, this.#folder.logFile);
    if (this.#runsCrons) {
      void this.#sweepAndLog();
      this.#timetable = everyMinute(() => this.#sweepAndLog());
    }
    return {
      url,
      token: this.#folder.token,
      tokenFile: this.#folder.tokenFile,
      stateDir: this.#folder.path,
      logFile: this.#folder.logFile,
      runtimePid: () => this.#watch.pid(),
      sweep: () => this.#sweep(),
      stop: () => this.stop(),
    };
  }

  get #runsCrons(): boolean {
    return this.#options.crons !== false && this.#config.crons.length > 0;
  }

  /** Ends everything, in the order in which nothing is lost. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  async #stop(): Promise<void> {
    this.#timetable?.stop();
    if (this.#miniflare !== undefined) {
      await this.#watch.drain();
      // Where the start failed, so does dispose, with the error that the caller is about to see anyway.
      await this.#miniflare.dispose().catch(() => undefined);
    }
    this.#watch.close();
    this.#log.close();
    this.#folder.close();
  }

  /**
   * The socket is open as soon as Miniflare runs, and `/readyz` must not be 200 on a database without tables. So where
   * there is a migration that this folder has not had, a Miniflare with nothing but the databases runs first.
   */
  async #migrateBeforeListening(): Promise<void> {
    const { name, compatibilityDate, d1Databases } = this.#config.worker;
    const { databases } = this.#config;
    const stamp = migrationsStamp(databases);
    if (this.#folder.readStamp() === stamp) return;
    const empty = { type: 'ESModule' as const, path: 'empty.js', contents: 'export default {};' };
    const miniflare = await this.#startMiniflare([
      { name, compatibilityDate, d1Databases, modules: [empty] },
    ]);
    await applyMigrations(miniflare, name, databases);
    await miniflare.dispose();
    this.#miniflare = undefined;
    this.#folder.writeStamp(stamp);
  }

  async #startMiniflare(workers: V4WorkerOptions[]): Promise<Miniflare> {
    const library = await import('miniflare');
    const before = signalListeners();
    const miniflare = new library.Miniflare(
      library.convertV4MiniflareOptions({ ...this.#sharedOptions(library), workers }),
    );
    this.#miniflare = miniflare;
    // Miniflare's own listeners end the process at once, which leaves no time to let requests finish.
    if (this.#options.ownSignals === true) removeSignalListeners(before);
    try {
      await miniflare.ready;
    } catch (error) {
      throw this.#startFailure(error);
    }
    return miniflare;
  }

  #sharedOptions(library: typeof import('miniflare')): V4SharedOptions {
    const log = this.#log;
    // While stopping, Miniflare takes the end of the drained runtime for a crash.
    const add = (message: string) => this.#stopped ?? log.add('warn', message);
    class QuietLog extends library.Log {
      override log(message: string): void {
        add(message);
      }
    }
    return {
      host: DEFAULT_HOST,
      // Miniflare's front door. Nobody uses it but this process, for D1 and the crons.
      port: 0,
      // Without this, Miniflare asks the network for the place of this machine.
      cf: false,
      log: new QuietLog(library.LogLevel.WARN),
      logRequests: false,
      handleStructuredLogs: ({ level, message }) => log.add(level, message),
      resourcePersistencePath: this.#folder.dataFolder,
      telemetry: { enabled: false },
      unsafeTriggerHandlers: true,
      unsafeRuntimeEnv: this.#watch.environment(),
      // A runtime that crashed is started again; its queues have forgotten their messages.
      unsafeHandleRuntimeRestart: () => (this.#runsCrons ? this.#sweepAndLog() : undefined),
    };
  }

  #worker(bundle: string): V4WorkerOptions {
    const { port, host = DEFAULT_HOST, logLevel, vars } = this.#options;
    return {
      ...this.#config.worker,
      modules: [{ type: 'ESModule', path: bundle }],
      modulesRoot: dirname(bundle),
      bindings: {
        ...LOCAL_QUOTAS,
        ...this.#config.worker.bindings,
        ...(logLevel === undefined ? {} : { LOG_LEVEL: logLevel }),
        ...vars,
        DEV_TOKEN: this.#folder.token,
        NOTARY_KEYS: this.#folder.notaryKeys,
        PERSONAL_DATA_KEYS: this.#folder.personalDataKeys,
        SANDBOX_WEBHOOK_SECRET: this.#folder.sandboxWebhookSecret,
      },
      unsafeDirectSockets: [{ host, port }],
    };
  }

  #startFailure(error: unknown): Error {
    const { port, host = DEFAULT_HOST } = this.#options;
    const code = (error as { code?: unknown }).code;
    if (code === 'ERR_ADDRESS_IN_USE') {
      return new LocalServerError(`port ${port} on ${host} is already in use; choose another with --port`);
    }
    return new LocalServerError(`the Workers runtime does not start: ${messageOf(error)}`);
  }

  async #sweep(): Promise<void> {
    if (this.#miniflare === undefined) throw new Error('the platform is not running');
    // Not by a proxy of the Worker: its first call holds this process until the runtime has answered, and a runtime that logs
    // much meanwhile waits for this process to read it.
    const query = `cron=${encodeURIComponent(EVERY_MINUTE)}&time=${Date.now()}`;
    const response = await this.#miniflare.dispatchFetch(`http://localhost${SCHEDULED_PATH}?${query}`);
    const outcome = await response.text();
    if (outcome !== 'ok') throw new Error(`the scheduled handler ended with "${outcome}"`);
  }

  /** A sweep that nobody waits for: its failure goes to the log, and the next minute brings another. */
  async #sweepAndLog(): Promise<void> {
    try {
      await this.#sweep();
    } catch (error) {
      if (this.#stopped === undefined) this.#log.add('error', `sweep: ${messageOf(error)}`);
    }
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

async function untilReady(url: string, logFile: string): Promise<void> {
  let last = 'no answer';
  for (const end = Date.now() + READY_MS; Date.now() < end; await sleep(READY_POLL_MS)) {
    try {
      const response = await fetch(`${url}/readyz`, { signal: AbortSignal.timeout(READY_REQUEST_MS) });
      const body = await response.text();
      if (response.status === 200) return;
      last = `${response.status} ${body.slice(0, QUOTED_CHARACTERS)}`;
    } catch (error) {
      last = messageOf(error);
    }
  }
  throw new LocalServerError(
    `GET ${url}/readyz was not 200 within ${READY_MS / 1000} s (last: ${last}); see ${logFile}`,
  );
}

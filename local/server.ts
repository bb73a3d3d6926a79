import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Miniflare, V4SharedOptions, V4WorkerOptions } from 'miniflare';
import { bundleWorker } from './bundle.ts';
import type { LocalConfig } from './config.ts';
import { EVERY_MINUTE, everyMinute, type Timetable } from './crons.ts';
import { LocalServerError, messageOf } from './errors.ts';
import { LocalRuntime } from './localRuntime.ts';
import { LogFile } from './logFile.ts';
import { applyMigrations } from './migrations.ts';
import { keepStorage, openSharedStorage, type SharedStorage } from './sharedStorage.ts';
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

/** A Worker of which only the bindings are wanted. */
const EMPTY_MODULE = { type: 'ESModule' as const, path: 'empty.js', contents: 'export default {};' };

/** One platform in its state folder: the runtimes with our Worker and its storage, the timetable, and the order in which they end. */
export class LocalServer {
  readonly #options: PlatformOptions;
  readonly #config: LocalConfig;
  readonly #folder: StateFolder;
  readonly #log: LogFile;
  /** Databases and buckets, where they have a process of their own, and while migrations are applied. */
  #storage: LocalRuntime | undefined;
  /** The objects and everything that answers. */
  #commands: LocalRuntime | undefined;
  /** Ends the care that the runtime of the storage goes on having it, whatever the registry forgets. */
  #letStorageGo: (() => void) | undefined;
  #miniflare: Miniflare | undefined;
  #timetable: Timetable | undefined;
  #stopped: Promise<void> | undefined;

  constructor(options: PlatformOptions, config: LocalConfig, folder: StateFolder) {
    this.#options = options;
    this.#config = config;
    this.#folder = folder;
    this.#log = new LogFile(folder.logFile);
  }

  /** Starts everything and resolves when the Worker is ready. Where it rejects, `stop` clears up. */
  async start(): Promise<Platform> {
    const shared = await this.#sharedStorage();
    const { runtimePidFile, storagePidFile } = this.#folder;
    this.#commands = await this.#runtime(runtimePidFile, shared);
    this.#storage = await this.#runtime(storagePidFile, shared);
    const [bundle] = await Promise.all([
      bundleWorker(this.#config, this.#folder.bundleFolder),
      this.#startStorage(shared),
    ]);
    this.#miniflare = await this.#startCommands(bundle);
    const url = (await this.#miniflare.unsafeGetDirectURL(this.#config.worker.name)).origin;
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
      runtimePid: () => this.#commands?.pid(),
      storagePid: () => this.#storage?.pid(),
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
    this.#letStorageGo?.();
    this.#storage?.expectEnd();
    await this.#commands?.stop();
    await this.#storage?.stop();
    this.#log.close();
    this.#folder.close();
  }

  /** What the runtimes share; undefined where there will be one process. */
  async #sharedStorage(): Promise<SharedStorage | undefined> {
    const shared = await openSharedStorage(this.#folder.registryFolder, this.#options.oneProcess === true);
    if (typeof shared !== 'string') return shared;
    this.#log.add('info', `databases and buckets are in the process of the objects: ${shared}`);
    return undefined;
  }

  #runtime(pidFile: string, shared: SharedStorage | undefined): Promise<LocalRuntime> {
    const { dataFolder } = this.#folder;
    const ownSignals = this.#options.ownSignals === true;
    return LocalRuntime.inPlaceOfAbandoned({ log: this.#log, pidFile, dataFolder, shared, ownSignals });
  }

  /**
   * Starts what has the databases and buckets, and applies the migrations that they have not had: the socket of the Worker is open
   * as soon as its runtime runs, and `/readyz` must not be 200 on a database without tables. Where there will be one process, this
   * one ends before that one starts.
   */
  async #startStorage(shared: SharedStorage | undefined): Promise<void> {
    const { databases, worker } = this.#config;
    const { compatibilityDate, d1Databases } = worker;
    const name = `${worker.name}-storage`;
    const only = { name, compatibilityDate, d1Databases, modules: [EMPTY_MODULE] };
    await applyMigrations(await this.#startRuntime(this.#storage, [only]), name, databases);
    if (shared !== undefined) {
      if (this.#stopped === undefined) this.#letStorageGo = keepStorage(shared);
      return;
    }
    await this.#storage?.stop();
    this.#storage = undefined;
  }

  #startCommands(bundle: string): Promise<Miniflare> {
    return this.#startRuntime(this.#commands, [this.#worker(bundle), ...this.#config.otherWorkers], {
      unsafeTriggerHandlers: true,
      // A runtime that crashed is started again; its queues have forgotten their messages.
      unsafeHandleRuntimeRestart: () => (this.#runsCrons ? this.#sweepAndLog() : undefined),
    });
  }

  async #startRuntime(
    runtime: LocalRuntime | undefined,
    workers: readonly V4WorkerOptions[],
    more?: Partial<V4SharedOptions>,
  ): Promise<Miniflare> {
    if (runtime === undefined) throw new Error('the server was not prepared');
    try {
      return await runtime.start(workers, more);
    } catch (error) {
      throw this.#startFailure(error);
    }
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

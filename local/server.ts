import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Miniflare } from 'miniflare';
import { bundleWorker } from './bundle.ts';
import type { LocalConfig } from './config.ts';
import { EVERY_MINUTE, everyMinute, type Timetable } from './crons.ts';
import { LocalServerError, messageOf } from './errors.ts';
import { LocalRuntime } from './localRuntime.ts';
import { LogFile } from './logFile.ts';
import { applyMigrations } from './migrations.ts';
import { ObjectRuntimes, type ObjectWorker } from './objectRuntimes.ts';
import { settleShards } from './shards/count.ts';
import { findShards, SHARD_ENTRYPOINT, type Shards, shardedEntry } from './shards/options.ts';
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
  #objects: ObjectRuntimes | undefined;
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
    const { shards: asked } = this.#options;
    const count = settleShards(this.#folder, this.#config.worker.name, asked, shared !== undefined);
    this.#objects = await this.#objectRuntimes(count, shared);
    this.#storage = await this.#runtime(this.#folder.storagePidFile, shared);
    const { main, worker } = this.#config;
    const entry = count === 1 ? undefined : shardedEntry(main, worker);
    const [bundle] = await Promise.all([
      bundleWorker(this.#config, this.#folder.bundleFolder, entry),
      this.#startStorage(shared),
    ]);
    this.#miniflare = await this.#startObjects(bundle, count === 1 ? undefined : await findShards(count));
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
      runtimePid: () => this.#objects?.pid(),
      storagePid: () => this.#storage?.pid(),
      shardPids: () => this.#objects?.otherPids() ?? [],
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
    await this.#objects?.stop();
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

  async #objectRuntimes(count: number, shared: SharedStorage | undefined): Promise<ObjectRuntimes> {
    const pidFiles = Array.from({ length: count }, (_, shard) =>
      shard === 0 ? this.#folder.runtimePidFile : this.#folder.shardPidFile(shard),
    );
    return new ObjectRuntimes(await Promise.all(pidFiles.map((pidFile) => this.#runtime(pidFile, shared))));
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
    if (this.#storage === undefined) throw new Error('the server was not prepared');
    await applyMigrations(await this.#started(this.#storage.start([only])), name, databases);
    if (shared !== undefined) {
      if (this.#stopped === undefined) this.#letStorageGo = keepStorage(shared);
      return;
    }
    await this.#storage?.stop();
    this.#storage = undefined;
  }

  #startObjects(bundle: string, shards: Shards | undefined): Promise<Miniflare> {
    if (this.#objects === undefined) throw new Error('the server was not prepared');
    const starting = this.#objects.start(this.#worker(bundle), shards, this.#config.otherWorkers, {
      unsafeTriggerHandlers: true,
      // A runtime that crashed is started again; its queues have forgotten their messages.
      unsafeHandleRuntimeRestart: () => (this.#runsCrons ? this.#sweepAndLog() : undefined),
    });
    return this.#started(starting);
  }

  async #started(starting: Promise<Miniflare>): Promise<Miniflare> {
    try {
      return await starting;
    } catch (error) {
      throw this.#startFailure(error);
    }
  }

  #worker(bundle: string): ObjectWorker {
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
    if (code === 'ERR_ADDRESS_IN_USE' && messageOf(error).includes(SHARD_ENTRYPOINT)) {
      return new LocalServerError(
        'another program took a port that a shard was about to open; start it again',
      );
    }
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

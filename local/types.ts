import type { LogLevel } from '../telemetry/logger.ts';

/** The interface that is listened on unless another is asked for: nobody else's machine. */
export const DEFAULT_HOST = '127.0.0.1';

/** How to start the platform. */
export interface PlatformOptions {
  /** TCP port; 0 takes a free one. */
  readonly port: number;
  /** Folder of everything that is kept; made where it is missing. */
  readonly stateDir: string;
  readonly host?: string;
  /** Instead of LOG_LEVEL of the configuration. */
  readonly logLevel?: LogLevel;
  /** More variables for the Worker, stronger than those of the configuration. */
  readonly vars?: Readonly<Record<string, string>>;
  /**
   * True where the caller handles SIGINT and SIGTERM and calls `stop()`. Otherwise such a signal ends the runtime and
   * this process at once.
   */
  readonly ownSignals?: boolean;
  /** False leaves `scheduled` to calls of `sweep()`, for tests that count them. */
  readonly crons?: boolean;
  /** True keeps databases and buckets in the process of the objects: slower, and without the debugging port between the two, which other users of the machine could use. */
  readonly oneProcess?: boolean;
  /** Runtimes over which the objects are spread; absent: as they are in the state folder, one for a new folder. */
  readonly shards?: number;
  /** Another configuration than the repository's, for tests of the server itself. */
  readonly configPath?: string;
}

/** The running platform. */
export interface Platform {
  /** Where it answers, without a slash at the end. */
  readonly url: string;
  /** The local administrator's token, for `Authorization: Bearer …`. */
  readonly token: string;
  readonly tokenFile: string;
  readonly stateDir: string;
  readonly logFile: string;
  /** Process id of the Workers runtime that has the objects, of several the first, for those who measure it. */
  runtimePid(): number | undefined;
  /** Process id of the one that has databases and buckets, where it is another. */
  storagePid(): number | undefined;
  /** Process ids of the other runtimes that have objects. */
  shardPids(): readonly number[];
  /** Runs the Worker's `scheduled` handler now and waits for it; rejects where it failed. */
  sweep(): Promise<void>;
  /** Accepts nothing more, lets requests in flight finish, and ends the runtime. May be called more than once. */
  stop(): Promise<void>;
}

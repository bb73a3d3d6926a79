/** A database of views without any aggregate to fill it with, for what is about the course of rebuilds alone. */
import { projectors } from '../../queues/projectors/index.ts';
import type { RebuildDeps } from '../../queues/rebuild/deps.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { sqliteViews } from './sqliteViews.ts';

/** Its logger's warnings go to `lines`. */
export const emptyViews = (lines: string[] = []): RebuildDeps => ({
  database: sqliteViews(),
  projectors,
  logger: createLogger('test', 'warn', (line) => void lines.push(line)),
  knowsEvent: () => true,
  readLog: async () => [],
  newClaim: () => crypto.randomUUID(),
  now: () => 0,
  portion: (full) => full,
  letOthersGoFirst: async () => undefined,
  directoryParts: 1,
  directory: async () => [],
  owns: () => true,
  head: async () => 0,
  owner: async () => undefined,
});

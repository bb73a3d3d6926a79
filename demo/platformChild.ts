/**
 * The platform in a process of its own: `node platformChild.ts STATE SHARDS`, started by `platform.ts`. It tells its parent where
 * it answers, and ends when told to or when the parent is gone, in whatever way.
 */
import { startPlatform } from '../local/platform.ts';

const [stateDir = '', shards] = process.argv.slice(2);

// Ctrl-C reaches the whole group of processes; the parent ends this one.
process.on('SIGINT', () => undefined);
try {
  const platform = await startPlatform({
    port: 0,
    stateDir,
    ownSignals: true,
    logLevel: 'warn',
    shards: Number(shards),
  });
  const stop = () => platform.stop().then(() => process.exit(0));
  for (const event of ['message', 'disconnect', 'SIGTERM']) process.on(event, stop);
  process.send?.({ url: platform.url, token: platform.token, logFile: platform.logFile });
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}

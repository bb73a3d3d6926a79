/** Random requests to every route of the API's description. */
import { parseArgs } from 'node:util';
import { duration } from '../../demo/figures.ts';
import { OwnPlatform } from '../../demo/platform.ts';
import { runFuzz } from './fuzz/run.ts';

const DEFAULT_REQUESTS = 20_000;

/** Requests after which the run says how far it is. */
const PROGRESS_REQUESTS = 2_000;

const USAGE = `npm run fuzz [-- --requests N] [--seed N] [--url URL --token TOKEN]

Sends random requests to every operation of the API's description, over REST, Connect and GraphQL, and holds every answer
against it: no failure of ours, every error a problem document (or in the form of Connect and GraphQL), nothing of internals.
Ends with 1 where something else came.

  --requests N   how many (${DEFAULT_REQUESTS})
  --seed N       which: the same seed makes the same requests
  --url URL      a server that is running, instead of one of its own; best one whose data is for tests
  --token TOKEN  an administrator's token there
`;

const text = { type: 'string' } as const;
const { values } = parseArgs({
  options: { requests: text, seed: text, url: text, token: text, help: { type: 'boolean', short: 'h' } },
});
if (values.help === true) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const requests = Number(values.requests ?? DEFAULT_REQUESTS);
const seed = Number(values.seed ?? Date.now() % 2 ** 31);
if (!Number.isSafeInteger(requests) || requests < 1 || !Number.isSafeInteger(seed)) {
  throw new Error('--requests and --seed have to be whole numbers');
}
console.log(`seed ${seed}: ${requests} requests`);
const progress = (done: number) => {
  if (done % PROGRESS_REQUESTS === 0 && done < requests) console.log(`${done} of ${requests} requests`);
};
const startedAt = performance.now();
const own = values.url === undefined ? await OwnPlatform.start() : undefined;
try {
  const { url, token } = own ?? { url: values.url ?? '', token: values.token ?? '' };
  const { faults, statuses, asked, succeeded } = await runFuzz({ url, token, requests, seed, progress });
  const counted = [...statuses].sort(([a], [b]) => a - b).map(([status, count]) => `${count} × ${status}`);
  const never = [...asked].filter((operationId) => !succeeded.has(operationId));
  console.log(
    [
      `${asked.size} operations, ${succeeded.size} of them with success: ${counted.join(', ')}`,
      ...(never.length === 0 ? [] : [`never with success: ${never.join(', ')}`]),
      ...faults.map((fault) => `✗ ${fault}`),
      faults.length === 0
        ? `✓ no failure of ours, every error a problem document (${duration(performance.now() - startedAt)})`
        : `✗ ${faults.length} faults; npm run fuzz -- --requests ${requests} --seed ${seed}`,
    ].join('\n'),
  );
  process.exitCode = faults.length === 0 ? 0 : 1;
} finally {
  await own?.stop(false);
}

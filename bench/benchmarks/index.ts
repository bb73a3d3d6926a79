/** The benchmarks by name, in the order in which `npm run bench` runs them. */
import type { Benchmark } from '../types.ts';
import { archive } from './archive.ts';
import { batch } from './batch.ts';
import { cache } from './cache.ts';
import { fold } from './fold.ts';
import { gateway } from './gateway.ts';
import { latency } from './latency.ts';
import { lag, sustained } from './paced.ts';
import { portfolio } from './portfolio.ts';
import { rebuild } from './rebuild.ts';
import { replay } from './replay.ts';
import { rows } from './rows.ts';
import { sagas } from './sagas.ts';
import { single } from './single.ts';
import { statement } from './statement.ts';
import { stream } from './stream.ts';
import { subscribers } from './subscribers.ts';
import { temporal } from './temporal.ts';
import { views } from './views.ts';

export const benchmarks: readonly Benchmark[] = [
  batch,
  sustained,
  single,
  gateway,
  cache,
  portfolio,
  stream,
  subscribers,
  latency,
  lag,
  fold,
  views,
  rebuild,
  replay,
  rows,
  sagas,
  statement,
  temporal,
  archive,
];

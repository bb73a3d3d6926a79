/** The benchmarks by name, in the order in which `npm run bench` runs them. */
import type { Benchmark } from '../types.ts';
import { batch } from './batch.ts';
import { rows } from './rows.ts';
import { single } from './single.ts';

export const benchmarks: readonly Benchmark[] = [batch, single, rows];

/** Gives both view databases their tables before any test of a file runs. */
import { applyD1Migrations, type D1Migration } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { type Env, viewDatabases } from '../../workers/env.ts';

export type TestEnv = Env & { TEST_MIGRATIONS: D1Migration[] };

const { TEST_MIGRATIONS } = env as unknown as TestEnv;
for (const database of viewDatabases(env as unknown as TestEnv))
  await applyD1Migrations(database, TEST_MIGRATIONS);

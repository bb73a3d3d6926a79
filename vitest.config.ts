import path from 'node:path';
import { cloudflareTest, readD1Migrations } from '@cloudflare/vitest-plugin';
import { defineConfig } from 'vitest/config';
import { LOCAL_RUN } from './local/bundle.ts';
import { LOCAL_PAGES_FOLDER } from './local/config.ts';
import { newNotaryKey } from './local/notaryKey.ts';
import { makePages } from './local/pages.ts';
import { newPersonalDataKey } from './local/personalDataKey.ts';
import { newWebhookSecret } from './local/webhookSecret.ts';
import { ISSUER_VARIABLES } from './test/support/issuer.ts';

makePages();
const migrations = await readD1Migrations(path.join(import.meta.dirname, 'migrations'));

/** Two projects: what needs no runtime runs in Node, the rest inside workerd with two view databases. */
export default defineConfig({
  test: {
    reporters: ['default', './test/support/countReporter.ts'],
    // One fewer is the default, which leaves one of two cores idle: many files wait for servers that they started.
    maxWorkers: '100%',
    projects: [
      {
        test: {
          name: 'node',
          include: ['test/{domain,kernel,tidy,sim,e2e,bugs}/**/*.test.ts'],
          testTimeout: 60_000,
        },
      },
      {
        // As in a local bundle: the local administrator's token counts.
        define: LOCAL_RUN,
        plugins: [
          cloudflareTest({
            main: './test/support/worker.ts',
            wrangler: { configPath: './wrangler.toml' },
            miniflare: {
              assets: { directory: LOCAL_PAGES_FOLDER },
              durableObjects: { TOYS: { className: 'ToyActor', useSQLite: true } },
              bindings: {
                TEST_MIGRATIONS: migrations,
                LOG_LEVEL: 'error',
                DEV_TOKEN: 'test-token',
                NOTARY_KEYS: newNotaryKey(),
                PERSONAL_DATA_KEYS: newPersonalDataKey(),
                SANDBOX_WEBHOOK_SECRET: newWebhookSecret(),
                ...ISSUER_VARIABLES,
                // Tests send more than a client may; those of the quotas have their own.
                RATE_CLIENT_REQUESTS: '1000000',
                RATE_ACCOUNT_COMMANDS: '1000000',
              },
              d1Databases: { VIEWS_1: { id: 'folio-views-1' } },
            },
          }),
        ],
        test: {
          name: 'workers',
          include: ['test/{actors,queues,workers}/**/*.test.ts'],
          setupFiles: ['./test/support/migrations.ts'],
          testTimeout: 120_000,
        },
      },
    ],
  },
});

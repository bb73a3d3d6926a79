/** The generated documents are those of the code beside them, and the API's description satisfies a public linter. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { generatedDocuments } from '../../docs/generator/documents.ts';
import { BATCH_COMMANDS } from '../../workers/http/batch.ts';
import { EXAMPLES } from '../../workers/http/openapi/examples.ts';
import type { Operation } from '../../workers/http/operation.ts';
import { BatchRequest } from '../../workers/http/routes/batch.ts';
import { ROUTES } from '../../workers/http/routes/index.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../..');

describe('generated documents', () => {
  it.each(Object.entries(generatedDocuments()))('%s is fresh (npm run docs)', (file, text) => {
    expect(readFileSync(path.join(REPOSITORY, file), 'utf8')).toBe(text);
  });

  it('describe an API that the linter of Redocly has no error to find in', async () => {
    const cli = createRequire(import.meta.url).resolve('@redocly/cli/bin/cli.js');
    const file = path.join(REPOSITORY, 'docs/generated/openapi.json');
    // Neither of the two may call out: a check has to work without a network.
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    const lint = promisify(execFile)(
      process.execPath,
      [cli, 'lint', file, '--extends=recommended', '--format=json'],
      {
        env,
        maxBuffer: 2 ** 24,
      },
    );
    const { stdout } = await lint.catch((error: { stdout: string }) => error);
    const { totals, problems } = JSON.parse(stdout) as { totals: { errors: number }; problems: unknown[] };
    expect(totals.errors, JSON.stringify(problems.slice(0, 3))).toBe(0);
  });
});

describe('operations', () => {
  it('have names of their own, and stand for one command at most, which is known', () => {
    const ids = ROUTES.map(({ operationId }) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
    const commands = ROUTES.flatMap(({ command }) => command ?? []);
    expect(new Set(commands).size).toBe(commands.length);
    // What starts a saga is a command of no aggregate of its own.
    expect(commands.filter((type) => !BATCH_COMMANDS.has(type))).toEqual(['TransferFunds']);
  });

  it.each(ROUTES.map((route): [string, Operation] => [route.operationId, route]))(
    '%s has good examples',
    (id, operation) => {
      const { request, reply } = EXAMPLES[id] ?? {};
      const { body, ownBody, success } = operation;
      const advice = `say in workers/http/openapi what ${id} takes and answers, as examples.ts does`;
      expect(request !== undefined, advice).toBe(body !== undefined || ownBody !== undefined);
      if (body !== undefined) body.parse(request?.['application/json']);
      if (success.schema !== undefined) {
        expect(reply, advice).toBeDefined();
        expect(success.schema.parse(reply)).toEqual(reply);
      }
    },
  );

  it('have an example of a batch that is one', () => {
    BatchRequest.parse(EXAMPLES.runCommands?.request?.['application/json']);
  });
});

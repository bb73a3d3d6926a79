/** Commands find the token of a local server by themselves, and send it nowhere else. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PlatformError } from '../../local/archive/client.ts';
import { asksForHelp } from '../../local/commandLine.ts';
import { operatorToken, TOKEN_ADVICE } from '../../local/operatorToken.ts';

const LOCAL_URLS = ['http://127.0.0.1:8787', 'http://localhost:9000/', 'http://[::1]:8787'];
const OTHER_URLS = [
  'https://folio.example',
  'http://localhost.example:8787',
  'http://localhost@folio.example',
  'no URL',
];

describe('the token of a command', () => {
  const folder = mkdtempSync(join(tmpdir(), 'folio-token-'));
  const file = join(folder, 'dev-token');
  beforeAll(() => writeFileSync(file, 'of-the-file\n'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(LOCAL_URLS)('is that of the local server at %s, unless there is another', (url) => {
    expect(operatorToken(url, undefined, undefined, file)).toBe('of-the-file');
    expect(operatorToken(url, undefined, 'of-the-environment', file)).toBe('of-the-environment');
    expect(operatorToken(url, 'given', 'of-the-environment', file)).toBe('given');
    expect(operatorToken(url, undefined, undefined, join(folder, 'none'))).toBeUndefined();
  });

  it.each(OTHER_URLS)('is not that of the local server at %s', (url) => {
    expect(operatorToken(url, undefined, undefined, file)).toBeUndefined();
    expect(operatorToken(url, undefined, 'of-the-environment', file)).toBe('of-the-environment');
  });

  it('is asked for where the platform misses it, and not where it refuses something else', () => {
    expect(new PlatformError(401, 'unauthenticated', 'no token').message).toContain(TOKEN_ADVICE);
    expect(new PlatformError(403, 'forbidden', 'not you').message).toBe('403 not you');
  });
});

describe('a command that hands its arguments on', () => {
  it('keeps a question for help to itself', () => {
    expect(asksForHelp(['--env', 'staging', '--help'])).toBe(true);
    expect(asksForHelp(['-h'])).toBe(true);
    expect(asksForHelp(['--dry-run', '--env', 'help'])).toBe(false);
  });
});

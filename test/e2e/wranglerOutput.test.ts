import { describe, expect, it } from 'vitest';
import { WranglerError, wranglerOutput } from '../../local/wranglerOutput.ts';

/** Wrangler takes seconds to load on a machine that is busy. */
const LOADED_MS = 60_000;

describe('what wrangler prints for a command', { timeout: LOADED_MS }, () => {
  it('is read from its standard output', async () => {
    await expect(wranglerOutput(['--version'])).resolves.toMatch(/^\d+\.\d+\.\d+\s*$/);
  });

  it('says of a failure what is wrong, in plain text without colours or empty lines', async () => {
    const error = await wranglerOutput(['no-such-command']).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(WranglerError);
    const { message } = error as WranglerError;
    expect(message).toContain('no-such-command');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the character that colours begin with.
    expect(message).not.toMatch(/\u001b|\n\s*\n/);
  });
});

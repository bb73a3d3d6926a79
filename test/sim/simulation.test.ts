/** A short run of the simulation, and proof that it can fail: the whole is `npm run simulate`. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { LIMITS } from './limits.ts';
import { MUTANTS } from './mutants/catalogue.ts';
import { applyPatch } from './patch.ts';

const ROOT = path.join(import.meta.dirname, '../..');

/** A run of the command: it patches modules as Node loads them, so that it needs a process of its own. */
async function simulate(...args: string[]): Promise<{ code: number; output: string }> {
  const command = [path.join(import.meta.dirname, 'main.ts'), ...args];
  try {
    const { stdout } = await promisify(execFile)(process.execPath, command, { maxBuffer: 10_000_000 });
    return { code: 0, output: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, output: stdout + stderr };
  }
}

describe('the simulation', () => {
  it('finds every promise held', async () => {
    const { code, output } = await simulate('--seed', '1', '--runs', '16', '--steps', '600');
    expect(output).toMatch(/16 seeds × 600 steps, \d+ events, .* every promise held/);
    expect(code).toBe(0);
  });

  it.each(['no-dedupe-by-command-id', 'no-gap-check', 'cursor-moves-before-the-send'])(
    'catches the deliberate bug %s, and says how to see it again',
    async (name) => {
      const { code, output } = await simulate('--mutant', name, '--runs', '100', '--trace', '5');
      // Which of the promises it is that breaks first is a matter of the seed.
      const [, check = 'none'] = /broke a promise: (.*)/.exec(output) ?? [];
      expect(output).toMatch(new RegExp(`${name} +${check}`));
      const [, args = ''] = /repeat it with: npm run simulate -- (.*)/.exec(output) ?? [];
      expect(code).toBe(0);
      const again = await simulate(...args.split(' '), '--trace', '5');
      expect(again.output).toContain(`broke a promise: ${check}`);
    },
  );

  it('gives the same run for the same seed', async () => {
    // A run with ciphertexts, which stand in hashes and with them in ids.
    const args = ['--mutant', 'erased-is-only-masked', '--seed', '1', '--trace', '200'];
    const [first, second] = await Promise.all([simulate(...args), simulate(...args)]);
    const trace = ({ output }: { output: string }) =>
      output.split('\n').filter((line) => /^ *\d+ +\d+\.\d{3}s/.test(line));
    expect(trace(first).length).toBeGreaterThan(20);
    expect(trace(first)).toEqual(trace(second));
  });

  it('refuses options that it does not know', async () => {
    expect(await simulate('--runs', 'many')).toMatchObject({ code: 2 });
    expect(await simulate('--mutant', 'unheard-of')).toMatchObject({ code: 2 });
  });
});

describe('the deliberate bugs', () => {
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s still applies', (_, { patches }) => {
    const files = new Map<string, string>();
    for (const patch of [...LIMITS, ...patches]) {
      const source = files.get(patch.file) ?? readFileSync(path.join(ROOT, patch.file), 'utf8');
      files.set(patch.file, applyPatch(source, patch));
    }
    expect(files.size).toBeGreaterThan(0);
  });

  it('are documented', () => {
    const page = readFileSync(path.join(ROOT, 'docs/simulation.md'), 'utf8');
    const rows = page.split('\n').map((line) => line.split('|').map((cell) => cell.trim()));
    for (const { name, breaks } of MUTANTS) {
      expect(rows.find(([, first]) => first === `\`${name}\``)?.[2], name).toBe(breaks);
    }
  });
});

/** The house rules, held against the repository. `bite.test.ts` shows that each of them can fail. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { banProblems } from './bans.ts';
import { BETTER_LEFT, importCircles } from './circles.ts';
import { importProblems, undeclaredPackages } from './imports.ts';
import { longFiles, longFunctions, undocumentedExports } from './size.ts';
import {
  PRODUCT_ROOMS,
  type Problem,
  problemText,
  ROOT,
  readSource,
  sourcePaths,
  TOOL_ROOMS,
} from './source.ts';
import { chattyPipes, machineNames, textFiles, unknownCommands } from './texts.ts';

const product = sourcePaths(PRODUCT_ROOMS).map(readSource);
const tools = sourcePaths(TOOL_ROOMS).map(readSource);
const all = [...product, ...tools];
const texts = textFiles();
const manifest = JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  devDependencies: Record<string, string>;
};

function expectNone(problems: readonly Problem[]): void {
  expect(problems.map(problemText)).toEqual([]);
}

describe('house rules', () => {
  it('find the rooms of the repository', () => {
    for (const room of [...PRODUCT_ROOMS, ...TOOL_ROOMS]) {
      expect(all.filter(({ path: file }) => file.startsWith(`${room}/`)).length, room).toBeGreaterThan(0);
    }
  });

  it('imports run one way', () => {
    expectNone(all.flatMap(importProblems));
  });

  it('no file leads back to itself by imports, types included', () => {
    expectNone(importCircles(all));
    // What is left would be a circle: nothing is excused that need not be.
    for (const file of Object.keys(BETTER_LEFT)) {
      const { [file]: _, ...others } = BETTER_LEFT;
      expect(importCircles(all, others), file).not.toEqual([]);
    }
  });

  it('every package that is imported is in package.json', () => {
    const declared = new Set(Object.keys({ ...manifest.dependencies, ...manifest.devDependencies }));
    expectNone(all.flatMap((source) => undeclaredPackages(source, declared)));
  });

  it('nothing that is banned is said', () => {
    expectNone(all.flatMap(banProblems));
  });

  it('functions fit a screen', () => {
    expectNone(all.flatMap(longFunctions));
  });

  it('files stay small, and those that are too large only shrink', () => {
    expectNone(longFiles(all));
  });

  it('every export of the product says what it is', () => {
    expectNone(undocumentedExports(product));
  });

  it('commands that documents name exist', () => {
    const scripts = new Set(Object.keys(manifest.scripts));
    expectNone(texts.flatMap((file) => unknownCommands(file, scripts)));
  });

  it('commands that are piped in documents print nothing but what they are for', () => {
    expectNone(texts.flatMap(chattyPipes));
  });

  it('nothing names a machine: no local path, no registry', () => {
    expectNone(texts.flatMap(machineNames));
  });

  it('every pinned version is exact', () => {
    const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))).toEqual([]);
  });
});

/** Import circles: files that lead back to themselves by what they take from one another, types included. */
import path from 'node:path';
import type { Problem, Source } from './source.ts';

/**
 * Files of which the types lead back, and why that is better left: what they take as types from the named files is not counted.
 */
export const BETTER_LEFT: Readonly<Record<string, { readonly from: RegExp; readonly reason: string }>> = {
  'actors/env.ts': {
    from: /^actors\/\w+\/actor\.ts$/,
    reason:
      'the type of a binding is the class behind it, and the class is given these bindings: so the platform has it',
  },
  'workers/env.ts': { from: /^workers\/streams\/actor\.ts$/, reason: 'the same, for the hub of streams' },
};

/**
 * Every group of files in which each leads to each other by imports. A file of a circle cannot be read, moved or tested
 * without the others: what they share belongs into the file that owns it.
 */
export function importCircles(sources: readonly Source[], left = BETTER_LEFT): Problem[] {
  const targets = new Map(sources.map((source) => [source.path, targetsOf(source, left)]));
  return groups(targets).map((files) => ({
    rule: 'circles',
    where: files[0] as string,
    message: `a circle of imports: ${wayBack(files[0] as string, files, targets).join(' → ')}`,
  }));
}

/** The files that a file takes something from. */
function targetsOf({ path: file, imports }: Source, left: typeof BETTER_LEFT): string[] {
  return imports
    .filter(({ specifier }) => specifier.startsWith('.'))
    .map(({ specifier, typeOnly }) => ({
      target: path.posix.join(path.posix.dirname(file), specifier),
      typeOnly,
    }))
    .filter(({ target, typeOnly }) => !(typeOnly && left[file]?.from.test(target)))
    .map(({ target }) => target);
}

/** Strongly connected components of more than one file (Tarjan 1972), each in the order of its names. */
function groups(targets: ReadonlyMap<string, readonly string[]>): string[][] {
  const indexes = new Map<string, number>();
  const lows = new Map<string, number>();
  const open: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): number => {
    const index = indexes.size;
    indexes.set(file, index);
    open.push(file);
    let low = index;
    for (const target of targets.get(file) ?? []) {
      if (!targets.has(target)) continue;
      if (!indexes.has(target)) low = Math.min(low, visit(target));
      else if (open.includes(target)) low = Math.min(low, indexes.get(target) as number);
    }
    lows.set(file, low);
    if (low === index) {
      const group = open.splice(open.indexOf(file));
      if (group.length > 1) found.push(group.sort());
    }
    return low;
  };
  for (const file of targets.keys()) if (!indexes.has(file)) visit(file);
  return found.sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
}

/** The shortest way from a file of a group back to it. */
function wayBack(
  from: string,
  group: readonly string[],
  targets: ReadonlyMap<string, readonly string[]>,
): string[] {
  let ways: string[][] = [[from]];
  const seen = new Set<string>();
  while (ways.length > 0) {
    const longer: string[][] = [];
    for (const way of ways) {
      for (const target of targets.get(way.at(-1) as string) ?? []) {
        if (target === from) return [...way, from];
        if (!group.includes(target) || seen.has(target)) continue;
        seen.add(target);
        longer.push([...way, target]);
      }
    }
    ways = longer;
  }
  return [...group];
}

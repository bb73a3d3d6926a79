/** A CPU profile as a list of the functions that took the time, by their names in the sources. */
import { readFileSync } from 'node:fs';
import { SourceMap, type SourceMapPayload, type SourceMapping } from 'node:module';
import { dirname, relative, resolve } from 'node:path';
import { REPOSITORY } from '../../local/config.ts';

interface CallFrame {
  readonly functionName: string;
  readonly url: string;
  readonly lineNumber: number;
  readonly columnNumber: number;
}

interface ProfileNode {
  readonly id: number;
  readonly callFrame: CallFrame;
  readonly children?: readonly number[];
}

/** A profile as V8 gives it. */
export interface CpuProfile {
  readonly nodes: readonly ProfileNode[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Functions listed. */
const LISTED = 45;

interface Cost {
  self: number;
  total: number;
}

/**
 * Samples that found an isolate doing something. Of an isolate that is not running there are none at all, so that the
 * times between samples say nothing where several isolates share a thread.
 */
export function busySamples({ nodes, samples }: CpuProfile): number {
  const names = new Map(nodes.map(({ id, callFrame }) => [id, callFrame.functionName]));
  return samples.filter((id) => !['(idle)', '(program)', '(root)'].includes(names.get(id) ?? '')).length;
}

/** The functions with the most time of their own, and how much each took of a command. */
export function hottest(profile: CpuProfile, commands: number, sourceMapFile: string): string {
  const costs = costsByFunction(profile, new Sources(sourceMapFile));
  const all = [...costs.values()].reduce((sum, { self }) => sum + self, 0);
  const line = ([name, { self, total }]: [string, Cost]) =>
    `${((self / all) * 100).toFixed(1).padStart(6)} % ${(self / commands).toFixed(2).padStart(8)} ` +
    `${(total / commands).toFixed(2).padStart(9)}  ${name}`;
  const listed = [...costs].sort(([, a], [, b]) => b.self - a.self).slice(0, LISTED);
  return [
    `JavaScript: ${(all / commands).toFixed(1)} µs a command over ${commands} commands, (idle) and (program) included`,
    '    self   µs self  µs total  function (µs a command; total includes what it calls)',
    ...listed.map(line),
  ].join('\n');
}

function costsByFunction({ nodes, samples, timeDeltas }: CpuProfile, sources: Sources): Map<string, Cost> {
  const names = new Map(nodes.map((node) => [node.id, sources.nameOf(node.callFrame)]));
  const parents = new Map(
    nodes.flatMap((node) => (node.children ?? []).map((child) => [child, node.id] as const)),
  );
  const selfById = new Map<number, number>();
  samples.forEach((id, index) => {
    selfById.set(id, (selfById.get(id) ?? 0) + (timeDeltas[index] ?? 0));
  });
  const costs = new Map<string, Cost>();
  for (const [id, self] of selfById) {
    // A recursive function is charged once for what is below it.
    const charged = new Set<string>();
    for (let at: number | undefined = id; at !== undefined; at = parents.get(at)) {
      const name = names.get(at) ?? '(unknown)';
      const cost = costs.get(name) ?? { self: 0, total: 0 };
      if (at === id) cost.self += self;
      if (!charged.has(name)) cost.total += self;
      charged.add(name);
      costs.set(name, cost);
    }
  }
  return costs;
}

/** From a position in the bundle to a position in the sources. */
class Sources {
  readonly #map: SourceMap;
  readonly #folder: string;

  constructor(file: string) {
    this.#map = new SourceMap(JSON.parse(readFileSync(file, 'utf8')) as SourceMapPayload);
    this.#folder = dirname(file);
  }

  nameOf({ functionName, url, lineNumber, columnNumber }: CallFrame): string {
    const name = functionName === '' ? '(anonymous)' : functionName;
    if (url === '') return name;
    const entry: Partial<SourceMapping> = url.endsWith('worker.js')
      ? this.#map.findEntry(lineNumber, columnNumber)
      : {};
    if (entry.originalSource === undefined) return `${name}  ${url.split('/').at(-1)}:${lineNumber + 1}`;
    const source = relative(REPOSITORY, resolve(this.#folder, entry.originalSource));
    return `${name}  ${source}:${(entry.originalLine ?? 0) + 1}`;
  }
}

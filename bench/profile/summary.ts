/** A CPU profile as a list of the functions that took the time. */

interface ProfileNode {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string; readonly lineNumber: number };
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

/** The functions with the most time of their own, and how much each took of a command. */
export function hottest(profile: CpuProfile, commands: number): string {
  const costs = costsByFunction(profile);
  const all = [...costs.values()].reduce((sum, { self }) => sum + self, 0);
  const line = ([name, { self, total }]: [string, Cost]) =>
    `${((self / all) * 100).toFixed(1).padStart(6)} % ${(self / commands).toFixed(2).padStart(8)} ` +
    `${(total / commands).toFixed(2).padStart(8)}  ${name}`;
  const listed = [...costs].sort(([, a], [, b]) => b.self - a.self).slice(0, LISTED);
  return [
    `${(all / commands).toFixed(1)} µs a command over ${commands} commands; idle time counts as (idle)`,
    '    self  µs self µs total  function (a command; total includes what it calls)',
    ...listed.map(line),
  ].join('\n');
}

function costsByFunction({ nodes, samples, timeDeltas }: CpuProfile): Map<string, Cost> {
  const byId = new Map(nodes.map((node) => [node.id, node]));
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
      const name = nameOf(byId.get(at));
      const cost = costs.get(name) ?? { self: 0, total: 0 };
      if (at === id) cost.self += self;
      if (!charged.has(name)) cost.total += self;
      charged.add(name);
      costs.set(name, cost);
    }
  }
  return costs;
}

function nameOf(node: ProfileNode | undefined): string {
  if (node === undefined) return '(unknown)';
  const { functionName, url, lineNumber } = node.callFrame;
  const file = url === '' ? '' : ` ${url.split('/').at(-1)}:${lineNumber + 1}`;
  return `${functionName === '' ? '(anonymous)' : functionName}${file}`;
}

/** Projectors that cannot take marked events until somebody repairs them. */
import type { Collector, ProjectedEvent, RebuildableProjector } from '../../../queues/kernel/projector.ts';
import type { ViewName } from '../../../schemas/tables/views.ts';

/** The views that the simulation's aggregates are in. */
export const SIMULATED_VIEWS = [
  'accounts',
  'positions',
  'trades',
  'journal',
] as const satisfies readonly ViewName[];
export type SimulatedView = (typeof SIMULATED_VIEWS)[number];

/** How a marked event breaks its view: in the projector's code, or in the database. */
export const POISONS = ['throw', 'data'] as const;
export type Poison = (typeof POISONS)[number];

const MARK = /^poison:(throw|data):(\w+)$/;

/** The text that marks a deposit as poison for a view. */
export function poisonMark(poison: Poison, view: SimulatedView): string {
  return `poison:${poison}:${view}`;
}

/** What a deposit's reference poisons, and how. */
export function poisonOf(reference: unknown): { poison: Poison; view: SimulatedView } | undefined {
  const [, poison, view] = MARK.exec(String(reference)) ?? [];
  if (poison === undefined || !SIMULATED_VIEWS.includes(view as SimulatedView)) return undefined;
  return { poison: poison as Poison, view: view as SimulatedView };
}

/** A row that the database refuses for its data. */
const BAD_ROW = { sql: 'INSERT INTO views (view, live, building) VALUES (NULL, NULL, NULL)', parameters: [] };

/** The projectors, broken for marked events as long as `broken()` says so. */
export function poisoned(
  projectors: readonly RebuildableProjector[],
  broken: () => boolean,
): RebuildableProjector[] {
  return projectors.map((projector) => ({
    ...projector,
    collector: (target) => poisonedCollector(projector.view, projector.collector(target), broken),
  }));
}

function poisonedCollector(view: ViewName, collector: Collector, broken: () => boolean): Collector {
  let bad = false;
  return {
    add(event: ProjectedEvent) {
      const mark = broken() ? poisonOf(event.current.reference) : undefined;
      if (mark?.view === view && mark.poison === 'throw') throw new Error('poison');
      if (mark?.view === view) bad = true;
      collector.add(event);
    },
    statements: () => (bad ? [...collector.statements(), BAD_ROW] : collector.statements()),
  };
}

/** Projectors that cannot take marked events until somebody repairs them. */
import type { Collector, ProjectedEvent, RebuildableProjector } from '../../../queues/kernel/projector.ts';
import type { ViewName } from '../../../schemas/tables/views.ts';

/** The views that a deposit, and those that a delivery of stock, may be poison for. */
export const DEPOSIT_POISONED_VIEWS = ['accounts', 'positions', 'trades', 'journal'] as const;
export const STOCK_POISONED_VIEWS = ['inventory', 'journal'] as const;
export type PoisonedView = (typeof DEPOSIT_POISONED_VIEWS | typeof STOCK_POISONED_VIEWS)[number];

/** How a marked event breaks its view: in the projector's code, or in the database. */
export const POISONS = ['throw', 'data'] as const;
export type Poison = (typeof POISONS)[number];

const MARK = /^poison:(throw|data):(\w+)$/;

/** The text that marks an event as poison for a view. */
export function poisonMark(poison: Poison, view: PoisonedView): string {
  return `poison:${poison}:${view}`;
}

/** What an event's reference poisons, and how. */
export function poisonOf(reference: unknown): { poison: Poison; view: PoisonedView } | undefined {
  const [, poison, view] = MARK.exec(String(reference)) ?? [];
  if (poison === undefined) return undefined;
  return { poison: poison as Poison, view: view as PoisonedView };
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

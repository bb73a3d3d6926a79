/**
 * The release before all others: it wrote events in the schema versions that are upcast ever since, and what is personal in the
 * clear. A run may begin with it; once it is replaced it does not come back.
 */
import type { AnyDecider } from '../../../actors/kernel/decider.ts';

type AnyDecision = ReturnType<AnyDecider['decide']>;
type Data = Readonly<Record<string, unknown>>;

interface OldEvent {
  /** What it wrote of the event's data. */
  written(data: Data): Data;
  /** The data as its own rules, and those of today, fold it. */
  read(data: Data): Data;
}

const asItIs = (data: Data): Data => data;

/** Events that were version 1. */
const OLD_EVENTS: Readonly<Record<string, OldEvent>> = {
  AccountOpened: {
    written: ({ accountType: _, ...data }) => data,
    read: (data) => ({ accountType: 'INDIVIDUAL', ...data }),
  },
  OrderPlaced: {
    written: ({ country: _, ...data }) => data,
    read: (data) => ({ country: (data.shipTo as { country?: string }).country ?? null, ...data }),
  },
  ShipmentCreated: { written: asItIs, read: asItIs },
  PaymentAuthorizationRequested: { written: asItIs, read: asItIs },
};

/** The schema version in which an event of it is stored; undefined for what has not changed since (`limits.ts`). */
export function schemaVersionBefore(eventType: string): number | undefined {
  return eventType in OLD_EVENTS ? 1 : undefined;
}

/** The rules of an aggregate as they were: they decide as those of today, and write what was written then. */
export function writtenBefore(decider: AnyDecider): AnyDecider & {
  readonly schemaVersionOf: typeof schemaVersionBefore;
} {
  return {
    ...decider,
    schemaVersionOf: schemaVersionBefore,
    // What it has put into snapshots is of another shape.
    stateVersion: decider.stateVersion - 1,
    decide: (command, state) => written(decider.decide(command, state)),
    evolve: (state, { type, data }) =>
      decider.evolve(state, { type, data: (OLD_EVENTS[type]?.read ?? asItIs)(data as Data) }),
  };
}

function written(decision: AnyDecision): AnyDecision {
  if (!decision.accepted) return decision;
  const events = decision.events.map(({ type, data }) => ({
    type,
    data: (OLD_EVENTS[type]?.written ?? asItIs)(data as Data),
  }));
  return { ...decision, events: events as unknown as typeof decision.events };
}

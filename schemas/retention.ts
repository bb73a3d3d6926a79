/**
 * How long events have to be kept, by type and jurisdiction. An aggregate's chain is kept whole, since a part of it proves
 * little: the longest term of its event types holds for all of them. An environment serves one jurisdiction, in which its
 * bucket lies.
 */
import { EVENTS } from './eventTypes.ts';

/** Years that an archived event is kept: under lock for as long, removed some time after. */
export const RETENTION_YEARS = [7, 10] as const;
export type RetentionYears = (typeof RETENTION_YEARS)[number];

/** Jurisdictions with terms of their own; `default` is everywhere else. */
export const JURISDICTIONS = ['default', 'eu', 'us'] as const;
export type Jurisdiction = (typeof JURISDICTIONS)[number];

type EventType = { [Type in keyof typeof EVENTS]: keyof (typeof EVENTS)[Type] }[keyof typeof EVENTS];
type Terms = Readonly<Record<Jurisdiction, RetentionYears>>;

/** Books and records: ten years where tax law asks for it (eu), seven elsewhere. */
const LEDGER: Terms = { default: 7, eu: 10, us: 7 };
/** Orders and trades: ten years everywhere, which covers every market rule that this platform has met. */
const TRADE: Terms = { default: 10, eu: 10, us: 10 };
/** What changes how an account may be used. */
const CONTROL: Terms = { default: 7, eu: 7, us: 7 };

/** The term of every event type. */
export const RETENTION: Readonly<Record<EventType, Terms>> = {
  AccountOpened: LEDGER,
  FundsDeposited: LEDGER,
  FundsWithdrawn: LEDGER,
  TradeExecuted: TRADE,
  LimitsSet: CONTROL,
  AccountFrozen: CONTROL,
  AccountUnfrozen: CONTROL,
  AccountClosed: LEDGER,
};

/** Years that an aggregate's events are kept; the longest term there is where the type is unknown here. */
export function retentionYears(aggregateType: string, jurisdiction: Jurisdiction): RetentionYears {
  if (!Object.hasOwn(EVENTS, aggregateType)) return Math.max(...RETENTION_YEARS) as RetentionYears;
  const types = Object.keys(EVENTS[aggregateType as keyof typeof EVENTS]) as EventType[];
  return Math.max(...types.map((type) => RETENTION[type][jurisdiction])) as RetentionYears;
}

/** The jurisdiction of this name. Throws on an unknown one: the environment is set up wrongly. */
export function jurisdictionOf(name: string | undefined): Jurisdiction {
  const found = JURISDICTIONS.find((known) => known === (name ?? 'default'));
  if (found === undefined) throw new Error(`no retention terms for the jurisdiction ${name}`);
  return found;
}

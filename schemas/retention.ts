/**
 * How long events have to be kept, by type and jurisdiction. An aggregate's chain is kept whole, since a part of it proves
 * little: the longest term of its event types holds for all of them. An environment serves one jurisdiction, in which its
 * bucket lies.
 */
import type { EVENTS } from './eventTypes.ts';

/** Years that an archived event is kept: under lock for as long, removed some time after. */
export const RETENTION_YEARS = [7, 10] as const;
export type RetentionYears = (typeof RETENTION_YEARS)[number];

/** Jurisdictions with terms of their own; `default` is everywhere else. */
export const JURISDICTIONS = ['default', 'eu', 'us'] as const;
export type Jurisdiction = (typeof JURISDICTIONS)[number];

type Terms = Readonly<Record<Jurisdiction, RetentionYears>>;

/** Terms of an aggregate type's events: of those that are named, and of all `others`. */
type EventTerms<Events> = { readonly others: Terms } & { readonly [Type in keyof Events]?: Terms };

/** Books and records: ten years where tax law asks for it (eu), seven elsewhere. */
const LEDGER: Terms = { default: 7, eu: 10, us: 7 };
/** Trades: ten years everywhere, which covers every market rule that this platform has met. */
const TRADE: Terms = { default: 10, eu: 10, us: 10 };
/** What moves neither money nor property. */
const CONTROL: Terms = { default: 7, eu: 7, us: 7 };

/** The terms of every aggregate type: a new one does not compile without. */
export const RETENTION: { readonly [Type in keyof typeof EVENTS]: EventTerms<(typeof EVENTS)[Type]> } = {
  account: {
    others: LEDGER,
    TradeExecuted: TRADE,
    TradeCorrected: TRADE,
    TradeCancelled: TRADE,
    LimitsSet: CONTROL,
    AccountFrozen: CONTROL,
    AccountUnfrozen: CONTROL,
  },
  product: { others: CONTROL },
  inventory: { others: CONTROL },
  order: { others: LEDGER },
  payment: { others: LEDGER },
  shipment: { others: CONTROL },
  serviceKey: { others: CONTROL },
  accessLog: { others: CONTROL },
  reconciliation: { others: CONTROL },
  // The account of how money moved between accounts, and what an order led to.
  saga: { others: LEDGER },
  // The evidence that somebody was erased, and why somebody was not.
  subject: { others: LEDGER },
};

/** Years that an aggregate's events are kept; the longest term there is where the type is unknown here. */
export function retentionYears(aggregateType: string, jurisdiction: Jurisdiction): RetentionYears {
  const terms = Object.entries(RETENTION).find(([type]) => type === aggregateType)?.[1];
  if (terms === undefined) return Math.max(...RETENTION_YEARS) as RetentionYears;
  return Math.max(...Object.values(terms).map((term) => term[jurisdiction])) as RetentionYears;
}

/** The jurisdiction of this name. Throws on an unknown one: the environment is set up wrongly. */
export function jurisdictionOf(name: string | undefined): Jurisdiction {
  const found = JURISDICTIONS.find((known) => known === (name ?? 'default'));
  if (found === undefined) throw new Error(`no retention terms for the jurisdiction ${name}`);
  return found;
}

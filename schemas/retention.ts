/**
 * How long events have to be kept: each type has a class, and a class has a term in each jurisdiction. An aggregate's chain is
 * kept whole, since a part of it proves little: the longest term of its event types holds for all of them. An environment serves
 * one jurisdiction, in which its bucket lies.
 */
import type { EVENTS } from './eventTypes.ts';

/** Years that an archived event is kept: under lock for as long, removed some time after. */
export const RETENTION_YEARS = [7, 10] as const;
export type RetentionYears = (typeof RETENTION_YEARS)[number];

/** Jurisdictions with terms of their own; `default` is everywhere else. */
export const JURISDICTIONS = ['default', 'eu', 'us'] as const;
export type Jurisdiction = (typeof JURISDICTIONS)[number];

/** Terms of an event in years, by jurisdiction. */
type Terms = Readonly<Record<Jurisdiction, RetentionYears>>;

/** Classes of events: why they are kept, and for how long. */
export const RETENTION_CLASSES = {
  trade: {
    what: 'trades and what was made of them: the longest that market rules ask for',
    terms: { default: 10, eu: 10, us: 10 },
  },
  ledger: {
    what: 'books and records: ten years where tax law asks for it, seven elsewhere',
    terms: { default: 7, eu: 10, us: 7 },
  },
  control: {
    what: 'what moves neither money nor property',
    terms: { default: 7, eu: 7, us: 7 },
  },
} as const satisfies Readonly<Record<string, { readonly what: string; readonly terms: Terms }>>;
export type RetentionClass = keyof typeof RETENTION_CLASSES;

type ClassesOf<Events> = { readonly [Type in keyof Events]: RetentionClass };

/** The class of every event type: a new one does not compile without. */
export const RETENTION: { readonly [Type in keyof typeof EVENTS]: ClassesOf<(typeof EVENTS)[Type]> } = {
  account: {
    AccountOpened: 'ledger',
    FundsDeposited: 'ledger',
    FundsWithdrawn: 'ledger',
    TradeExecuted: 'trade',
    TradeCorrected: 'trade',
    TradeCancelled: 'trade',
    LimitsSet: 'control',
    AccountFrozen: 'control',
    AccountUnfrozen: 'control',
    AccountClosed: 'ledger',
    FundsReserved: 'ledger',
    FundsReleased: 'ledger',
    FundsReservationExpired: 'ledger',
    FundsTransferredOut: 'ledger',
    TransferAccepted: 'ledger',
    TransferCancelled: 'ledger',
    FundsTransferredIn: 'ledger',
  },
  product: {
    ProductPut: 'control',
  },
  // What moves neither money nor property of others.
  inventory: {
    StockReceived: 'control',
    StockAdjusted: 'control',
    StockReserved: 'control',
    ReservationReleased: 'control',
    ReservationBarred: 'control',
    ReservationExpired: 'control',
    ReservationCommitted: 'control',
  },
  order: {
    OrderPlaced: 'ledger',
    OrderConfirmed: 'ledger',
    OrderShipped: 'ledger',
    ShipmentRecorded: 'ledger',
    OrderDelivered: 'ledger',
    OrderCancelled: 'ledger',
  },
  payment: {
    PaymentAuthorizationRequested: 'ledger',
    PaymentAuthorized: 'ledger',
    PaymentDeclined: 'ledger',
    PaymentFailed: 'ledger',
    CaptureRequested: 'ledger',
    PaymentCaptured: 'ledger',
    CaptureFailed: 'ledger',
    VoidRequested: 'ledger',
    PaymentVoided: 'ledger',
    VoidFailed: 'ledger',
    RefundRequested: 'ledger',
    PaymentRefunded: 'ledger',
    RefundFailed: 'ledger',
    ProviderAnswerPending: 'ledger',
    ProviderCallFailed: 'ledger',
  },
  shipment: {
    ShipmentCreated: 'control',
    ShipmentDispatched: 'control',
    ShipmentDelivered: 'control',
  },
  serviceKey: {
    ServiceKeyIssued: 'control',
    ServiceKeyRotated: 'control',
    ServiceKeyRevoked: 'control',
  },
  accessLog: {
    AccessDenied: 'control',
  },
  reconciliation: {
    FindingOpened: 'control',
    FindingClosed: 'control',
  },
  // The account of how money moved between accounts, and what an order led to.
  saga: {
    SagaStarted: 'ledger',
    StepsStarted: 'ledger',
    StepsAdded: 'ledger',
    StepAccepted: 'ledger',
    StepCompleted: 'ledger',
    StepPutOff: 'ledger',
    StepRefused: 'ledger',
    StepFailed: 'ledger',
    StepTimedOut: 'ledger',
    EventObserved: 'ledger',
    CompensationStarted: 'ledger',
    StepCompensated: 'ledger',
    CompensationAccepted: 'ledger',
    CompensationCalledOff: 'ledger',
    CompensationPutOff: 'ledger',
    CompensationFailed: 'ledger',
    StepSucceededLate: 'ledger',
    SagaParked: 'ledger',
    SagaRetried: 'ledger',
    SagaSettled: 'ledger',
    SagaCompleted: 'ledger',
    SagaCompensated: 'ledger',
  },
  // The evidence that somebody was erased, and why somebody was not.
  subject: {
    SubjectKeyCreated: 'ledger',
    SubjectKeyRotated: 'ledger',
    LegalHoldPlaced: 'ledger',
    LegalHoldLifted: 'ledger',
    SubjectErased: 'ledger',
    SubjectKeysBackedUp: 'ledger',
    SubjectKeysRecovered: 'ledger',
    SubjectBackupErased: 'ledger',
  },
};

/** How long an aggregate's log is kept, and the class that asks for it. */
export interface Retention {
  /** The first of those with the longest term; null where nobody here knows the events. */
  readonly class: RetentionClass | null;
  readonly years: RetentionYears;
}

/**
 * How long logs of a type are kept: as long as the longest term of any event that they may have, since an older part without
 * the newer ones proves as little as the other way round. The longest there is where the aggregate type, or one of the types of
 * event that are to be kept, is unknown to this release.
 */
export function retentionOf(
  aggregateType: string,
  jurisdiction: Jurisdiction,
  eventTypes: Iterable<string> = [],
): Retention {
  const classes: Readonly<Record<string, RetentionClass>> | undefined = Object.entries(RETENTION).find(
    ([type]) => type === aggregateType,
  )?.[1];
  const isKnown = classes !== undefined && [...eventTypes].every((type) => Object.hasOwn(classes, type));
  if (!isKnown) return { class: null, years: Math.max(...RETENTION_YEARS) as RetentionYears };
  const used = new Set(Object.values(classes));
  return [...CLASSES]
    .filter((name) => used.has(name))
    .map((name) => ({ class: name, years: RETENTION_CLASSES[name].terms[jurisdiction] }))
    .reduce((longest, each) => (each.years > longest.years ? each : longest));
}

const CLASSES = Object.keys(RETENTION_CLASSES) as RetentionClass[];

/** The jurisdiction of this name. Throws on an unknown one: the environment is set up wrongly. */
export function jurisdictionOf(name: string | undefined): Jurisdiction {
  const found = JURISDICTIONS.find((known) => known === (name ?? 'default'));
  if (found === undefined) throw new Error(`no retention terms for the jurisdiction ${name}`);
  return found;
}

/** What becomes of archived segments at the end of their terms: they are removed, or nothing is, whatever its term. */
export const ARCHIVE_REMOVALS = ['AFTER_TERM', 'SUSPENDED'] as const;
export type ArchiveRemoval = (typeof ARCHIVE_REMOVALS)[number];

/** What the setting `ARCHIVE_REMOVAL` may say. */
export const ARCHIVE_REMOVAL_SETTINGS: ReadonlyMap<string, ArchiveRemoval> = new Map([
  ['after-term', 'AFTER_TERM'],
  ['suspended', 'SUSPENDED'],
]);

/** What the setting `ARCHIVE_REMOVAL` says; it may be absent. Throws where it says neither: the environment is set up wrongly. */
export function archiveRemovalOf(setting: string | undefined): ArchiveRemoval {
  const removal = ARCHIVE_REMOVAL_SETTINGS.get(setting ?? 'after-term');
  if (removal === undefined) {
    const settings = Array.from(ARCHIVE_REMOVAL_SETTINGS.keys(), (known) => `"${known}"`).join(' or ');
    throw new Error(`ARCHIVE_REMOVAL is ${settings}, and not "${setting}"`);
  }
  return removal;
}

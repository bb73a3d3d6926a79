/** The shape of every read model: what it takes from an event, and the statements that store it. */
import type { AggregateType } from '../../schemas/aggregates.ts';
import type { EventsMessage, PublishedEvent } from '../../schemas/message.ts';
import type { Colour, ViewName } from '../../schemas/tables/views.ts';
import { upcast } from '../../schemas/upcasts.ts';
import type { Statement } from './database.ts';
import type { AggregateKey, ViewTarget } from './positions.ts';

/** An event on its way into the views, with its owner and the message that brought it. */
export class ProjectedEvent {
  readonly aggregateType: string;
  readonly aggregateId: string;
  readonly version: number;
  readonly eventType: string;
  readonly schemaVersion: number;
  readonly recordedAt: number;
  readonly published: PublishedEvent;
  readonly source: EventsMessage;
  #current: unknown;

  constructor(source: EventsMessage, published: PublishedEvent) {
    this.aggregateType = source.aggregateType;
    this.aggregateId = source.aggregateId;
    this.version = published.version;
    this.eventType = published.eventType;
    this.schemaVersion = published.schemaVersion;
    this.recordedAt = published.recordedAt;
    this.published = published;
    this.source = source;
  }

  /**
   * The data upcast to the newest shape, once for all views. Throws where this release knows no way there: then the event
   * is poison for the views that ask, and for no other.
   */
  // biome-ignore lint/suspicious/noExplicitAny: each projector narrows by event type, as its schema says
  get current(): any {
    this.#current ??= upcast(this.eventType, this.schemaVersion, this.published.data);
    return this.#current;
  }
}

/** Gathers one batch's rows for one view. */
export interface Collector {
  /** Takes what the view needs from an event, or throws and takes nothing: then the event is poison for this view. */
  add(event: ProjectedEvent): void;
  /** Set-based statements, whose number hardly grows with the rows'. */
  statements(): Statement[];
}

/** An aggregate as its own actor has it at a version. */
export interface OwnerState {
  /** The actor's fold: made by the decider, without any projector. */
  readonly state: unknown;
  /** Hash of the event of that version, hexadecimal. */
  readonly hash: string;
}

/** An owner with an event that this release does not know, or cannot fold: what is wrong with it. */
export interface UnknownOwner {
  readonly unknown: string;
}

/** How the tables of a view are found and taken apart, for rebuilding them. */
export interface ViewTable {
  name(colour: Colour): string;
  /** Columns of the primary key. */
  readonly key: readonly string[];
  /** Of the aggregate's type, where rows are of more than one. */
  readonly typeColumn?: string;
  readonly idColumn: string;
  /** The version that a row is about, where rows are about one: they are compared a range of versions at a time. */
  readonly versionColumn?: string;
  /** Whether rows have places among those of all aggregates: then one aggregate's cannot be made anew by themselves. */
  readonly isOneSequence?: true;
  /** Rows removed in one transaction: it stays under a second. */
  readonly clearRows: number;
}

/** A row of an audit: an aggregate's, whose type it says where the view is made of several. */
export type AuditRow = Readonly<Record<string, string | number | null>> & {
  readonly aggregateId: string;
  readonly aggregateType?: string;
};

/** How the rows of an aggregate are held against what its owner says. */
export interface ViewAudit {
  /** Rows of some aggregates. */
  statement(colour: Colour, keys: readonly AggregateKey[], journal: Colour): Statement;
  /** What is wrong with an aggregate's rows, for a person; undefined if nothing. */
  fault(rows: readonly AuditRow[], owner: OwnerState, version: number): string | undefined;
}

/** One read model. */
export interface Projector {
  readonly view: ViewName;
  /** Aggregate types that the view is made of; undefined for all. */
  readonly aggregateTypes?: readonly AggregateType[];
  collector(target: ViewTarget): Collector;
}

/** A read model that can be made anew from the logs. */
export interface RebuildableProjector extends Projector {
  readonly table: ViewTable;
  readonly audit: ViewAudit;
}

/** The projector of a view. */
export function projectorOf<Kind extends Projector>(
  projectors: readonly Kind[],
  { view }: Pick<ViewTarget, 'view'>,
): Kind {
  const projector = projectors.find((candidate) => candidate.view === view);
  if (projector === undefined) throw new Error(`no projector for view ${view}`);
  return projector;
}

/** Whether a view is made of aggregates of this type. */
export function takes({ aggregateTypes }: Projector, key: AggregateKey): boolean {
  return aggregateTypes === undefined || aggregateTypes.some((type) => type === key.aggregateType);
}

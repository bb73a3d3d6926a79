/** The shape of every read model: what it takes from an event, and the statements that store it. */
import type { PublishedEvent } from '../../schemas/message.ts';
import type { Colour, ViewName } from '../../schemas/tables/views.ts';
import type { Statement } from './database.ts';

/** An event on its way into a view, with its owner. `current` is its data upcast to the newest shape. */
export interface ProjectedEvent extends PublishedEvent {
  readonly aggregateType: string;
  readonly aggregateId: string;
  // biome-ignore lint/suspicious/noExplicitAny: each projector narrows by event type, as its schema says
  readonly current: any;
}

/** Gathers one batch's rows for one view. */
export interface Collector {
  /** Takes what the view needs from an event, or throws and takes nothing: then the event is poison for this view. */
  add(event: ProjectedEvent): void;
  /** Set-based statements: one JSON parameter of all rows each, which has no limit of bound parameters. */
  statements(): Statement[];
}

export interface Projector {
  readonly view: ViewName;
  /** Aggregate types that the view is made of; undefined for all. */
  readonly aggregateType?: string;
  collector(colour: Colour): Collector;
}

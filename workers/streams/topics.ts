/** What can be subscribed to: who may, and how it is read from the aggregate's own actor. */
import type { AccountState } from '../../actors/account/state.ts';
import type { AggregateType } from '../../schemas/aggregates.ts';
import type { Target } from '../access/principal.ts';
import type { AggregateActor } from '../aggregates.ts';
import { accountReply } from '../http/routes/accounts.ts';
import type { TopicName } from './frames.ts';

/** Events in one frame of a replay. */
export const REPLAY_EVENTS_MAX = 200;

/** Between two portfolios of one subscription: it shows the newest one, and nobody reads faster. */
export const PORTFOLIO_INTERVAL_MS = 100;

/** What a subscription shows next: a member of its frame, and the version that it brings the subscription to. */
export interface Page {
  readonly version: number;
  readonly member: string;
}

/** Which page is wanted. */
export interface WantedTopicPage {
  readonly afterVersion: number;
  /** A version that the log has. */
  readonly head: number;
  /** Of events, unless a single one has more. */
  readonly charactersMax: number;
}

/** One thing to subscribe to. */
export interface Topic {
  /** The operation whose row of the table of access says who may. */
  readonly operation: string;
  /** The types of aggregates that have it; undefined: all. */
  readonly of?: readonly AggregateType[];
  /** Whether it shows every version, so that a notice with the events is a page of it. */
  readonly showsEvents: boolean;
  /** Pause after a page. */
  readonly intervalMs: number;
  /** The page after a version. */
  read(actor: AggregateActor, target: Target, wanted: WantedTopicPage): Promise<Page>;
}

/** Topics by name. */
export const TOPICS: Readonly<Record<TopicName, Topic>> = {
  events: {
    operation: 'getEvents',
    showsEvents: true,
    intervalMs: 0,
    async read(actor, { aggregateType, aggregateId }, { afterVersion, head, charactersMax }) {
      const answer = await actor.eventPage({
        fromVersion: afterVersion + 1,
        eventsMax: Math.min(head - afterVersion, REPLAY_EVENTS_MAX),
        charactersMax,
      });
      const { toVersion, events } = answer;
      answer.events = '';
      if (toVersion <= afterVersion)
        throw new Error(`${aggregateType} ${aggregateId} has no version ${head}`);
      return eventsPage(toVersion, events);
    },
  },
  portfolio: {
    operation: 'getPortfolio',
    of: ['account'],
    showsEvents: false,
    intervalMs: PORTFOLIO_INTERVAL_MS,
    async read(actor, { aggregateId }) {
      const read = await actor.read();
      if (read === null) throw new Error(`account ${aggregateId} has a log and no state`);
      const { state, version } = read;
      const portfolio = accountReply(aggregateId, state as AccountState, version);
      return { version, member: `"portfolio":${JSON.stringify(portfolio)}` };
    },
  },
};

/** A page of events from the text of their array. */
export function eventsPage(version: number, events: string): Page {
  return { version, member: `"events":${events}` };
}

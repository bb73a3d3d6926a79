/** The rules of a day's log of refused access: there is none but that it is written. */
import type { AccessLogCommand, AccessLogEvent } from '../../schemas/accessLog.ts';
import type { Decider } from '../kernel/decider.ts';

/** What is known of the day without reading its log. */
export interface AccessLogState {
  denials: number;
}

/** The log's rules, as the kernel runs them. */
export const accessLogDecider: Decider<AccessLogState, AccessLogCommand, AccessLogEvent, never> = {
  aggregateType: 'accessLog',
  stateVersion: 1,
  initial: () => ({ denials: 0 }),
  decide: ({ data }) => ({ accepted: true, events: [{ type: 'AccessDenied', data }] }),
  evolve: ({ denials }, { data }) => ({ denials: denials + data.denials }),
};

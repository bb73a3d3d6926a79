/** A toy aggregate: a counter with what an account does not have, such as timers, commands that throw and large events. */

import type { Decider, Timer } from '../../actors/kernel/decider.ts';

export interface ToyState {
  total: number;
  events: number;
  /** Running timers: name → when it is due. */
  timers: Record<string, number>;
  fired: string[];
}

export type ToyCommand =
  | { readonly type: 'Add'; readonly data: { readonly amount: number } }
  | { readonly type: 'AddMany'; readonly data: { readonly amounts: readonly number[] } }
  | { readonly type: 'Create'; readonly data: { readonly thing: string } }
  | { readonly type: 'Note'; readonly data: { readonly text: string } }
  | { readonly type: 'Refuse'; readonly data: object }
  | { readonly type: 'Throw'; readonly data: object }
  | { readonly type: 'WritePoison'; readonly data: object }
  | { readonly type: 'WriteUnknown'; readonly data: object }
  | { readonly type: 'WriteNothing'; readonly data: object }
  | { readonly type: 'WriteFraction'; readonly data: object }
  | { readonly type: 'Start'; readonly data: { readonly timer: string; readonly dueAt: number } }
  | { readonly type: 'Ring'; readonly data: { readonly timer: string } };

export type ToyEvent =
  | { readonly type: 'Added'; readonly data: { readonly amount: number } }
  | { readonly type: 'Created'; readonly data: { readonly thing: string } }
  | { readonly type: 'Noted'; readonly data: { readonly text: string } }
  | { readonly type: 'Poisoned'; readonly data: object }
  | { readonly type: 'Started'; readonly data: { readonly timer: string; readonly dueAt: number } }
  | { readonly type: 'Rang'; readonly data: { readonly timer: string } };

/** Timers of this name are refused when they ring, and so are still running afterwards. */
export const STUCK = 'stuck';

/** Timers of this name throw when they ring. */
export const BROKEN = 'broken';

export const toyDecider: Decider<ToyState, ToyCommand, ToyEvent> = {
  aggregateType: 'toy',
  stateVersion: 1,
  initial: () => ({ total: 0, events: 0, timers: {}, fired: [] }),
  decide(command) {
    switch (command.type) {
      case 'Add':
        return { accepted: true, events: [{ type: 'Added', data: command.data }] };
      case 'AddMany':
        return {
          accepted: true,
          events: command.data.amounts.map((amount) => ({ type: 'Added', data: { amount } })) as never,
        };
      case 'Create':
        return { accepted: true, events: [{ type: 'Created', data: command.data }] };
      case 'Note':
        return { accepted: true, events: [{ type: 'Noted', data: command.data }] };
      case 'Refuse':
        return { accepted: false, refusal: { code: 'refused', detail: 'Refused.' } };
      case 'Throw':
        throw new Error('thrown by a decider');
      case 'WritePoison':
        return {
          accepted: true,
          events: [
            { type: 'Added', data: { amount: 1 } },
            { type: 'Poisoned', data: {} },
          ],
        };
      case 'WriteUnknown':
        return { accepted: true, events: [{ type: 'Unknown', data: {} } as never] };
      case 'WriteNothing':
        return { accepted: true, events: [] as never };
      case 'WriteFraction':
        return { accepted: true, events: [{ type: 'Added', data: { amount: 0.5 } }] };
      case 'Start':
        return { accepted: true, events: [{ type: 'Started', data: command.data }] };
      case 'Ring':
        if (command.data.timer === STUCK)
          return { accepted: false, refusal: { code: 'stuck', detail: 'Stuck.' } };
        if (command.data.timer === BROKEN) throw new Error('thrown by a timer');
        return { accepted: true, events: [{ type: 'Rang', data: command.data }] };
    }
  },
  evolve(state, event) {
    state.events++;
    switch (event.type) {
      case 'Added':
        state.total += event.data.amount;
        return state;
      case 'Created':
      case 'Noted':
        return state;
      case 'Poisoned':
        throw new Error('cannot be folded');
      case 'Started':
        state.timers[event.data.timer] = event.data.dueAt;
        return state;
      case 'Rang':
        delete state.timers[event.data.timer];
        state.fired.push(event.data.timer);
        return state;
    }
  },
  resourceId: (command) => (command.type === 'Create' ? command.data.thing : undefined),
  resourceIdOfEvent: (event) => (event.type === 'Created' ? event.data.thing : undefined),
  reply: (events) => ({ types: events.map(({ type }) => type) }),
  *timers(state): Iterable<Timer<ToyCommand>> {
    for (const [timer, dueAt] of Object.entries(state.timers).sort(([, a], [, b]) => a - b)) {
      yield { timer, dueAt, command: { type: 'Ring', data: { timer } } };
    }
  },
};

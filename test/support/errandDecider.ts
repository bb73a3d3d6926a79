/** A toy aggregate with effects: errands that are wanted until they are done, given up or put off. */
import type { Decider, Effect } from '../../actors/kernel/decider.ts';

/** Errands by name: from when each is wanted, or how it ended. */
export interface ErrandState {
  wanted: Record<string, number>;
  done: Record<string, string>;
}

export type ErrandCommand =
  | { readonly type: 'Want'; readonly data: { readonly errands: readonly string[]; readonly dueAt: number } }
  | { readonly type: 'GiveUp'; readonly data: { readonly errand: string } }
  | { readonly type: 'RecordDone'; readonly data: { readonly errand: string; readonly how: string } }
  | { readonly type: 'RecordFailure'; readonly data: { readonly errand: string; readonly retryAt: number } };

export type ErrandEvent =
  | { readonly type: 'Wanted'; readonly data: { readonly errand: string; readonly dueAt: number } }
  | { readonly type: 'GivenUp'; readonly data: { readonly errand: string } }
  | { readonly type: 'Done'; readonly data: { readonly errand: string; readonly how: string } };

/** Errands of this name cannot be recorded: the decider refuses their outcome. */
export const UNRECORDABLE = 'unrecordable';

export const errandDecider: Decider<ErrandState, ErrandCommand, ErrandEvent> = {
  aggregateType: 'errands',
  stateVersion: 1,
  initial: () => ({ wanted: {}, done: {} }),
  decide(command, state) {
    if (command.type === 'Want') {
      const { dueAt, errands } = command.data;
      const events = errands.map((errand) => ({ type: 'Wanted' as const, data: { errand, dueAt } }));
      return { accepted: true, events: events as never };
    }
    const { errand } = command.data;
    if (state.wanted[errand] === undefined || errand === UNRECORDABLE)
      return { accepted: false, refusal: { code: 'not_wanted', detail: `${errand} is not wanted.` } };
    if (command.type === 'GiveUp') return { accepted: true, events: [{ type: 'GivenUp', data: { errand } }] };
    if (command.type === 'RecordDone')
      return { accepted: true, events: [{ type: 'Done', data: { errand, how: command.data.how } }] };
    return {
      accepted: true,
      events: [{ type: 'Wanted', data: { errand, dueAt: command.data.retryAt } }],
    };
  },
  evolve(state, event) {
    const { errand } = event.data;
    if (event.type === 'Wanted') {
      state.wanted[errand] = event.data.dueAt;
      return state;
    }
    delete state.wanted[errand];
    if (event.type === 'Done') state.done[errand] = event.data.how;
    return state;
  },
  *effects(state): Iterable<Effect<string>> {
    for (const [errand, dueAt] of Object.entries(state.wanted))
      yield { effect: errand, dueAt, request: errand };
  },
};

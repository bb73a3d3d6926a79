/**
 * A toy aggregate with timers: holds that expire unless they are released. It exists in two releases whose states have
 * different shapes, and it can be made to throw where a decider must not.
 */
import type { Decider, Decision, Timed, Timer } from '../../../actors/kernel/decider.ts';

export type HoldCommand =
  | {
      readonly type: 'PlaceHolds';
      readonly data: {
        readonly milliseconds: number;
        readonly holdIds: readonly string[];
        readonly note: string;
      };
    }
  | { readonly type: 'ReleaseHold' | 'ExpireHold'; readonly data: { readonly holdId: string } }
  /** A bug in the rules: the kernel must survive it. */
  | { readonly type: 'Explode'; readonly data: { readonly where: 'decide' | 'evolve' } };

export type HoldEvent =
  | {
      readonly type: 'HoldPlaced';
      readonly data: { readonly dueAt: number; readonly holdId: string; readonly note: string };
    }
  | { readonly type: 'HoldReleased' | 'HoldExpired'; readonly data: { readonly holdId: string } }
  /** Accepted by the exploding command, folded by nobody: never to be found in a log. */
  | { readonly type: 'Exploded'; readonly data: Record<string, never> };

/** How a release keeps its open holds. */
interface Shape<State> {
  initial(): State;
  dueAt(state: Readonly<State>, holdId: string): number | undefined;
  place(state: State, holdId: string, dueAt: number): void;
  remove(state: State, holdId: string): void;
  open(state: Readonly<State>): [string, number][];
}

/** The first release: due times by hold. */
const RECORD: Shape<{ holds: Record<string, number> }> = {
  initial: () => ({ holds: {} }),
  dueAt: (state, holdId) => state.holds[holdId],
  place: (state, holdId, dueAt) => {
    state.holds[holdId] = dueAt;
  },
  remove: (state, holdId) => {
    delete state.holds[holdId];
  },
  open: (state) => Object.entries(state.holds),
};

/** The second release: a list of holds that also remembers how many there ever were. */
const LIST: Shape<{ open: { id: string; dueAt: number }[]; placed: number }> = {
  initial: () => ({ open: [], placed: 0 }),
  dueAt: (state, holdId) => state.open.find(({ id }) => id === holdId)?.dueAt,
  place: (state, holdId, dueAt) => {
    state.open.push({ id: holdId, dueAt });
    state.placed++;
  },
  remove: (state, holdId) => {
    state.open = state.open.filter(({ id }) => id !== holdId);
  },
  open: (state) => state.open.map(({ id, dueAt }) => [id, dueAt]),
};

/** A decider as the kernel handles it, whatever its state's shape. */
export type HoldDecider = Decider<unknown, HoldCommand, HoldEvent>;

/** The two releases, in the order in which they were deployed. */
export const HOLD_RELEASES = [decider(1, RECORD), decider(2, LIST)] as unknown as [HoldDecider, HoldDecider];

function decider<State>(stateVersion: number, shape: Shape<State>): Decider<State, HoldCommand, HoldEvent> {
  return {
    aggregateType: 'hold',
    stateVersion,
    initial: () => shape.initial(),
    decide: (command, state) => decide(shape, command, state),
    evolve: (state, event) => evolve(shape, state, event),
    timers: (state) =>
      shape
        .open(state)
        .map(([holdId, dueAt]) => expiry(holdId, dueAt))
        .sort((a, b) => a.dueAt - b.dueAt),
  };
}

function expiry(holdId: string, dueAt: number): Timer<HoldCommand> {
  return { timer: `hold:${holdId}`, dueAt, command: { type: 'ExpireHold', data: { holdId } } };
}

function decide<State>(
  shape: Shape<State>,
  command: Timed<HoldCommand>,
  state: Readonly<State>,
): Decision<HoldEvent, string> {
  switch (command.type) {
    case 'PlaceHolds': {
      const { holdIds, milliseconds, note } = command.data;
      const taken = holdIds.find((holdId) => shape.dueAt(state, holdId) !== undefined);
      if (taken !== undefined) return refusal('hold_exists', `${taken} is open.`);
      const dueAt = Date.parse(command.at) + milliseconds;
      const [first, ...others] = holdIds.map(
        (holdId): HoldEvent => ({ type: 'HoldPlaced', data: { dueAt, holdId, note } }),
      );
      if (first === undefined) return refusal('no_holds', 'No hold was named.');
      return { accepted: true, events: [first, ...others] };
    }
    case 'ReleaseHold':
    case 'ExpireHold': {
      const { holdId } = command.data;
      if (shape.dueAt(state, holdId) === undefined)
        return refusal('hold_not_found', `${holdId} is not open.`);
      const type = command.type === 'ReleaseHold' ? 'HoldReleased' : 'HoldExpired';
      return { accepted: true, events: [{ type, data: { holdId } }] };
    }
    case 'Explode':
      if (command.data.where === 'decide') throw new Error('the rules exploded');
      return { accepted: true, events: [{ type: 'Exploded', data: {} }] };
  }
}

function refusal(code: string, detail: string): Decision<HoldEvent, string> {
  return { accepted: false, refusal: { code, detail } };
}

function evolve<State>(shape: Shape<State>, state: State, event: HoldEvent): State {
  switch (event.type) {
    case 'HoldPlaced':
      shape.place(state, event.data.holdId, event.data.dueAt);
      return state;
    case 'HoldReleased':
    case 'HoldExpired':
      shape.remove(state, event.data.holdId);
      return state;
    case 'Exploded':
      // Half of a change has happened when the throw comes: whoever keeps this state has a wrong one.
      for (const [holdId] of shape.open(state)) shape.remove(state, holdId);
      throw new Error('the fold exploded');
  }
}

/** Given events, when a command, then events or a refusal: how an aggregate's rules are specified. */
import { expect } from 'vitest';
import type { Decider, Decision, Timed } from '../../actors/kernel/decider.ts';

interface Message {
  readonly type: string;
  readonly data: object;
}

/** What became of a command, to be looked at in one way or another. */
export interface Then<State, Event, Code extends string> {
  /** The events it led to, whole. */
  events(...expected: readonly Event[]): void;
  /** The first event it led to, some of its data. */
  event<Type extends string>(type: Type, data: Readonly<Record<string, unknown>>): void;
  /** The name of its refusal, and words that must be in the sentence. */
  refused(code: Code, detail?: RegExp): void;
  /** `accepted`, or the name of the refusal. */
  readonly outcome: string;
  /** The state with the new events folded in. */
  readonly state: State;
}

/** When the commands of a specification are received. */
export const RECEIVED_AT = '2026-01-02T03:04:05.678Z';

/** Specifies a decider. Each event is folded from scratch, so that no specification sees the state of another. */
export function specify<State, Command extends Message, Event extends Message, Code extends string>(
  decider: Decider<State, Command, Event, Code>,
) {
  const fold = (events: readonly Event[]): State =>
    events.reduce((state, event) => decider.evolve(state, structuredClone(event)), decider.initial());
  return {
    /** The state after some events. */
    state: fold,
    given: (...history: readonly Event[]) => ({
      when(command: Command): Then<State, Event, Code> {
        const state = fold(history);
        const before = structuredClone(state);
        const timed = { ...command, at: RECEIVED_AT } as Timed<Command>;
        const decision = decider.decide(timed, state);
        expect(state, 'deciding must not change the state').toEqual(before);
        expect(decider.decide(timed, state), 'deciding twice must give the same').toEqual(decision);
        return then(decision, (events) => fold([...history, ...events]));
      },
    }),
  };
}

function then<State, Event extends Message, Code extends string>(
  decision: Decision<Event, Code>,
  fold: (events: readonly Event[]) => State,
): Then<State, Event, Code> {
  const events = decision.accepted ? decision.events : [];
  return {
    events(...expected) {
      expect(decision).toEqual({ accepted: true, events: expected });
    },
    event(type, data) {
      expect(decision).toMatchObject({ accepted: true, events: [{ type, data }] });
    },
    refused(code, detail = /\.$/) {
      expect(decision).toMatchObject({ accepted: false, refusal: { code } });
      if (!decision.accepted) expect(decision.refusal.detail).toMatch(detail);
    },
    outcome: decision.accepted ? 'accepted' : decision.refusal.code,
    state: fold(events),
  };
}

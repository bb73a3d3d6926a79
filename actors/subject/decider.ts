/** The rules of a subject: which keys there are, and that a legal hold wins over erasure, which is for good. */
import {
  SUBJECT_KEYS_MAX,
  type SubjectCommand,
  type SubjectEvent,
  type SubjectRefusal,
  type SubjectStatus,
} from '../../schemas/subject.ts';
import type { Decider, Decision, Timed } from '../kernel/decider.ts';

/** The subject as its events tell it. */
export interface SubjectState {
  status: 'UNKNOWN' | SubjectStatus;
  /** The key that encrypts; 0 where there is none yet. All versions up to it are there, until erasure. */
  keyVersion: number;
  hold: { reason: string; placedAt: string } | null;
  erasedAt: string | null;
}

type SubjectDecision = Decision<SubjectEvent, SubjectRefusal>;

function refuse(code: SubjectRefusal, detail: string): SubjectDecision {
  return { accepted: false, refusal: { code, detail } };
}

function accept(event: SubjectEvent): SubjectDecision {
  return { accepted: true, events: [event] };
}

function decide(command: Timed<SubjectCommand>, state: Readonly<SubjectState>): SubjectDecision {
  switch (command.type) {
    case 'CreateSubjectKey':
      return createKey(state);
    case 'PlaceLegalHold':
      if (state.status === 'ERASED') return isErased();
      return accept({
        type: 'LegalHoldPlaced',
        data: { reason: command.data.reason, placedAt: command.at },
      });
    case 'LiftLegalHold':
    case 'RotateSubjectKey':
    case 'EraseSubject':
      if (state.status === 'UNKNOWN') return refuse('subject_not_found', 'Nothing is known of the subject.');
      if (state.status === 'ERASED') return isErased();
      return decideKnown(command, state);
  }
}

function createKey({ status, keyVersion }: Readonly<SubjectState>): SubjectDecision {
  if (status === 'ERASED')
    return refuse('subject_erased', 'The subject was erased: nothing is stored of it.');
  if (keyVersion > 0) return refuse('subject_key_exists', 'The subject has a key.');
  return accept({ type: 'SubjectKeyCreated', data: { keyVersion: 1 } });
}

type KnownCommand = Extract<
  Timed<SubjectCommand>,
  { type: 'LiftLegalHold' | 'RotateSubjectKey' | 'EraseSubject' }
>;

function decideKnown(
  { type, data: { reason }, at }: KnownCommand,
  { hold, keyVersion }: Readonly<SubjectState>,
): SubjectDecision {
  switch (type) {
    case 'EraseSubject':
      if (hold !== null) return refuse('legal_hold', `The subject is held since ${hold.placedAt}.`);
      return accept({ type: 'SubjectErased', data: { reason, erasedAt: at, keys: keyVersion } });
    case 'LiftLegalHold':
      if (hold === null) return refuse('no_legal_hold', 'The subject is not held.');
      return accept({ type: 'LegalHoldLifted', data: { reason } });
    case 'RotateSubjectKey':
      if (keyVersion === 0) return refuse('subject_without_key', 'The subject has no key to be replaced.');
      if (keyVersion === SUBJECT_KEYS_MAX)
        return refuse('too_many_keys', `A subject has at most ${SUBJECT_KEYS_MAX} keys.`);
      return accept({ type: 'SubjectKeyRotated', data: { keyVersion: keyVersion + 1, reason } });
  }
}

function isErased(): SubjectDecision {
  return refuse('already_erased', 'The subject was erased.');
}

function evolve(state: SubjectState, event: SubjectEvent): SubjectState {
  switch (event.type) {
    case 'SubjectKeyCreated':
    case 'SubjectKeyRotated':
      return { ...state, status: 'ACTIVE', keyVersion: event.data.keyVersion };
    case 'LegalHoldPlaced': {
      const { reason, placedAt } = event.data;
      return { ...state, status: 'ACTIVE', hold: { reason, placedAt } };
    }
    case 'LegalHoldLifted':
      return { ...state, hold: null };
    case 'SubjectErased':
      return { ...state, status: 'ERASED', erasedAt: event.data.erasedAt };
  }
}

/** The subject's rules, as the kernel runs them. */
export const subjectDecider: Decider<SubjectState, SubjectCommand, SubjectEvent, SubjectRefusal> = {
  aggregateType: 'subject',
  stateVersion: 1,
  initial: () => ({ status: 'UNKNOWN', keyVersion: 0, hold: null, erasedAt: null }),
  decide,
  evolve,
};

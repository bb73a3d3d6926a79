/** The rules of a subject: which keys there are, and that a legal hold wins over erasure, which is for good. */
import {
  SUBJECT_KEYS_MAX,
  type SubjectCommand,
  type SubjectEvent,
  type SubjectRefusal,
  type SubjectStatus,
} from '../../schemas/subject.ts';
import type { Decider, Decision, Effect, Timed } from '../kernel/decider.ts';

/** The subject as its events tell it. */
export interface SubjectState {
  status: 'UNKNOWN' | SubjectStatus;
  /** The key that encrypts; 0 where there is none yet. All versions up to it are there, until erasure. */
  keyVersion: number;
  hold: { reason: string; placedAt: string } | null;
  /** Whether the log was lost, and with it whether there was a hold: nobody has said since. */
  isHoldUnknown: boolean;
  erasedAt: string | null;
  /** Keys up to this one are in the backup, as far as they were not lost. */
  backedUp: number;
  /** Whether keys came back from the backup: then the log was lost, and what was said last before that may be lost for good. */
  hasRecovered: boolean;
  /** Whether the backup is known to have no key of an erased subject. */
  isBackupErased: boolean;
}

/** What is wanted of the backup: that it has the keys up to a version, or none of them. */
export interface BackupRequest {
  readonly keyVersion: number;
}

/** What whoever erases is told: whoever may place a hold has to say whether there is one. */
const HOLD_UNKNOWN =
  'The log of the subject was lost, and with it whether there was a legal hold: first place a hold, and lift it where there is none.';

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
    case 'RecordKeyBackup':
      if (state.status === 'ERASED') return isErased();
      if (command.data.keyVersion <= state.backedUp) return isRecorded();
      return accept({ type: 'SubjectKeysBackedUp', data: command.data });
    case 'RecordKeysRecovered':
    case 'RecordErasure':
      if (state.status === 'ERASED') return isErased();
      return accept(found(command, state));
    case 'RecordBackupErased':
      if (state.status !== 'ERASED' || state.isBackupErased) return isRecorded();
      return accept({ type: 'SubjectBackupErased', data: {} });
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

/** What the backup says of a subject whose log has lost it: whatever the log says, it has happened. */
function found(
  command: Extract<Timed<SubjectCommand>, { type: 'RecordKeysRecovered' | 'RecordErasure' }>,
  { keyVersion: keys }: Readonly<SubjectState>,
): SubjectEvent {
  if (command.type === 'RecordErasure') return { type: 'SubjectErased', data: { ...command.data, keys } };
  const keyVersion = Math.max(keys, command.data.keyVersion);
  return { type: 'SubjectKeysRecovered', data: { keyVersion } };
}

type KnownCommand = Extract<
  Timed<SubjectCommand>,
  { type: 'LiftLegalHold' | 'RotateSubjectKey' | 'EraseSubject' }
>;

function decideKnown(
  { type, data: { reason }, at }: KnownCommand,
  { hold, isHoldUnknown, keyVersion }: Readonly<SubjectState>,
): SubjectDecision {
  switch (type) {
    case 'EraseSubject':
      if (hold !== null) return refuse('legal_hold', `The subject is held since ${hold.placedAt}.`);
      if (isHoldUnknown) return refuse('hold_unknown', HOLD_UNKNOWN);
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

function isRecorded(): SubjectDecision {
  return refuse('already_recorded', 'The log says so already.');
}

function isErased(): SubjectDecision {
  return refuse('already_erased', 'The subject was erased.');
}

function evolve(state: SubjectState, event: SubjectEvent): SubjectState {
  switch (event.type) {
    case 'SubjectKeyCreated':
    case 'SubjectKeyRotated':
      return { ...state, status: 'ACTIVE', keyVersion: event.data.keyVersion };
    case 'SubjectKeysRecovered':
      return {
        ...state,
        status: 'ACTIVE',
        keyVersion: event.data.keyVersion,
        hasRecovered: true,
        // Keys that are there before anything else was recorded: what said more is gone.
        isHoldUnknown: state.isHoldUnknown || state.status === 'UNKNOWN',
      };
    case 'LegalHoldPlaced': {
      const { reason, placedAt } = event.data;
      return { ...state, status: 'ACTIVE', hold: { reason, placedAt }, isHoldUnknown: false };
    }
    case 'LegalHoldLifted':
      return { ...state, hold: null };
    case 'SubjectErased':
      return { ...state, status: 'ERASED', hold: null, erasedAt: event.data.erasedAt };
    case 'SubjectKeysBackedUp':
      return { ...state, backedUp: event.data.keyVersion };
    case 'SubjectBackupErased':
      return { ...state, isBackupErased: true };
  }
}

/** The backup follows the keys, until it has what there is. */
function* effects(state: Readonly<SubjectState>): Iterable<Effect<BackupRequest>> {
  const { status, keyVersion, backedUp, isBackupErased } = state;
  if (status === 'ERASED' && !isBackupErased)
    yield { effect: 'erase backup', dueAt: 0, request: { keyVersion } };
  if (status === 'ACTIVE' && backedUp < keyVersion)
    yield { effect: `back up ${keyVersion}`, dueAt: 0, request: { keyVersion } };
}

/** The subject's rules, as the kernel runs them. */
export const subjectDecider: Decider<SubjectState, SubjectCommand, SubjectEvent, SubjectRefusal> = {
  aggregateType: 'subject',
  stateVersion: 4,
  initial: () => ({
    status: 'UNKNOWN',
    keyVersion: 0,
    hold: null,
    isHoldUnknown: false,
    erasedAt: null,
    backedUp: 0,
    hasRecovered: false,
    isBackupErased: false,
  }),
  decide,
  evolve,
  effects,
};

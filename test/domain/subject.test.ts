/** The subject's rules: keys one after another, a legal hold that wins over erasure, and an erasure that is for good. */
import { describe, expect, it } from 'vitest';
import { subjectDecider } from '../../actors/subject/decider.ts';
import { SUBJECT_KEYS_MAX, type SubjectCommand, type SubjectEvent } from '../../schemas/subject.ts';
import { RECEIVED_AT, specify } from '../support/given.ts';

const { given, state } = specify(subjectDecider);

const create: SubjectCommand = { type: 'CreateSubjectKey', data: {} };
const because = <Type extends 'RotateSubjectKey' | 'PlaceLegalHold' | 'LiftLegalHold' | 'EraseSubject'>(
  type: Type,
  reason = 'ticket 7',
) => ({ type, data: { reason } }) as Extract<SubjectCommand, { type: Type }>;

const created: SubjectEvent = { type: 'SubjectKeyCreated', data: { keyVersion: 1 } };
const rotated = (keyVersion: number): SubjectEvent => ({
  type: 'SubjectKeyRotated',
  data: { keyVersion, reason: 'ticket 7' },
});
const held: SubjectEvent = { type: 'LegalHoldPlaced', data: { reason: 'ticket 7', placedAt: RECEIVED_AT } };
const lifted: SubjectEvent = { type: 'LegalHoldLifted', data: { reason: 'ticket 7' } };
const erased: SubjectEvent = {
  type: 'SubjectErased',
  data: { reason: 'ticket 7', erasedAt: RECEIVED_AT, keys: 1 },
};

describe('a subject', () => {
  it('has one first key, and another with each rotation', () => {
    given().when(create).events(created);
    given(created).when(create).refused('subject_key_exists');
    given(created).when(because('RotateSubjectKey')).events(rotated(2));
    given(created, rotated(2)).when(because('RotateSubjectKey')).events(rotated(3));
    expect(state([created, rotated(2)])).toMatchObject({ status: 'ACTIVE', keyVersion: 2, hold: null });
  });

  it('has so many keys and no more, and none to rotate before the first', () => {
    given(rotated(SUBJECT_KEYS_MAX)).when(because('RotateSubjectKey')).refused('too_many_keys');
    given(held).when(because('RotateSubjectKey')).refused('subject_without_key');
  });

  it('is erased once, and nothing follows', () => {
    given(created).when(because('EraseSubject')).events(erased);
    given(created, rotated(2)).when(because('EraseSubject')).event('SubjectErased', { keys: 2 });
    for (const type of ['EraseSubject', 'RotateSubjectKey', 'PlaceLegalHold', 'LiftLegalHold'] as const)
      given(created, erased).when(because(type)).refused('already_erased');
    given(created, erased).when(create).refused('subject_erased');
  });

  it('is not erased while it is held, whatever came first', () => {
    given(created, held)
      .when(because('EraseSubject'))
      .refused('legal_hold', /since 2026-01-02T03:04:05.678Z/);
    given(held, created).when(because('EraseSubject')).refused('legal_hold');
    given(created, held, lifted, held).when(because('EraseSubject')).refused('legal_hold');
    given(created, held, lifted).when(because('EraseSubject')).events(erased);
    given(held, lifted).when(because('EraseSubject')).event('SubjectErased', { keys: 0 });
  });

  it('is not erased where its keys came back to a lost log before anybody has said whether it is held', () => {
    const back: SubjectEvent = { type: 'SubjectKeysRecovered', data: { keyVersion: 1 } };
    given(back).when(because('EraseSubject')).refused('hold_unknown');
    given(back, rotated(2)).when(because('EraseSubject')).refused('hold_unknown');
    given(back, held).when(because('EraseSubject')).refused('legal_hold');
    given(back, held, lifted).when(because('EraseSubject')).events(erased);
    // The log is there, and has lost keys alone.
    given(created, back).when(because('EraseSubject')).events(erased);
    given(held, lifted, back).when(because('EraseSubject')).events(erased);
  });

  it('is held for the newest reason, also before anything is known of it', () => {
    given().when(because('PlaceLegalHold')).events(held);
    const again = given(created, held).when(because('PlaceLegalHold', 'case 9'));
    expect(again.state.hold).toEqual({ reason: 'case 9', placedAt: RECEIVED_AT });
    given(created, held).when(because('LiftLegalHold')).events(lifted);
    given(created).when(because('LiftLegalHold')).refused('no_legal_hold');
  });

  it.each(['EraseSubject', 'LiftLegalHold', 'RotateSubjectKey'] as const)(
    'that nothing is known of is not found: %s',
    (type) => given().when(because(type)).refused('subject_not_found'),
  );

  it('wants its keys in the backup until they are there, and out of it once it is erased', () => {
    const wanted = (...events: SubjectEvent[]) =>
      [...(subjectDecider.effects?.(state(events)) ?? [])].map(({ effect }) => effect);
    const backedUp = (keyVersion: number): SubjectEvent => ({
      type: 'SubjectKeysBackedUp',
      data: { keyVersion, keys: keyVersion },
    });
    expect(wanted()).toEqual([]);
    expect(wanted(held)).toEqual([]);
    expect(wanted(created)).toEqual(['back up 1']);
    expect(wanted(created, rotated(2), backedUp(1))).toEqual(['back up 2']);
    expect(wanted(created, rotated(2), backedUp(2))).toEqual([]);
    expect(wanted(created, backedUp(1), erased)).toEqual(['erase backup']);
    expect(wanted(created, erased, { type: 'SubjectBackupErased', data: {} })).toEqual([]);
    const record: SubjectCommand = { type: 'RecordKeyBackup', data: { keyVersion: 1, keys: 1 } };
    given(created).when(record).events(backedUp(1));
    given(created, backedUp(1)).when(record).refused('already_recorded');
    given(created, erased).when(record).refused('already_erased');
    given(created).when({ type: 'RecordBackupErased', data: {} }).refused('already_recorded');
  });

  it('is told what the backup remembers, whatever its log has lost, unless it is erased', () => {
    const recovered = (keyVersion: number): SubjectCommand => ({
      type: 'RecordKeysRecovered',
      data: { keyVersion },
    });
    const erasure: SubjectCommand = {
      type: 'RecordErasure',
      data: { reason: 'ticket 7', erasedAt: RECEIVED_AT },
    };
    given().when(recovered(2)).event('SubjectKeysRecovered', { keyVersion: 2 });
    given(created, rotated(2), rotated(3))
      .when(recovered(2))
      .event('SubjectKeysRecovered', { keyVersion: 3 });
    given(created, erased).when(recovered(1)).refused('already_erased');
    given().when(erasure).event('SubjectErased', { keys: 0 });
    given(created, held).when(erasure).events(erased);
    given(created, erased).when(erasure).refused('already_erased');
    expect(state([created, held, erased])).toMatchObject({ status: 'ERASED', hold: null });
  });
});

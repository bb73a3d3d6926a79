/** One subject as the auditor keeps it: which keys there are, who holds them back from erasure, and that this is for good. */
import { Breach } from '../model/world.ts';
import type { Body } from '../workload/commands.ts';
import { type AuditedEvent, type Book, type Due, EFFECT_SLACK_MS } from './book.ts';

/** What the log wants of the backup; what is found there may be that of a later want. */
const EFFECT_ID = /^effect (?:back up (\d+)|erase backup) 0$/;

/** The event of each command. */
const EVENTS: Readonly<Record<string, string>> = {
  CreateSubjectKey: 'SubjectKeyCreated',
  RotateSubjectKey: 'SubjectKeyRotated',
  PlaceLegalHold: 'LegalHoldPlaced',
  LiftLegalHold: 'LegalHoldLifted',
  EraseSubject: 'SubjectErased',
  RecordKeyBackup: 'SubjectKeysBackedUp',
  RecordBackupErased: 'SubjectBackupErased',
};

export class SubjectBook implements Book {
  /** Keys that were made: 1 to so many. */
  keys = 0;
  isHeld = false;
  isErased = false;
  #backedUp = 0;
  #isBackupErased = false;

  apply(event: AuditedEvent): void {
    const { type, data } = event;
    if (this.isErased && type !== 'SubjectBackupErased')
      fail(event, 'erased is for good', 'the subject was erased');
    switch (type) {
      case 'SubjectKeyCreated':
      case 'SubjectKeyRotated':
        this.keys++;
        if (data.keyVersion !== this.keys)
          fail(event, 'keys follow the log', `${data.keyVersion}, not ${this.keys}`);
        return;
      case 'LegalHoldPlaced':
      case 'LegalHoldLifted':
        this.isHeld = type === 'LegalHoldPlaced';
        return;
      case 'SubjectErased':
        if (this.isHeld) fail(event, 'a hold wins over erasure', 'the subject is held');
        if (data.keys !== this.keys) fail(event, 'keys follow the log', `${data.keys} of ${this.keys}`);
        this.isErased = true;
        return;
      case 'SubjectKeysBackedUp':
        this.#backedUp = Number(data.keyVersion);
        if (Number(data.keys) < this.#backedUp) fail(event, 'no key gets lost', `${data.keys} are there`);
        return;
      default:
        this.#isBackupErased = true;
    }
  }

  fits({ type, data }: Body, event: AuditedEvent): boolean {
    if (EVENTS[type] !== event.type) return false;
    if (type === 'RecordKeyBackup') return event.data.keyVersion === data.keyVersion;
    return data.reason === event.data.reason;
  }

  platformBody({ type }: AuditedEvent, commandId: string): Body | undefined {
    if (commandId === 'first key') return { type: 'CreateSubjectKey', data: {} };
    const found = EFFECT_ID.exec(commandId);
    if (found === null) return undefined;
    if (type === 'SubjectBackupErased') return { type: 'RecordBackupErased', data: {} };
    return { type: 'RecordKeyBackup', data: { keyVersion: Number(found[1]) } };
  }

  *due(): Iterable<Due> {
    const slack = { at: 0, slackMs: EFFECT_SLACK_MS };
    if (this.isErased && !this.#isBackupErased) yield { what: 'the erasure of the backup', ...slack };
    if (!this.isErased && this.#backedUp < this.keys) yield { what: `the backup of ${this.keys}`, ...slack };
  }
}

function fail({ aggregateId, version, type }: AuditedEvent, check: string, detail: string): never {
  throw new Breach(check, `subject/${aggregateId} version ${version} (${type}): ${detail}`);
}

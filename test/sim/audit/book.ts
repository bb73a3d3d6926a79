/** What the auditor keeps of one aggregate beside its log: books of its own, made from the commands. */
import type { SqlValue } from '../../../actors/kernel/storage.ts';
import type { Body } from '../workload/commands.ts';

/** An event as the auditor reads it from a row. */
export interface AuditedEvent {
  readonly aggregateId: string;
  readonly version: number;
  readonly type: string;
  readonly schemaVersion: number;
  readonly recordedAt: number;
  readonly data: Readonly<Record<string, unknown>>;
  readonly hash: string;
  readonly commandId: string;
  /** The saga that sent the command, where one did. */
  readonly sagaId: string | undefined;
  /** The row as it was read: it must never change. */
  readonly row: readonly SqlValue[];
}

/** Something that an aggregate has left to do, and how much later than that its alarm may be. */
export interface Due {
  readonly what: string;
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly slackMs: number;
}

/** The alarm for a timer that is due may be set this much later: the pause before timers are tried again. */
export const TIMER_SLACK_MS = 10_001;

/** An effect whose moment has come may be looked after this much later: the longest pause, and the alarm's own delay. */
export const EFFECT_SLACK_MS = 70_001;

/** The books of one aggregate. */
export interface Book {
  /** Takes an event that a command caused; fails where it contradicts the books. */
  apply(event: AuditedEvent, body: Body): void;
  /** Whether an event is what a command asks for, as its event number `index`, from 0. */
  fits(body: Body, event: AuditedEvent, index: number): boolean;
  /** The command that the platform sent under this id and that the event is of: a timer's, a saga's, an outcome's. */
  platformBody(event: AuditedEvent, commandId: string): Body | undefined;
  /** What is left to do, in any order. */
  due(): Iterable<Due>;
}

/** Messages that used up their deliveries, as they are kept until somebody sees to them. */

/**
 * What one consumer group did not take of one aggregate. It names the range, whose events are in the owner's log: from there
 * they are read again, so that nothing old is ever kept here. Only a text that names no range is kept itself.
 */
export interface DeadLetter {
  /** `<group>.<aggregate type>.<aggregate id>`, or `<group>.text.<message id>` for a text that names no range. */
  readonly letterId: string;
  readonly group: string;
  readonly aggregateType: string | null;
  readonly aggregateId: string | null;
  readonly fromVersion: number | null;
  readonly toVersion: number | null;
  readonly text: string | null;
  /** Why the last delivery failed. */
  readonly reason: string;
  /** When it was given up first, milliseconds since 1970. */
  readonly parkedAt: number;
}

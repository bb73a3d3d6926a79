/** What a verification finds: each finding names what is wrong, where, and how that was noticed. */

/** What is wrong, in one word that scripts can branch on. */
export type FindingKind =
  | 'missing_object'
  | 'unknown_object'
  | 'unreadable_object'
  | 'altered_bytes'
  | 'altered_event'
  | 'misplaced_event'
  | 'broken_link'
  | 'wrong_root'
  | 'gap'
  | 'archived_twice'
  | 'bad_signature'
  | 'untrusted_key'
  | 'not_covered'
  | 'incomplete';

/** One thing that is wrong. */
export interface Finding {
  readonly kind: FindingKind;
  /** Key of the object in the archive that it was noticed in. */
  readonly object: string;
  /** The event, as `account/alice-1 version 17`. */
  readonly event?: string;
  readonly detail: string;
}

/** What is wrong with an object that is named elsewhere. */
export type Fault = Omit<Finding, 'object'>;

/** Findings that are kept one by one; beyond them they are only counted. */
const KEPT_MAX = 1_000;

export class Findings {
  readonly kept: Finding[] = [];
  count = 0;

  add(finding: Finding): void {
    this.count++;
    if (this.kept.length < KEPT_MAX) this.kept.push(finding);
  }
}

/** A finding as one line. */
export function findingText({ kind, object, event, detail }: Finding): string {
  return `${kind}: ${object}${event === undefined ? '' : `: ${event}`}: ${detail}`;
}

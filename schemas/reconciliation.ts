/**
 * What the reconciler has found: one aggregate for the whole platform, written by the platform alone. A finding is open until
 * somebody, or the next look, finds that it is so no more.
 */
import { z } from 'zod';
import { AggregateId, Text, UtcTime, Version } from './scalars.ts';
import { VIEWS } from './tables/views.ts';

/** What is held against what. */
export const CHECKS = [
  'view',
  'outbox',
  'archive',
  'segment',
  'transfer',
  'balance',
  'sum',
  'directory',
] as const;
export type CheckName = (typeof CHECKS)[number];

/** Findings that are open at a time: the state is read and stored whole. Whoever has more has one cause, which shows in these. */
export const OPEN_FINDINGS_MAX = 1_000;

/** Characters of a reason: what differs, of which views show a row. */
export const FINDING_REASON_LENGTH_MAX = 256;

/** `check.where.aggregate type.aggregate id`. */
export const FindingId = z
  .string()
  .regex(
    /^[a-z]{1,16}\.[A-Za-z_-]{1,32}\.[A-Za-z]{1,32}\.[A-Za-z0-9_-]{1,96}$/,
    'must be the id of a finding',
  )
  .meta({ title: 'FindingId', description: 'Names what is wrong: the check, where, and the aggregate.' });

/** A part of the platform that follows the logs. */
const Where = z.enum([...VIEWS, 'views', 'archive', 'log', 'bucket', 'out', 'in', 'cash', 'directory']);
/** A part of the platform that follows the logs. */
export type FindingWhere = z.infer<typeof Where>;

/** What is wrong, and with what. */
export const Finding = z.strictObject({
  findingId: FindingId,
  check: z.enum(CHECKS).meta({
    description:
      '`view`: a read model does not say what the log of its owner says. `outbox`: a consumer group was not told of an event. ' +
      '`archive`: it lacks events, or has others. `segment`: the bucket lacks one, or has another. `transfer`: money left an account and reached no other, or came from none. ' +
      '`balance`: what moved does not add up to what is there. `sum`: all accounts of a currency together do not. ' +
      '`directory`: it does not know a log.',
  }),
  where: Where.meta({
    description:
      'The view; the consumer group; `log`; `bucket`; which way the money went; `cash`; `directory`.',
  }),
  aggregateType: z.string(),
  aggregateId: AggregateId,
  // Views show nothing personal but ciphertexts (docs/privacy.md).
  reason: Text(FINDING_REASON_LENGTH_MAX).meta({ title: 'Remark', description: 'What differs.' }),
  version: Version.min(1)
    .optional()
    .meta({ description: 'The event that it is about, where it is about one.' }),
});
/** What is wrong, and with what. */
export type Finding = z.infer<typeof Finding>;

/** How a finding ended: an operator's call mended it, or it was right again when it was next looked at. */
export const FINDING_ENDS = ['REPAIRED', 'RIGHT_AGAIN'] as const;
export type FindingEnd = (typeof FINDING_ENDS)[number];

/** A finding that is open. */
export const OpenFinding = Finding.extend({
  openedAt: UtcTime.meta({ description: 'When it was found.' }),
});
/** A finding that is open. */
export type OpenFinding = z.infer<typeof OpenFinding>;

const Closing = z.strictObject({
  findingId: FindingId,
  end: z.enum(FINDING_ENDS),
  remark: z.string().nullable().meta({
    title: 'Remark',
    description: 'Why the operator had it repaired; null where nobody did.',
  }),
});

/** A command as the decider takes it. Clients cannot send them. */
export type ReconciliationCommand =
  | { readonly type: 'OpenFinding'; readonly data: Finding }
  | { readonly type: 'CloseFinding'; readonly data: z.infer<typeof Closing> };

/** Events by type, in their newest shape, with what the catalogue says of them. */
export const reconciliationEvents = {
  FindingOpened: OpenFinding.meta({ description: 'Two accounts of the same thing differ.' }),
  FindingClosed: Closing.meta({ description: 'They do not differ any more.' }),
} as const;

/** An event as the decider folds it. */
export type ReconciliationEvent =
  | { readonly type: 'FindingOpened'; readonly data: OpenFinding }
  | { readonly type: 'FindingClosed'; readonly data: z.infer<typeof Closing> };

/** Refusals in the order in which they are checked. */
export const RECONCILIATION_REFUSALS = [
  'finding_already_open',
  'too_many_findings',
  'finding_not_open',
] as const;
export type ReconciliationRefusal = (typeof RECONCILIATION_REFUSALS)[number];

/** The id of the one aggregate. */
export const RECONCILIATION_ID = 'platform';

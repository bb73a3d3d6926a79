/** What every event, command and answer looks like around its own data, in the log, on the wire and in a view. */
import { z } from 'zod';
import { AggregateId, UtcTime, Version } from './scalars.ts';

/** Idempotency keys and command ids: 1 to 128 visible ASCII characters (contract, "Everywhere"). */
export const CommandId = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters')
  .meta({ title: 'CommandId', description: 'An idempotency key: 1 to 128 visible ASCII characters.' });

/** The command id of an event: also Folio's own, which have spaces, so that no client can take them first. */
const RecordedCommandId = z
  .string()
  .regex(/^[\x20-\x7e]{1,256}$/)
  .meta({ description: 'The id of the command; one of a timer or an effect has spaces.' });

/** Who caused an event and why. `causationId` is the event that led to the command, null where a client sent it. */
export const Metadata = z.strictObject({
  userId: z.string().meta({ description: 'Who sent the command.' }),
  commandId: RecordedCommandId,
  correlationId: z
    .string()
    .meta({ description: 'What the command, and all that follows from it, belongs to.' }),
  causationId: z
    .string()
    .nullable()
    .meta({ description: 'The event that led to the command; null where a client did.' }),
  sagaId: AggregateId.optional().meta({ description: 'The saga that sent the command.' }),
});
export type Metadata = z.infer<typeof Metadata>;

/** SHA-256 as 64 lower-case hexadecimal digits. */
export const HashText = z
  .string()
  .regex(/^[0-9a-f]{64}$/, 'must be 64 hexadecimal digits, lower case')
  .meta({ title: 'Hash', description: 'SHA-256 in 64 hexadecimal digits, lower case.' });

/** An event as it is stored and published: `data` has the shape of its `schemaVersion`, never upcast. */
export const EventEnvelope = z.strictObject({
  eventId: z.uuid().meta({ description: 'A UUID of version 8, made from the hash.' }),
  aggregateType: z.string().meta({ description: 'What kind of thing it happened to.' }),
  aggregateId: AggregateId,
  version: Version.min(1).meta({ description: '1, 2, 3, … within the aggregate.' }),
  eventType: z.string().meta({ description: 'What happened.' }),
  schemaVersion: z.number().int().min(1).meta({ description: 'The shape of `data`.' }),
  recordedAt: UtcTime,
  data: z
    .record(z.string(), z.unknown())
    .meta({ description: 'What there is to say of it, as it was stored.' }),
  metadata: Metadata.meta({ description: 'Who caused it, and why.' }),
  previousHash: HashText.meta({ description: 'The hash of the event before; 64 zeros for the first.' }),
  hash: HashText.meta({
    description: 'SHA-256 of the RFC 8785 JSON of this envelope without `eventId` and `hash`.',
  }),
});
export type EventEnvelope = z.infer<typeof EventEnvelope>;

/** A command on its way to the aggregate that decides it. */
export interface CommandEnvelope<Data = unknown> {
  readonly commandId: string;
  readonly type: string;
  readonly data: Data;
  readonly expectedVersion?: number | undefined;
  /**
   * What a repeat is recognised by, where that is not the data as it stands: the first is stored, the others count as well. Made
   * by the actor itself; nobody sends them.
   */
  readonly fingerprints?: readonly number[];
}

/** What is the same for every command of one request. */
export interface CommandContext {
  readonly userId: string;
  readonly correlationId: string;
  readonly causationId: string | null;
  readonly sagaId?: string;
}

/** One event as an answer names it. */
export const EventReference = z.strictObject({
  eventId: z.uuid(),
  eventType: z.string(),
  version: Version.min(1),
});
export type EventReference = z.infer<typeof EventReference>;

/** A refusal: a name from the aggregate's own list, in checked order, and a sentence for a person. */
export interface Refusal<Code extends string = string> {
  readonly code: Code;
  readonly detail: string;
}

/** Refusals of the kernel itself, before any decider is asked. */
export const KERNEL_REFUSALS = ['command_id_reused', 'version_conflict'] as const;
export type KernelRefusal = (typeof KERNEL_REFUSALS)[number];

/** What became of a command. A replay is answered from the log, so its answer is the first one's. */
export type Outcome =
  | {
      readonly status: 'accepted' | 'replayed';
      readonly version: number;
      readonly events: readonly EventReference[];
      readonly reply: Readonly<Record<string, unknown>>;
    }
  | {
      readonly status: 'refused';
      readonly code: string;
      readonly detail: string;
      /** The aggregate's version, for whoever expected another. */
      readonly currentVersion: number;
    };

/** An actor that takes commands, as every aggregate's does. */
export interface CommandTarget {
  execute(commands: readonly CommandEnvelope[], context: CommandContext): Promise<Outcome[]>;
}

/** A command that one aggregate sends to another, as its own effect (`actors/kernel/commandSender.ts`). */
export interface CommandRequest {
  readonly aggregateType: string;
  readonly aggregateId: string;
  /** The same at every attempt, so that the receiver recognises a repeat for good. */
  readonly commandId: string;
  readonly type: string;
  readonly data: object;
  readonly sagaId: string;
}

/** What came of it. `unheard`: it may have been sent before without being heard of, and may still take effect. */
export type ReceiverAnswer =
  | { readonly answer: 'accepted' }
  | {
      readonly answer: 'refused';
      readonly code: string;
      readonly detail: string;
      readonly unheard: boolean;
    }
  | { readonly answer: 'none'; readonly detail: string };

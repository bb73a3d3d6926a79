/** What successful requests answer. The same schemas type the code, make the API's description and judge real replies. */
import { z } from 'zod';
import { DIFFERENCE_KINDS, DIFFERENCES_MAX } from '../../queues/rebuild/job.ts';
import { REBUILD_STATUSES } from '../../queues/rebuild/progress.ts';
import { AccountStatus, AccountType, Limits } from '../../schemas/account.ts';
import { Currency } from '../../schemas/currency.ts';
import { CommandId, EventEnvelope, EventReference, HashText } from '../../schemas/envelope.ts';
import { SagaStatus, StepStatus } from '../../schemas/saga.ts';
import { AggregateId, DecimalText, Id, SymbolName, UtcTime, Version } from '../../schemas/scalars.ts';
import { COLOURS, REBUILD_KINDS, REBUILD_PHASES, VIEWS } from '../../schemas/tables/views.ts';
import { Side, TradeStatus } from '../../schemas/trade.ts';
import { RequestFault } from './problem.ts';

// Metadata with an `id` names a schema in the API's description; all others stand there where they are used.

const Event = EventEnvelope.meta({ id: 'Event' });

/** A version that something has: the first is 1. */
const PresentVersion = Version.min(1);

const PositionLine = z
  .strictObject({
    symbol: SymbolName,
    quantity: DecimalText,
    averageCost: DecimalText,
    realizedPnl: DecimalText,
  })
  .meta({ id: 'Position' });

const Reference = EventReference.meta({ id: 'EventReference', description: 'An event as answers name it.' });

/** What every command answers: the aggregate, its version, and the events that the command made. */
export const CommandReply = z
  .strictObject({
    aggregateId: AggregateId,
    version: PresentVersion,
    events: z.array(Reference).min(1),
  })
  .meta({ id: 'CommandReply' });
export type CommandReply = z.infer<typeof CommandReply>;

/** One step of a saga. */
const SagaStep = z
  .strictObject({
    name: z.string().meta({ description: 'With a key behind a colon where there are several.' }),
    status: StepStatus,
    attempts: z.number().int().min(0),
    compensationAttempts: z.number().int().min(1).optional(),
    startedAt: UtcTime.nullable(),
    endedAt: UtcTime.nullable(),
    error: z.strictObject({ code: z.string(), detail: z.string() }).optional(),
  })
  .meta({ id: 'SagaStep' });
/** One step of a saga, as its trace has it. */
export type SagaStep = z.infer<typeof SagaStep>;

/** A saga as its actor has it. */
export const SagaReply = z
  .strictObject({
    sagaId: AggregateId,
    definition: z.string(),
    definitionVersion: z.number().int().min(1),
    status: SagaStatus,
    reason: z.string().nullable().meta({ description: 'Why it is undone or waits, where it does.' }),
    startedAt: UtcTime,
    endedAt: UtcTime.nullable(),
    steps: z.array(SagaStep),
  })
  .meta({ id: 'Saga' });
export type SagaReply = z.infer<typeof SagaReply>;

/** A trade's reply adds what the trade left behind. */
export const TradeReply = CommandReply.extend({
  tradeId: Id,
  cash: DecimalText,
  position: PositionLine,
}).meta({ id: 'TradeReply' });

/** An account, as its actor or the views have it. */
export const AccountReply = z
  .strictObject({
    accountId: Id,
    customerId: Id,
    accountType: AccountType,
    status: AccountStatus,
    currency: Currency,
    cash: z.strictObject({ total: DecimalText, reserved: DecimalText, available: DecimalText }),
    fees: DecimalText.meta({ description: 'Every fee paid so far.' }),
    positions: z.array(PositionLine),
    limits: Limits,
    version: PresentVersion,
  })
  .meta({ id: 'Account' });
export type AccountReply = z.infer<typeof AccountReply>;

/** A page of accounts. */
export const AccountsReply = z.strictObject({
  accounts: z.array(AccountReply),
  nextCursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
});

/** A page of one account's log. */
export const AccountEventsReply = z.strictObject({
  events: z.array(Event),
  nextFromVersion: PresentVersion.nullable().meta({ description: 'Null at the end of what is recorded.' }),
});

/** A trade as the view keeps it. */
const Trade = z
  .strictObject({
    tradeId: Id,
    version: PresentVersion,
    symbol: SymbolName,
    side: Side,
    quantity: DecimalText,
    price: DecimalText,
    notional: DecimalText,
    fee: DecimalText,
    realizedPnl: DecimalText.meta({
      description: 'As it was known when the trade, or its correction, was booked.',
    }),
    executedAt: UtcTime,
    recordedAt: UtcTime,
    status: TradeStatus.meta({ description: 'A cancelled trade shows its last terms, which count no more.' }),
    amendedVersion: PresentVersion.nullable().meta({
      description: 'The version of its last correction or cancellation.',
    }),
  })
  .meta({ id: 'Trade' });

/** A page of trades, newest first. */
export const TradesReply = z.strictObject({
  trades: z.array(Trade),
  nextCursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
});
export type TradesReply = z.infer<typeof TradesReply>;

/** What became of one command of a batch. */
export const BatchResult = z
  .strictObject({
    commandId: CommandId.nullable().meta({
      description: 'Null where the command named none that can be told back.',
    }),
    status: z.enum(['accepted', 'refused', 'replayed']),
    version: PresentVersion.optional(),
    code: z.string().optional().meta({ description: 'With `refused`: the name of the problem.' }),
    detail: z.string().optional(),
    errors: z
      .array(RequestFault)
      .optional()
      .meta({ description: 'With `invalid_request`: the faults of this command.' }),
  })
  .meta({ id: 'BatchResult' });
export type BatchResult = z.infer<typeof BatchResult>;

/** What became of a batch. */
export const BatchReply = z
  .strictObject({
    accepted: z.number().int().min(0),
    refused: z.number().int().min(0),
    replayed: z.number().int().min(0),
    results: z.array(BatchResult).meta({ description: 'One for each command, in the order given.' }),
  })
  .meta({ id: 'BatchReply' });
export type BatchReply = z.infer<typeof BatchReply>;

/** A page of the feed across aggregates. */
export const EventsReply = z.strictObject({
  events: z.array(Event),
  next: z.string().meta({ description: 'Send it as `after` for what comes next; it stays usable.' }),
  more: z.boolean().meta({ description: 'Whether there may be more already; also of an empty page.' }),
});

/** The catalogue of event types. */
export const EventTypesReply = z.strictObject({
  eventTypes: z.array(
    z.strictObject({
      aggregateType: z.string(),
      eventType: z.string(),
      schemaVersion: z.number().int().min(1).meta({ description: 'Of events stored today.' }),
      schemaVersions: z.array(z.number().int().min(1)),
      jsonSchema: z
        .record(z.string(), z.unknown())
        .meta({ description: 'JSON Schema of `data`, newest version.' }),
    }),
  ),
});

/** What a recomputation of a hash chain found. */
export const AuditReply = z.strictObject({
  ok: z.boolean(),
  version: PresentVersion,
  headHash: HashText,
  eventsChecked: z.number().int().min(0),
  firstBadVersion: PresentVersion.optional(),
});

/** The service is alive. */
export const HealthReply = z.strictObject({ status: z.literal('ok') });
/** Every binding answers. */
export const ReadyReply = z.strictObject({ status: z.literal('ready') });

const Count = z.number().int().min(0);
const AggregateName = { aggregateType: z.string(), aggregateId: AggregateId };

/** Something that a rebuild found. */
const ViewDifference = z
  .strictObject({
    view: z.enum(VIEWS),
    kind: z.enum(DIFFERENCE_KINDS),
    ...AggregateName,
    version: Version.optional(),
    detail: z.string().optional(),
  })
  .meta({ id: 'ViewDifference' });

/** How a rebuild stands. */
export const RebuildReply = z
  .strictObject({
    status: z.enum(REBUILD_STATUSES),
    kind: z.enum(REBUILD_KINDS).meta({ description: '`revert` goes back to what was live before.' }),
    phase: z.enum(REBUILD_PHASES),
    views: z.array(z.enum(VIEWS)),
    aggregatesTotal: Count,
    aggregatesDone: Count,
    aggregatesVerified: Count,
    eventsApplied: Count,
    differencesFound: Count,
    differences: z
      .array(ViewDifference)
      .max(DIFFERENCES_MAX)
      .meta({ description: 'The first of them, between the live views, the rebuilt ones and the actors.' }),
    reason: z.string().nullable().meta({ description: 'Why it failed.' }),
    startedAt: UtcTime,
    endedAt: UtcTime.nullable(),
  })
  .meta({ id: 'Rebuild' });

/** The read models. */
export const ViewsReply = z.strictObject({
  views: z.array(
    z.strictObject({
      view: z.enum(VIEWS),
      aggregates: Count,
      parked: Count,
      eventsBehind: Count.nullable().meta({
        description:
          'Events in the logs that the view lacks; null where it was not asked for or takes too long.',
      }),
      databases: z.array(
        z.strictObject({
          live: z.enum(COLOURS),
          building: z.boolean(),
          kept: z.boolean().meta({ description: 'Whether what was live before can be gone back to.' }),
          aggregates: Count,
          parked: Count,
        }),
      ),
    }),
  ),
  rebuild: RebuildReply.nullable().meta({ description: 'The newest one.' }),
});

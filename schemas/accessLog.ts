/** The log of refused access: one aggregate a day, so that no log grows without end. Written by the gateway alone. */
import { z } from 'zod';
import { Role } from './role.ts';
import { AggregateId } from './scalars.ts';

/** What was refused to whom. */
const Denial = z.strictObject({
  userId: z.string(),
  roles: z.array(Role),
  operation: z.string().meta({ description: "The command's type or the route's operation id." }),
  aggregateType: z.string().nullable(),
  aggregateId: AggregateId.nullable().meta({
    description: 'Null where the operation is of no aggregate, or where many were asked for in a short time.',
  }),
  denials: z.number().int().min(1).meta({
    description:
      'How often since the same was recorded last; repeats within a minute are counted, not recorded.',
  }),
});

/** Commands by type. Clients cannot send them. */
export const accessLogCommands = { RecordDenial: Denial } as const;

/** A command as the decider takes it. */
export interface AccessLogCommand {
  readonly type: 'RecordDenial';
  readonly data: z.infer<typeof Denial>;
}

/** Events by type, in their newest shape, with what the catalogue says of them. */
export const accessLogEvents = {
  AccessDenied: Denial.meta({
    description: 'Somebody who is known asked for what the token does not allow.',
  }),
} as const;

/** An event as the decider folds it. */
export interface AccessLogEvent {
  readonly type: 'AccessDenied';
  readonly data: z.infer<typeof Denial>;
}

/** What all reports say in the same way. */
import { z } from 'zod';
import { HashText } from '../schemas/envelope.ts';
import { AggregateId } from '../schemas/scalars.ts';

/** How far a report knows the log of an aggregate: with the hash, which covers all that was before. */
export const Head = z
  .strictObject({
    aggregateType: z.string(),
    aggregateId: AggregateId,
    version: z.number().int().min(1),
    hash: HashText,
  })
  .meta({ id: 'Head' });
export type Head = z.infer<typeof Head>;

/** A value that a report has worked out: a holding times a price has more digits than any balance. */
export const ReportValue = z
  .string()
  .regex(/^-?(0|[1-9]\d{0,36})(\.\d{1,8})?$/)
  .meta({ title: 'Value', description: 'Decimal, at most 37 digits before the point and 8 after it.' });

/** Query parameters that several routes share. They arrive as text. */
import { z } from 'zod';
import { shownAs } from '../../schemas/jsonSchema.ts';

/** Rows in one answer (contract): a page stays under a megabyte. */
export const PAGE_MAX = 1_000;

/** Rows of an answer whose request does not say how many. */
export const PAGE_DEFAULT = 100;

/** Rows in one page of a report: some megabytes, which a file may have. */
export const REPORT_ROWS_MAX = 10_000;
const REPORT_ROWS_DEFAULT = 1_000;

/** Digits of a whole number in a query: every such number is a safe integer. */
const DIGITS_MAX = 15;

const digits = z
  .string()
  .regex(new RegExp(`^\\d{1,${DIGITS_MAX}}$`), 'must be a whole number')
  .transform(Number);

const WHOLE_NUMBER = { type: 'integer' as const, minimum: 0, maximum: 10 ** DIGITS_MAX - 1 };

/** A version of an aggregate. */
export const QueryVersion = digits.meta(shownAs(WHOLE_NUMBER));

/** The first version of a range: versions begin with 1. */
export const FromVersion = digits
  .refine((version) => version >= 1, 'must be at least 1')
  .default(1)
  .meta(shownAs({ ...WHOLE_NUMBER, minimum: 1, default: 1 }));

/** Rows wanted in one answer. */
export const PageLimit = limitOf(PAGE_MAX, PAGE_DEFAULT);

/** Rows wanted in one page of a report. */
export const ReportLimit = limitOf(REPORT_ROWS_MAX, REPORT_ROWS_DEFAULT);

function limitOf(maximum: number, usual: number) {
  return digits
    .refine((limit) => limit >= 1 && limit <= maximum, `must be 1 to ${maximum}`)
    .default(usual)
    .meta(shownAs({ type: 'integer', minimum: 1, maximum, default: usual }));
}

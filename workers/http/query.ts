/** Query parameters that several routes share. They arrive as text. */
import { z } from 'zod';

/** Rows in one answer (contract): a page stays under a megabyte. */
export const PAGE_MAX = 1_000;
const PAGE_DEFAULT = 100;

const digits = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number);

export const QueryVersion = digits.meta({ override: { type: 'integer', minimum: 0 } });

export const PageLimit = digits
  .refine((limit) => limit >= 1 && limit <= PAGE_MAX, `must be 1 to ${PAGE_MAX}`)
  .default(PAGE_DEFAULT)
  .meta({ override: { type: 'integer', minimum: 1, maximum: PAGE_MAX, default: PAGE_DEFAULT } });

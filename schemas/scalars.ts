/** The scalar types of every schema: parsed once at the edge, canonical from there on. */
import { z } from 'zod';
import {
  CHANGE_DIGITS_MAX,
  canonicalDecimal,
  decimalProblem,
  INTEGER_DIGITS_MAX,
  LEDGER_DIGITS_MAX,
} from './decimal.ts';
import { shownAs } from './jsonSchema.ts';

/** Ids are made by the client and name objects, keys and rows: short, and safe in a URL, a file name and a log. */
export const ID_PATTERN = /^[A-Za-z0-9_-]{1,64}$/;

/** An id that a client made. */
export const Id = z
  .string()
  .regex(ID_PATTERN, 'must be 1 to 64 characters of A-Z, a-z, 0-9, _ and -')
  .meta({ title: 'Id', description: 'An id that its client made.' });

/**
 * The id of an aggregate: its client's, or one that Folio has made from it, which is longer (`fulfil-<orderId>`). Names what
 * exists already; where a client makes an id, it is an {@link Id}.
 */
export const AggregateId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,96}$/, 'must be 1 to 96 characters of A-Z, a-z, 0-9, _ and -')
  .meta({ title: 'AggregateId', description: 'The id of an aggregate: of its client, or made from one.' });

/** Ticker or pair: upper case as the venues write it (`BRK.B`, `BTC-USD`, `EUR/USD`). */
export const SymbolName = z
  .string()
  .regex(/^[A-Z0-9][A-Z0-9._/-]{0,31}$/, 'must be 1 to 32 characters of A-Z, 0-9, ., _, / and -')
  .meta({ title: 'Symbol', description: 'A ticker or pair as the venue writes it.' });

/** Free text that a person wrote: bounded, since it is stored for good. */
export const Text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .refine(isPlain, 'must be well-formed text of one line, without control characters');

/** A line of remarks: what fits on a statement. */
const REMARK_LENGTH_MAX = 256;

/**
 * Why something is done, or what it refers to, as a person wrote it. It moves through logs, views and archives in the clear and
 * for good, so it is no place for personal data, and says so to whoever reads the API.
 */
export const Remark = Text(REMARK_LENGTH_MAX).meta({
  title: 'Remark',
  description: 'One line. It is kept for good and in the clear: nothing about a person belongs in it.',
});

/** Line breaks, other control characters and marks that turn the direction of what follows (Unicode, UAX #9). */
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}\u200e\u200f\u202a-\u202e\u2066-\u2069]/u;

function isPlain(text: string): boolean {
  return text.isWellFormed() && !CONTROL.test(text);
}

/** A text of whatever origin, such as an error's, as a line that {@link Text} takes. */
export function lineOf(text: string, max: number): string {
  // Half a character at the cut could not be stored.
  return text.replace(CONTROLS, ' ').slice(0, max).toWellFormed();
}

const CONTROLS = new RegExp(CONTROL, 'gu');

/**
 * `ledger` is what events say after a command: the ledger's own sums have more digits than any input, and a sign. `change` is what
 * leads from one of them to another.
 */
type DecimalRange = 'ledger' | 'change' | 'nonnegative' | 'positive' | 'whole' | 'wholeChange';

const RANGE_PATTERN: Record<DecimalRange, string> = {
  ledger: '^-?(0|[1-9]\\d{0,20})(\\.\\d{1,8})?$',
  change: '^-?(0|[1-9]\\d{0,21})(\\.\\d{1,8})?$',
  nonnegative: '^(0|[1-9]\\d{0,14})(\\.\\d{1,8})?$',
  positive: '^(?!0(\\.0+)?$)(0|[1-9]\\d{0,14})(\\.\\d{1,8})?$',
  whole: '^[1-9]\\d{0,14}(\\.0{1,8})?$',
  wholeChange: '^-?[1-9]\\d{0,14}(\\.0{1,8})?$',
};

const RANGE_TEXT: Record<DecimalRange, string> = {
  ledger: 'Decimal',
  change: 'Decimal',
  nonnegative: 'Decimal, not negative',
  positive: 'Decimal greater than 0',
  whole: 'Whole number greater than 0',
  wholeChange: 'Whole number other than 0',
};

/** The same of a number, for which a pattern says nothing. */
const RANGE_NUMBER: Record<
  DecimalRange,
  Partial<Record<'minimum' | 'exclusiveMinimum' | 'multipleOf', number>>
> = {
  ledger: {},
  change: {},
  nonnegative: { minimum: 0 },
  positive: { exclusiveMinimum: 0 },
  whole: { minimum: 1, multipleOf: 1 },
  wholeChange: { multipleOf: 1 },
};

const RANGE_TITLE: Record<DecimalRange, string> = {
  ledger: 'Decimal',
  change: 'DecimalChange',
  nonnegative: 'NonNegativeDecimal',
  positive: 'PositiveDecimal',
  whole: 'WholeQuantity',
  wholeChange: 'WholeChange',
};

/** Titles that JSON Schemas of decimals have: how a field's schema is known to be one. */
export const DECIMAL_TITLES: readonly string[] = Object.values(RANGE_TITLE);

/**
 * A decimal string in canonical form. Input may be a string, or a JSON number (the body parser has already refused
 * numbers of more than 15 significant digits and negative zero, which only the source text shows).
 */
function decimal(range: DecimalRange) {
  return z
    .unknown()
    .transform((input, context) => {
      const text = typeof input === 'number' ? numberText(input) : input;
      if (text === undefined) {
        context.issues.push({ code: 'invalid_type', expected: 'string', input });
        return z.NEVER;
      }
      const problem =
        typeof text === 'string' ? rangeProblem(text, range) : 'must be a decimal string or number';
      if (problem === undefined) return canonicalDecimal(text as string);
      context.issues.push({ code: 'custom', message: problem, input });
      return z.NEVER;
    })
    .meta(decimalShownAs(range));
}

/** Replies have strings; requests may also send numbers. */
function decimalShownAs(range: DecimalRange) {
  const digits = `${RANGE_TEXT[range]}, at most ${integerDigits(range)} digits before the point and 8 after it`;
  const examples = isWhole(range) ? ['12'] : ['189.12'];
  const text = { title: RANGE_TITLE[range], pattern: RANGE_PATTERN[range], examples };
  return shownAs(
    { type: 'string', ...text, description: `${digits}.` },
    {
      type: ['string', 'number'] as never,
      ...text,
      ...RANGE_NUMBER[range],
      description: `${digits}; a number has at most 15 significant digits.`,
    },
  );
}

function isWhole(range: DecimalRange): boolean {
  return range === 'whole' || range === 'wholeChange';
}

function integerDigits(range: DecimalRange): number {
  if (range === 'change') return CHANGE_DIGITS_MAX;
  return range === 'ledger' ? LEDGER_DIGITS_MAX : INTEGER_DIGITS_MAX;
}

function rangeProblem(text: string, range: DecimalRange): string | undefined {
  const problem = decimalProblem(text, integerDigits(range));
  if (problem !== undefined || range === 'ledger' || range === 'change') return problem;
  if (isWhole(range) && canonicalDecimal(text).includes('.')) return 'must be a whole number';
  if (range === 'wholeChange') return isZero(text) ? 'must not be 0' : undefined;
  if (text.charCodeAt(0) === 45)
    return range === 'nonnegative' ? 'must not be negative' : 'must be greater than 0';
  return range !== 'nonnegative' && isZero(text) ? 'must be greater than 0' : undefined;
}

function isZero(text: string): boolean {
  return /^0(\.0+)?$/.test(text);
}

/** The number in plain notation, with its digits as they were sent wherever they were 15 or fewer. */
function numberText(value: number): string {
  // The shortest text that reads back as the same double; below 1e-6 and from 1e21 on JavaScript writes it with an exponent.
  const text = String(value);
  const parts = /^(-?)(\d)(?:\.(\d+))?e([+-]\d+)$/.exec(text);
  if (parts === null) return text;
  const [, sign = '', first = '', rest = '', exponent = ''] = parts;
  const pointAt = 1 + Number(exponent);
  const digits = first + rest;
  return pointAt > 0 ? sign + digits.padEnd(pointAt, '0') : `${sign}0.${'0'.repeat(-pointAt)}${digits}`;
}

/** A decimal of the ledger's own: sums have more digits than any input, and a sign. */
export const DecimalText = decimal('ledger');
/** What leads from one decimal of the ledger's to another. */
export const DecimalChange = decimal('change');
export const NonNegativeDecimal = decimal('nonnegative');
export const PositiveDecimal = decimal('positive');
/** Units of a product: goods are counted, so there is no half of one. A decimal string like every quantity. */
export const WholeQuantity = decimal('whole');
/** A correction of a count, up or down. */
export const WholeChange = decimal('wholeChange');

const UTC_TIME = {
  type: 'string' as const,
  title: 'Time',
  format: 'date-time',
  description: 'RFC 3339 in UTC, to the millisecond.',
  examples: ['2013-10-07T13:30:00.123Z'],
};

/** A time as Folio writes it. */
export const UtcTime = z.iso.datetime().meta(shownAs(UTC_TIME));

/** RFC 3339 in UTC, to the millisecond, in canonical form (`2013-10-07T13:30:00.123Z`). Offsets are taken and converted. */
export const Time = z.iso
  .datetime({ offset: true, message: 'must be an RFC 3339 time such as "2013-10-07T13:30:00.123Z"' })
  .transform((text, context) => {
    // The pattern has checked the calendar, so a text of this length in UTC is canonical as it is.
    const isCanonical = text.length === CANONICAL_TIME_LENGTH && text.endsWith('Z');
    const canonical = isCanonical ? text : new Date(text).toISOString();
    if (canonical.length === CANONICAL_TIME_LENGTH && !canonical.startsWith(YEAR_ZERO)) return canonical;
    context.issues.push({ code: 'custom', message: 'must be in the years 0001 to 9999 in UTC', input: text });
    return z.NEVER;
  })
  .meta(
    shownAs(UTC_TIME, {
      ...UTC_TIME,
      description: 'RFC 3339, to the millisecond; another offset is converted to UTC.',
    }),
  );

/** Protobuf's times begin with the year 1: what is kept in this one could not be told over Connect. */
const YEAR_ZERO = '0000';

/** Characters of `2013-10-07T13:30:00.123Z`; years outside 0000 to 9999, which an offset can lead to, have more. */
const CANONICAL_TIME_LENGTH = 24;

/** A version of an aggregate; 0 is before its first event. */
export const Version = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

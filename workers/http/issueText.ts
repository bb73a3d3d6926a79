/** What is wrong with a value, in the words of the API's own checks: zod's are about its types, and give bounds in signs. */
import type { z } from 'zod';

/** Values that are listed where one of several is wanted; of longer lists the beginning. */
const LISTED_MAX = 40;

/** What zod calls types, as JSON has them. */
const TYPES: Readonly<Record<string, string>> = {
  array: 'an array',
  boolean: 'true or false',
  int: 'a whole number',
  number: 'a number',
  object: 'an object',
  record: 'an object',
  string: 'a string',
};

type Issue = z.core.$ZodRawIssue;
type Bound = Extract<Issue, { code: 'too_small' | 'too_big' }>;

/** The words for an issue of a schema that has none of its own; undefined: zod finds them. */
export function issueText(issue: Issue): string | undefined {
  if (issue.code === 'invalid_type') return mustBe(TYPES[issue.expected]);
  if (issue.code === 'invalid_value') return mustBe(oneOf(issue.values));
  if (issue.code === 'too_small' || issue.code === 'too_big') return withinBounds(issue);
  if (issue.code !== 'invalid_format') return undefined;
  if (issue.format === 'datetime') return mustBe('an RFC 3339 time such as "2013-10-07T13:30:00.123Z"');
  return issue.pattern === undefined ? undefined : `must match ${issue.pattern}`;
}

function mustBe(what: string | undefined): string | undefined {
  return what === undefined ? undefined : `must be ${what}`;
}

function oneOf(values: readonly unknown[]): string {
  if (values.length === 1) return JSON.stringify(values[0]);
  const listed = values.slice(0, LISTED_MAX).join(', ');
  const left = values.length - LISTED_MAX;
  return left > 0 ? `one of ${listed} and ${left} more` : `one of ${listed}`;
}

function withinBounds(issue: Bound): string {
  const isLower = issue.code === 'too_small';
  const bound = isLower ? issue.minimum : issue.maximum;
  const limit = `${isLower ? 'at least' : 'at most'} ${bound}`;
  const counted = COUNTED[issue.origin];
  if (counted !== undefined) {
    return isLower && bound === 1
      ? 'must not be empty'
      : `must have ${limit} ${counted}${bound === 1 ? '' : 's'}`;
  }
  if (issue.inclusive === false) return `must be ${isLower ? 'greater' : 'less'} than ${bound}`;
  return `must be ${limit}`;
}

/** What is counted of values that have a length. */
const COUNTED: Readonly<Record<string, string>> = { string: 'character', array: 'item' };

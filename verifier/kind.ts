/** The kinds of columns that a segment has, and the one form in which each is stored. */
import type { SchemaElement } from 'hyparquet';

/** What a column holds. */
export type Kind = 'decimal' | 'time' | 'text' | 'json' | 'number' | 'boolean' | 'bytes';

/** Decimals after the point of every decimal column. */
export const DECIMALS = 8;

/** What a schema says of a column of each kind; numbers are of either width. */
const FORMS: readonly (readonly [Kind, Partial<SchemaElement>])[] = [
  [
    'decimal',
    {
      type: 'FIXED_LEN_BYTE_ARRAY',
      type_length: 16,
      converted_type: 'DECIMAL',
      precision: 38,
      scale: DECIMALS,
    },
  ],
  [
    'time',
    {
      type: 'INT64',
      converted_type: 'TIMESTAMP_MILLIS',
      logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
    },
  ],
  ['text', { type: 'BYTE_ARRAY', converted_type: 'UTF8' }],
  ['json', { type: 'BYTE_ARRAY', logical_type: { type: 'JSON' } }],
  ['number', { type: 'INT64' }],
  ['number', { type: 'INT32' }],
  ['boolean', { type: 'BOOLEAN' }],
  ['bytes', { type: 'FIXED_LEN_BYTE_ARRAY', type_length: 32 }],
];

/** Names that no two readers take for different ones. */
const NAME = /^[a-z][a-z0-9_]*$/;

/** The kind of a column. Throws where its description is that of none: readers could make different values of the same bytes. */
export function kindOf(element: SchemaElement): Kind {
  const { name, repetition_type: repetition } = element;
  const isPlain = repetition === 'REQUIRED' || repetition === 'OPTIONAL';
  const form = isPlain && NAME.test(name) ? FORMS.find(([, known]) => isForm(element, known)) : undefined;
  if (form === undefined) throw new Error(`column ${JSON.stringify(name)} is of no kind that a segment has`);
  return form[0];
}

const DESCRIPTION = [
  'type',
  'type_length',
  'num_children',
  'converted_type',
  'precision',
  'scale',
  'logical_type',
] as const;

function isForm(element: SchemaElement, known: Partial<SchemaElement>): boolean {
  return DESCRIPTION.every((field) => JSON.stringify(element[field]) === JSON.stringify(known[field]));
}

/** The Protobuf definitions as they should be committed, and the numbers behind them. */
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Operation } from '../../../workers/http/operation.ts';
import type { Description } from '../clientTypes.ts';
import { type NumberRegistry, withNumbers } from './numbers.ts';
import { protoFile } from './service.ts';
import { protoText } from './text.ts';

const NUMBERS = 'schemas/proto/numbers.json';
const REPOSITORY = resolve(import.meta.dirname, '../../..');

/** By their path in the repository. */
export function protoDocuments(
  description: Description,
  operations: readonly Operation[],
): Record<string, string> {
  const file = protoFile(description, operations);
  const numbers = withNumbers(knownNumbers(), file);
  return {
    [NUMBERS]: `${JSON.stringify(numbers, null, 2)}\n`,
    'schemas/proto/folio/v1/folio.proto': protoText(file, numbers),
  };
}

function knownNumbers(): NumberRegistry {
  const path = resolve(REPOSITORY, NUMBERS);
  return existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as NumberRegistry) : {};
}

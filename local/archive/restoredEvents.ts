/** The rows of a segment as the platform takes events back. */
import type { Rows } from '../../verifier/rows.ts';
import type { WantedRange } from './restorePlan.ts';

/** What one request takes: events, and about so many bytes of them. */
const REQUEST_EVENTS_MAX = 1_000;
const REQUEST_CHARACTERS_MAX = 2_000_000;

/** Events of one request, as its JSON body, and how far they go. */
export interface RestoreRequest {
  readonly toVersion: number;
  readonly body: string;
}

/** The requests that fill a log with a part of it, in order. `before` is the hash of the event before. */
export function* restoreRequests(rows: Rows, range: WantedRange, before: string): Generator<RestoreRequest> {
  const count = range.toVersion - range.fromVersion + 1;
  let previousHash = before;
  let texts: string[] = [];
  let characters = 0;
  for (let index = 0; index < count; index++) {
    const row = range.row + index;
    const text = eventText(rows, row);
    texts.push(text);
    characters += text.length;
    const isLast = index === count - 1;
    if (!isLast && texts.length < REQUEST_EVENTS_MAX && characters < REQUEST_CHARACTERS_MAX) continue;
    const body = `{"previousHash":"${previousHash}","events":[${texts.join(',')}]}`;
    yield { toVersion: range.fromVersion + index, body };
    previousHash = hashOf(rows, row);
    texts = [];
    characters = 0;
  }
}

function eventText(rows: Rows, row: number): string {
  const fingerprint = rows.numberIfAny('fingerprint', row);
  return (
    `{"version":${rows.number('version', row)},"eventType":${JSON.stringify(rows.text('event_type', row))}` +
    `,"schemaVersion":${rows.number('schema_version', row)},"recordedAt":"${rows.recordedAt(row)}"` +
    `,"data":${rows.json('data', row)},"metadata":${rows.json('metadata', row)},"hash":"${hashOf(rows, row)}"` +
    `${fingerprint === undefined ? '' : `,"fingerprint":"${fingerprint}"`}}`
  );
}

function hashOf(rows: Rows, row: number): string {
  return rows.hash(row).toString('hex');
}

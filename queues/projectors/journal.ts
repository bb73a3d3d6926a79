/**
 * Every event of every aggregate, in the order in which this database first saw it: what `GET /v1/events` reads. Within
 * an aggregate that is version order, since a view applies an aggregate's events in no other.
 */
import type { Colour } from '../../schemas/tables/views.ts';
import type { Projector } from '../kernel/projector.ts';

const other = (colour: Colour): Colour => (colour === 'blue' ? 'green' : 'blue');

/**
 * An event keeps the position that the other colour already gave it, so that readers of the feed neither miss nor repeat
 * one when a rebuilt journal goes live; a new event comes after everything in both.
 */
const insertSql = (colour: Colour) => `
  INSERT INTO journal_${colour} (position, aggregate_type, aggregate_id, version, event_type, schema_version, recorded_at,
    data, metadata, hash)
  SELECT coalesce(
      (SELECT position FROM journal_${other(colour)} WHERE aggregate_type = value ->> 0 AND aggregate_id = value ->> 1
        AND version = value ->> 2),
      max(coalesce((SELECT max(position) FROM journal_blue), 0), coalesce((SELECT max(position) FROM journal_green), 0))
        + key + 1),
    value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8
  FROM json_each(?)`;

export const journalProjector: Projector = {
  view: 'journal',
  collector(colour) {
    const rows: (string | number)[][] = [];
    return {
      add(event) {
        rows.push([
          event.aggregateType,
          event.aggregateId,
          event.version,
          event.eventType,
          event.schemaVersion,
          event.recordedAt,
          JSON.stringify(event.data),
          JSON.stringify(event.metadata),
          event.hash,
        ]);
      },
      statements: () =>
        rows.length === 0 ? [] : [{ sql: insertSql(colour), parameters: [JSON.stringify(rows)] }],
    };
  },
};

/**
 * Every event of every aggregate, in the order in which this database first saw it: what `GET /v1/events` reads. Within
 * an aggregate that is version order, since a view applies an aggregate's events in no other.
 */
import type { PublishedEvent } from '../../schemas/message.ts';
import type { Colour } from '../../schemas/tables/views.ts';
import type { SqlParameter, Statement, ViewDatabase } from '../kernel/database.ts';
import { type AggregateKey, keyOf, otherColour } from '../kernel/positions.ts';
import type { ProjectedEvent, RebuildableProjector } from '../kernel/projector.ts';
import { journalAudit, PROVISIONAL_POSITION } from './audits.ts';

const COLUMNS =
  'position, aggregate_type, aggregate_id, from_version, to_version, previous_hash, recorded_from, recorded_to, types, events';

/** Parameters of a row, its place within the statement's rows included. */
const ROW_PARAMETERS = 10;

/** Rows in a statement: D1 binds at most 100 parameters. */
const ROWS_MAX = Math.floor(100 / ROW_PARAMETERS);

/**
 * UTF-16 units of a row's events. As much as a queue message has: a range that was read from a log arrives in one piece
 * of megabytes, and whoever reads the feed reads whole rows.
 */
export const ROW_UNITS_MAX = 127_000;

/** The last position that any reader may have seen. */
const LAST_POSITION = `max(
    coalesce((SELECT max(position) FROM journal_blue WHERE position < ${PROVISIONAL_POSITION}), 0),
    coalesce((SELECT max(position) FROM journal_green WHERE position < ${PROVISIONAL_POSITION}), 0))`;

/** New events come after everything. */
const livePosition = `(SELECT ${LAST_POSITION})`;

/** An event keeps the position that it has in the live journal, so that readers neither miss nor repeat one. */
const buildingPosition = (colour: Colour) =>
  `coalesce(
    (SELECT live.position - (live.to_version - row.column5) FROM journal_${otherColour(colour)} AS live
      WHERE live.aggregate_id = row.column3 AND live.aggregate_type = row.column2 AND live.from_version <= row.column4
        AND live.to_version >= row.column5 ORDER BY live.from_version DESC LIMIT 1) - row.column1,
    max(${PROVISIONAL_POSITION}, coalesce((SELECT max(position) FROM journal_${colour}), 0)))`;

function insertSql(colour: Colour, position: string, rows: number): string {
  const row = `(${Array(ROW_PARAMETERS).fill('?').join(', ')})`;
  const columns = Array.from({ length: ROW_PARAMETERS - 1 }, (_, index) => `row.column${index + 2}`);
  return (
    `INSERT INTO journal_${colour} (${COLUMNS}) SELECT ${position} + row.column1, ${columns.join(', ')} ` +
    `FROM (VALUES ${Array(rows).fill(row).join(', ')}) AS row`
  );
}

/** The journal: a row for each run of events that one message brought, or more where that is large. */
export const journalProjector: RebuildableProjector = {
  view: 'journal',
  table: {
    name: (colour) => `journal_${colour}`,
    key: ['position'],
    typeColumn: 'aggregate_type',
    idColumn: 'aggregate_id',
    versionColumn: 'from_version',
    isOneSequence: true,
    // A row may have a hundred pages to give back.
    clearRows: 1_000,
  },
  audit: journalAudit,
  collector({ colour, role }) {
    const entries: JournalEntry[] = [];
    const position = role === 'live' ? livePosition : buildingPosition(colour);
    return {
      add(event) {
        const text = ownText(event);
        const last = entries.at(-1);
        if (last?.continuesWith(event, text)) last.add(event, text);
        else entries.push(new JournalEntry(event, text));
      },
      statements() {
        const statements: Statement[] = [];
        for (let first = 0; first < entries.length; first += ROWS_MAX) {
          const rows = entries.slice(first, first + ROWS_MAX);
          let events = 0;
          const parameters = rows.flatMap((entry) => {
            events += entry.length;
            return [events, ...entry.columns()];
          });
          statements.push({ sql: insertSql(colour, position, rows.length), parameters });
        }
        return statements;
      },
    };
  },
};

/** The text of an event, where that of its whole message is not known to fit into a row. */
function ownText({ source: { eventsText }, published }: ProjectedEvent): string | undefined {
  return eventsText !== undefined && eventsText.length <= ROW_UNITS_MAX
    ? undefined
    : JSON.stringify(published);
}

/** A row in the making: a run of events from one message. */
class JournalEntry {
  readonly #first: ProjectedEvent;
  #last: ProjectedEvent;
  readonly #types: Record<string, number> = {};
  /** Texts of the events, with a separator each; none where the message's own text serves. */
  #texts: string[] = [];
  #units = 0;

  constructor(event: ProjectedEvent, text: string | undefined) {
    this.#first = event;
    this.#last = event;
    this.add(event, text);
  }

  get length(): number {
    return this.#last.version - this.#first.version + 1;
  }

  /** Whether the event belongs into this row and has room in it. */
  continuesWith(event: ProjectedEvent, text: string | undefined): boolean {
    return (
      event.source === this.#last.source &&
      event.version === this.#last.version + 1 &&
      this.#units + (text?.length ?? 0) < ROW_UNITS_MAX
    );
  }

  add(event: ProjectedEvent, text: string | undefined): void {
    this.#last = event;
    this.#types[event.eventType] = (this.#types[event.eventType] ?? 0) + 1;
    if (text === undefined) return;
    this.#texts.push(text);
    this.#units += text.length + 1;
  }

  /** The columns after the position. */
  columns(): SqlParameter[] {
    const { aggregateType, aggregateId, source } = this.#first;
    const [from, to] = [this.#first.version, this.#last.version];
    const before = source.events[from - source.fromVersion - 1] as PublishedEvent | undefined;
    return [
      aggregateType,
      aggregateId,
      from,
      to,
      before?.hash ?? source.previousHash,
      this.#first.recordedAt,
      this.#last.recordedAt,
      JSON.stringify(this.#types),
      this.#eventsText(),
    ];
  }

  #eventsText(): string {
    if (this.#texts.length > 0) return `[${this.#texts.join(',')}]`;
    const { source, version } = this.#first;
    const isWhole = version === source.fromVersion && this.length === source.events.length;
    if (isWhole && source.eventsText !== undefined) return source.eventsText;
    const start = version - source.fromVersion;
    return JSON.stringify(source.events.slice(start, start + this.length));
  }
}

/**
 * Versions at which rows of a journal begin, for some aggregates after a version and up to one past another, by
 * {@link keyOf}: a rebuilt journal has its rows where the live one has them.
 */
export async function journalStarts(
  database: ViewDatabase,
  colour: Colour,
  ranges: readonly (AggregateKey & { readonly from: number; readonly to: number })[],
): Promise<Map<string, number[]>> {
  const rows = await database.all<AggregateKey & { start: number }>({
    sql:
      'SELECT j.aggregate_type AS aggregateType, j.aggregate_id AS aggregateId, j.from_version AS start ' +
      `FROM json_each(?) AS sought CROSS JOIN journal_${colour} AS j ON j.aggregate_id = sought.value ->> 1 ` +
      'AND j.aggregate_type = sought.value ->> 0 AND j.from_version > (sought.value ->> 2) + 1 ' +
      'AND j.from_version <= (sought.value ->> 3) + 1',
    parameters: [
      JSON.stringify(ranges.map((range) => [range.aggregateType, range.aggregateId, range.from, range.to])),
    ],
  });
  const starts = new Map<string, number[]>();
  for (const { start, ...key } of rows) {
    const own = starts.get(keyOf(key));
    if (own === undefined) starts.set(keyOf(key), [start]);
    else own.push(start);
  }
  return starts;
}

/**
 * Gives events that the live journal had lost their place: after everything that readers may have seen. The rest of their
 * aggregates goes with them, since readers are promised version order; they may see that part twice, and know it by its ids.
 */
export function settleProvisional(colour: Colour): Statement[] {
  return [
    {
      sql:
        `UPDATE journal_${colour} SET position = moved.position FROM (` +
        `SELECT late.position AS former, ${LAST_POSITION} + sum(late.to_version - late.from_version + 1) ` +
        'OVER (ORDER BY late.aggregate_type, late.aggregate_id, late.from_version) AS position ' +
        `FROM (SELECT aggregate_type, aggregate_id, min(from_version) AS first ` +
        `FROM journal_${colour} WHERE position >= ${PROVISIONAL_POSITION} GROUP BY aggregate_type, aggregate_id) AS lost CROSS JOIN journal_${colour} AS late ` +
        'ON late.aggregate_id = lost.aggregate_id AND late.aggregate_type = lost.aggregate_type ' +
        `AND late.from_version >= lost.first) AS moved WHERE journal_${colour}.position = moved.former`,
      parameters: [],
    },
  ];
}

/** Which part of history is replayed. */

/** All of it where nothing is said. */
export interface Selection {
  readonly aggregateType?: string | undefined;
  readonly aggregateId?: string | undefined;
  /** Type of the events. */
  readonly type?: string | undefined;
  /** RFC 3339; recorded at this time or later. */
  readonly from?: string | undefined;
  /** RFC 3339; recorded before this time. */
  readonly to?: string | undefined;
}

const FIELDS = ['aggregateType', 'aggregateId', 'type', 'from', 'to'] as const;

/** The page of the feed that comes after a cursor: path and query. */
export function feedPath(selection: Selection, limit: number, after: string | undefined): string {
  const query = new URLSearchParams({ limit: String(limit) });
  for (const field of FIELDS) {
    const value = selection[field];
    if (value !== undefined) query.set(field, value);
  }
  if (after !== undefined) query.set('after', after);
  return `/v1/events?${query}`;
}

/** One text for a selection: that of another one differs. */
export function selectionText(selection: Selection): string {
  return FIELDS.flatMap((field) =>
    selection[field] === undefined ? [] : `${field}=${selection[field]}`,
  ).join(' ');
}

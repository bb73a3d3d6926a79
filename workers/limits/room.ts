/**
 * Room that answers take while they are made, counted among the bytes in flight as bodies are: an isolate has 128 MB, and a client
 * that asks for many large answers at once must neither use them up nor keep everybody else waiting. Bytes of text; what is made
 * of them takes several times that, as with bodies.
 */

/** A row of a page: an event in its envelope has some five hundred bytes, other rows fewer. */
export const ROW_BYTES = 512;

/** A field of an answer of GraphQL, with its name. */
export const FIELD_BYTES = 64;

/** An event of a statement: as it is read, as the movement that it becomes, and on the pages of a file. */
export const STATEMENT_EVENT_BYTES = 1_024;

/** A command of a batch: what it is judged with, and its result, which of a bad one tells up to five faults and may be a hundred times as long. */
export const COMMAND_BYTES = 256;

/**
 * A state of the past, or a history of them: the events that are folded for it, five hundred on average of a long log. Its owner answers
 * others when it has done so.
 */
export const PAST_BYTES = 256 * 1024;

/**
 * An event of a log that is audited, up to {@link AUDIT_BYTES_MAX} in all. It is let go at once, but as long as a chain is followed its
 * owner answers others in turns: what counts for nothing could be asked for without end.
 */
export const AUDIT_EVENT_BYTES = 1_024;

/** An audit of the longest log: alone a client may have three made at a time. */
export const AUDIT_BYTES_MAX = 8 * 1024 * 1024;

/** A proof: the segment that has the event, the hashes of its events, 20,000 in a full one, and the tree over them. */
export const PROOF_BYTES = 8 * 1024 * 1024;

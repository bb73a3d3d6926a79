/** Waiting for a view database: for how long, whoever asks it. */
import { d1Database, type ViewDatabase } from '../queues/kernel/database.ts';
import { inTime } from './inTime.ts';

/**
 * Milliseconds that D1 itself gives a query or a batch (https://developers.cloudflare.com/d1/platform/limits/). What has not
 * answered by then never will, and holds a request, a batch of a queue, a rebuild or the sweep.
 */
export const DATABASE_MS_MAX = 30_000;

/** What a view database answers, or `Unanswered` where that never comes. */
export function fromDatabase<Answer>(answer: PromiseLike<Answer>): Promise<Answer> {
  return inTime('a view database', answer, DATABASE_MS_MAX);
}

/**
 * A view database whose answers are waited for no longer than that. A transaction that was given up may have been committed, or
 * will be: whoever writes has it fail where somebody moved the positions or the job that it began with.
 */
export function viewDatabase(database: D1Database): ViewDatabase {
  const { all, batch } = d1Database(database);
  return {
    all: (statement) => fromDatabase(all(statement)),
    batch: (statements) => fromDatabase(batch(statements)),
  };
}

/**
 * The stored outbox cursor. It is saved with the next append or by the alarm, never in a commit of its own: after a crash
 * the events since the saved position are announced again, which consumers recognise, and a busy aggregate pays nothing.
 */
import type { ActorStorage } from './storage.ts';

export class OutboxCursor {
  readonly #storage: ActorStorage;
  /** Version that storage says was published. */
  saved: number;
  rowsWritten = 0;

  constructor(storage: ActorStorage, isStored: boolean) {
    this.#storage = storage;
    this.saved = isStored ? this.#read() : 0;
  }

  /** After a transaction that was undone: what storage says counts again. */
  forget(isStored: boolean): void {
    this.saved = isStored ? this.#read() : 0;
  }

  save(published: number): void {
    if (published === this.saved) return;
    this.rowsWritten += this.#storage.sql.exec(
      'INSERT OR REPLACE INTO outbox VALUES (1, ?)',
      published,
    ).rowsWritten;
    this.saved = published;
  }

  #read(): number {
    const [row] = this.#storage.sql.exec<{ published: number }>('SELECT published FROM outbox').toArray();
    return row?.published ?? 0;
  }
}

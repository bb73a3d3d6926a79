/**
 * The stored outbox cursor. Only the alarm saves it, which is also what tells patient groups: after a crash the events since
 * then are announced again, which consumers recognise, and no command pays for it.
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

/**
 * Messages of a socket, held to the rules of every body: no number that a double does not keep as it is written, no key that is
 * there twice. The library reads them by `JSON.parse`, which rounds the one and drops the other.
 */
import type { RequestFault } from '../http/problem.ts';
import { parseStrictText } from '../http/strictJson.ts';

const encoder = new TextEncoder();

/** Where an operation is in its message. */
const PAYLOAD = /^payload\.?/;

/** What is wrong with the texts that operations came as, until they are prepared. */
export class StrictMessages {
  readonly #faults = new Map<string, readonly RequestFault[]>();

  /** Looks at the message that begins an operation. */
  look(id: string, text: string): void {
    const parsed = parseStrictText(text, encoder.encode(text));
    if (parsed.ok) this.#faults.delete(id);
    else this.#faults.set(id, parsed.errors.map(inPayload));
  }

  /** What is wrong with the operation that is prepared under this id. */
  faultsOf(id: string): readonly RequestFault[] {
    const faults = this.#faults.get(id) ?? [];
    this.#faults.delete(id);
    return faults;
  }
}

function inPayload({ path, message }: RequestFault): RequestFault {
  return { path: path.replace(PAYLOAD, ''), message };
}

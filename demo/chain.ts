/**
 * Checks hash chains from outside, with nothing but the contract: a standard library's SHA-256 and a public implementation
 * of RFC 8785. No code of the product.
 */
import { hash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Envelope } from './api.ts';

/** What the first event names as its predecessor. */
const GENESIS = '0'.repeat(64);

/** SHA-256 of the envelope's canonical JSON without `eventId` and `hash`. */
export function envelopeHash({ eventId: _, hash: __, ...hashed }: Envelope): string {
  return hash('sha256', canonicalize(hashed) ?? '', 'hex');
}

/** The chain of one aggregate, event by event. */
export class Chain {
  readonly aggregateId: string;
  version = 0;
  headHash = GENESIS;
  /** The first thing wrong; later events are not looked at. */
  fault: string | undefined;

  constructor(aggregateId: string) {
    this.aggregateId = aggregateId;
  }

  /** Takes the next event, which must follow the last one and be what its hash says. */
  add(event: Envelope): void {
    this.fault ??= this.#faultOf(event);
    if (this.fault !== undefined) return;
    this.version = event.version;
    this.headHash = event.hash;
  }

  #faultOf(event: Envelope): string | undefined {
    const name = `${this.aggregateId} version ${event.version}`;
    if (event.aggregateId !== this.aggregateId) return `${name} is an event of ${event.aggregateId}`;
    if (event.version !== this.version + 1) return `${name} comes after version ${this.version}`;
    if (event.previousHash !== this.headHash) return `${name} does not name its predecessor's hash`;
    if (envelopeHash(event) !== event.hash) return `${name} is not what its hash says`;
    if (!isIdOf(event.eventId, event.hash)) return `${name} has an id that is not its hash's`;
    return undefined;
  }
}

/** A UUID of version 8 whose digits are the first of the hash, but for version and variant. */
function isIdOf(eventId: string, eventHash: string): boolean {
  const digits = eventId.replaceAll('-', '');
  const free = (text: string) => text.slice(0, 12) + text.slice(13, 16) + text.slice(17, 32);
  return digits[12] === '8' && '89ab'.includes(digits[16] ?? '-') && free(digits) === free(eventHash);
}

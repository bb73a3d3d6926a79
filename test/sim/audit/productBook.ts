/** A product as the auditor keeps it: it is what was last said of it. */
import { isDeepStrictEqual } from 'node:util';
import type { Body } from '../workload/commands.ts';
import type { AuditedEvent, Book, Due } from './book.ts';

export class ProductBook implements Book {
  apply(): void {
    // Whether the event says what the command said is all there is to it.
  }

  fits({ type, data }: Body, event: AuditedEvent): boolean {
    return type === 'PutProduct' && event.type === 'ProductPut' && isDeepStrictEqual(event.data, data);
  }

  platformBody(): undefined {
    return undefined;
  }

  due(): Iterable<Due> {
    return [];
  }
}

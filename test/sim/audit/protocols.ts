/** Every saga that the auditor knows, by the name of its definition. */
import { CANCELLATION, FULFILMENT } from './orderProtocol.ts';
import type { Protocol } from './protocol.ts';
import { TRANSFER } from './transferProtocol.ts';

const PROTOCOLS: Readonly<Record<string, Protocol>> = {
  'funds-transfer': TRANSFER,
  'order-fulfilment': FULFILMENT,
  'order-cancellation': CANCELLATION,
};

/** The protocol of a definition. */
export function protocolOf(definition: string): Protocol {
  const protocol = PROTOCOLS[definition];
  if (protocol === undefined) throw new Error(`the auditor knows no saga ${definition}`);
  return protocol;
}

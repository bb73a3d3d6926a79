/** Deliberate bugs in how events of old schema versions are read, and commands of then are known again. */
import type { Mutant } from './mutant.ts';

const UPCASTS = 'schemas/upcasts.ts';

export const ERA_MUTANTS: readonly Mutant[] = [
  {
    name: 'persons-become-companies',
    breaks: 'Accounts from before there were others than persons’ are taken for companies’.',
    needsBefore: true,
    patches: [{ file: UPCASTS, find: "accountType: 'INDIVIDUAL'", replace: "accountType: 'CORPORATE'" }],
  },
  {
    name: 'old-orders-lose-their-country',
    breaks: 'The country of an order is not read from an address that stands in the clear.',
    needsShop: true,
    needsBefore: true,
    patches: [{ file: UPCASTS, find: '.country ?? null,', replace: ".country === '' ? '' : null," }],
  },
  {
    name: 'old-events-shown-as-stored',
    breaks: 'Views read events of old schema versions as they were stored.',
    needsBefore: true,
    patches: [
      {
        file: 'queues/kernel/projector.ts',
        find: 'upcast(this.eventType, this.schemaVersion, this.published.data);',
        replace: 'upcast(this.eventType, this.schemaVersion, this.published.data) && this.published.data;',
      },
    ],
  },
  {
    name: 'old-repeat-not-known',
    breaks: 'An order that was stored in the clear is not known again when it comes once more and is sealed.',
    needsShop: true,
    needsBefore: true,
    patches: [
      {
        file: 'actors/kernel/protection.ts',
        find: '[recognised, plain].map(',
        replace: '[recognised].map(',
      },
    ],
  },
  {
    name: 'archived-as-of-today',
    breaks: 'A segment says of every event that it is of the newest schema version.',
    needsBefore: true,
    patches: [
      {
        file: 'queues/archive/segment.ts',
        find: 'values[row] = event.schemaVersion;',
        replace: 'values[row] = Math.max(2, event.schemaVersion);',
      },
    ],
  },
  {
    name: 'put-back-as-of-today',
    breaks: 'The opening of an account from before is put back as if it were of today.',
    needsBefore: true,
    patches: [
      {
        file: 'actors/kernel/restoration.ts',
        find: 'const row = { ...event, data',
        replace:
          "const row = { ...event, schemaVersion: event.eventType === 'AccountOpened' ? 2 : event.schemaVersion, data",
      },
    ],
  },
];

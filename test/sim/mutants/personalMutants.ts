/** Deliberate bugs in how orders and payments keep personal data. */
import type { Mutant } from './mutant.ts';

const PROTECTION = 'actors/kernel/protection.ts';
const PROVIDER = 'payments/provider.ts';
const SHOWN = 'privacy/shown.ts';

export const PERSONAL_MUTANTS: readonly Mutant[] = [
  {
    name: 'clear-beside-the-ciphertext',
    breaks: 'What an order says of its customer goes into the log in the clear, and with the log everywhere.',
    needsShop: true,
    patches: [
      {
        file: PROTECTION,
        find: ': { ...data, ...clear },',
        replace: ': { ...data, ...clear, ...plain },',
      },
    ],
  },
  {
    name: 'sealed-for-somebody-else',
    breaks: 'An address is under a key of another subject than its customer, and outlives the erasure.',
    needsShop: true,
    patches: [
      {
        file: PROTECTION,
        find: 'const subject = data[SUBJECT_FIELD];',
        replace: 'const subject = data.orderId ?? data[SUBJECT_FIELD];',
      },
    ],
  },
  {
    name: 'sealed-as-another-kind',
    breaks: 'Everything personal of a command is sealed as the kind of its first field.',
    needsShop: true,
    patches: [
      {
        file: PROTECTION,
        find: '=> ({ kind, text: canonicalJson(',
        replace: '=> ({ kind: fields[0]?.kind ?? kind, text: canonicalJson(',
      },
    ],
  },
  {
    name: 'repeat-known-by-its-ciphertext',
    breaks: 'A repeat is sealed again, and taken for another command since its ciphertext is another one.',
    needsShop: true,
    patches: [{ file: PROTECTION, find: '{ $mac: mac });', replace: '{ $mac: encrypted });' }],
  },
  {
    name: 'repeat-forgotten-by-a-rotation',
    breaks: 'A repeat that comes after its customer’s key was replaced is taken for another command.',
    needsShop: true,
    patches: [
      {
        file: 'privacy/keyRing.ts',
        find: 'of this.wrapped()) {',
        replace: 'of this.wrapped().reverse()) {',
      },
    ],
  },
  {
    name: 'stored-in-the-clear-once-erased',
    breaks: 'An order of somebody who was erased is stored as it came, since nobody seals it.',
    needsShop: true,
    patches: [
      {
        file: PROTECTION,
        find: '    const { code, detail } = answer;\n',
        replace:
          "    if (answer.code === 'subject_erased') return command;\n    const { code, detail } = answer;\n",
      },
    ],
  },
  {
    name: 'card-named-in-the-log',
    breaks: 'What a bank says of a card is kept with the token in it.',
    needsShop: true,
    patches: [{ file: PROVIDER, find: 'unnamed(result, token));', replace: 'result);' }],
  },
  {
    name: 'asked-without-a-card',
    breaks: 'The bank is asked to hold money of somebody who was erased, by no card at all.',
    needsShop: true,
    patches: [
      { file: PROVIDER, find: "operation === 'authorize' && call", replace: "operation === '' && call" },
    ],
  },
  {
    name: 'declined-though-it-may-be-held',
    breaks:
      'A payment whose customer is erased is declined at once, though the bank may hold the money already.',
    needsShop: true,
    patches: [
      { file: PROVIDER, find: '(again || call.failures > 0)', replace: '(again && call.failures > 100)' },
    ],
  },
  {
    name: 'everybody-sees-addresses',
    breaks: 'An address is decrypted for whoever asks for it.',
    needsShop: true,
    patches: [{ file: SHOWN, find: 'if (reader.maySee && isEncrypted', replace: 'if (isEncrypted' }],
  },
  {
    name: 'erased-is-only-masked',
    breaks: 'Whoever may not see an address is not told either that its customer was erased.',
    needsShop: true,
    patches: [{ file: SHOWN, find: 'if (owner !== null && (await', replace: "if (owner === '' && (await" }],
  },
];

/** The token of a payment: decrypted for the call, kept nowhere, repeated by nobody, and gone with its customer. */
import { describe, expect, it } from 'vitest';
import { performCall } from '../../payments/provider.ts';
import { wordsOf } from '../../payments/stripe/objects.ts';
import type { ProtectedCall, ProviderCall, ProviderResult } from '../../schemas/paymentProvider.ts';
import type { OpenAnswer } from '../../schemas/personal.ts';
import { encryptedOf } from '../support/personal.ts';

const TOKEN = 'pm_1MrPBM2eZvKYlo2C';

const authorizing: ProtectedCall = {
  operation: 'authorize',
  provider: 'stripe',
  orderId: 'o-1',
  currency: 'EUR',
  amount: '10',
  captured: '0',
  token: encryptedOf('c-1'),
  final: false,
  refundId: null,
  payment: null,
  pending: null,
  failures: 0,
};
const CLEAR: OpenAnswer = { status: 'open', text: JSON.stringify(TOKEN) };
const DONE: ProviderResult = { outcome: 'succeeded', reference: 'pi_1' };

/** Makes a call; answers what is recorded of it, and which tokens the provider saw. */
async function made(
  {
    answer = CLEAR,
    result = DONE,
    again = false,
  }: { answer?: OpenAnswer; result?: ProviderResult; again?: boolean },
  call: Partial<ProtectedCall> = {},
) {
  const seen: string[] = [];
  const perform = async ({ token }: ProviderCall) => {
    seen.push(token);
    return result;
  };
  const deps = { providers: () => ({ perform }), open: async () => answer };
  const recorded = await performCall(deps, 'p-1', { ...authorizing, ...call }, again);
  return { seen, recorded: recorded.data.result, text: JSON.stringify(recorded) };
}

describe('a payment token', () => {
  it('is seen by the provider, in the clear, and by nobody else', async () => {
    const { seen, recorded, text } = await made({});
    expect([seen, recorded]).toEqual([[TOKEN], DONE]);
    expect(text).not.toContain(TOKEN);
    // As it was stored before there was encryption.
    expect((await made({}, { token: 'tok_ok' })).seen).toEqual(['tok_ok']);
  });

  it.each(['declined', 'unanswered'] as const)(
    'is not in what the provider says when it has %s',
    async (outcome) => {
      const said = { code: `no_${TOKEN}`, detail: `No such PaymentMethod: '${TOKEN}'; ${TOKEN} is unknown.` };
      const result = outcome === 'declined' ? { outcome, reference: null, ...said } : { outcome, ...said };
      expect((await made({ result })).recorded).toMatchObject({
        outcome,
        code: 'no_[token]',
        detail: "No such PaymentMethod: '[token]'; [token] is unknown.",
      });
    },
  );

  it('of who was erased asks nobody for money', async () => {
    const erased = { answer: { status: 'erased' } } as const;
    const { seen, recorded } = await made(erased);
    expect(seen).toEqual([]);
    expect(recorded).toMatchObject({ outcome: 'declined', code: 'customer_erased', reference: null });
  });

  it('of who was erased leaves open what the provider may have been asked before', async () => {
    const erased = { answer: { status: 'erased' } } as const;
    for (const { seen, recorded } of [
      await made({ ...erased, again: true }),
      await made(erased, { failures: 1 }),
    ]) {
      expect(seen).toEqual([]);
      expect(recorded).toMatchObject({ outcome: 'unanswered', code: 'customer_erased' });
    }
  });

  it.each<[string, Partial<ProtectedCall>]>([
    ['a capture', { operation: 'capture-1', payment: 'pi_1' }],
    ['a void', { operation: 'void', payment: 'pi_1' }],
    ['a refund', { operation: 'refund-r', refundId: 'r', payment: 'pi_1' }],
    ['a question after an authorisation that is under way', { pending: 'pi_1' }],
  ])('of who was erased, or that cannot be read, is not needed for %s', async (_, call) => {
    for (const status of ['erased', 'unreadable'] as const) {
      const { seen, recorded } = await made({ answer: { status } }, call);
      expect([seen, recorded]).toEqual([[''], DONE]);
    }
  });

  it('that cannot be read is ours to mend: nobody is asked, and it is tried again', async () => {
    await expect(made({ answer: { status: 'unreadable' } })).rejects.toThrow('cannot be decrypted');
  });
});

describe('what Stripe says', () => {
  it.each([
    [`No such PaymentMethod: '${TOKEN}'`, "No such PaymentMethod: '[token]'"],
    ['No such token: tok_visa.', 'No such token: [token].'],
    ['You cannot use card_1MvoiELkdIwHu7ixOeFGbN9D again.', 'You cannot use [token] again.'],
    ['Your card was declined (card_declined).', 'Your card was declined (card_declined).'],
    [
      'This PaymentIntent pi_3MtwBwLkdIwHu7ix28a3tqPa is cancelled.',
      'This PaymentIntent pi_3MtwBwLkdIwHu7ix28a3tqPa is cancelled.',
    ],
  ])('names no card: %s', (said, kept) => {
    expect(wordsOf(said)).toBe(kept);
  });
});

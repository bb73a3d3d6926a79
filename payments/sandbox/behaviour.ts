/**
 * What the sandbox does with a card, said by its token: `tok_[<operation>_]<behaviour>[_<detail>]`, as in `tok_decline`,
 * `tok_late`, `tok_capture_timeout`, `tok_decline_insufficient_funds`. Without an operation it is about the authorisation. Any
 * other token is a card that just works.
 */
import type { OperationKind } from '../../schemas/paymentProvider.ts';

/** How the sandbox answers a call; in every case the same way again. */
export const BEHAVIOURS = {
  ok: 'answers at once',
  decline: 'says no, with the detail as its code',
  timeout: 'does it, but the first answer gets lost; a webhook follows, and the same call again is answered',
  late: 'says that it is under way, and tells the end in a webhook two seconds later; a detail is what it declines with',
  lost: 'the same, but the webhook gets lost: only asking tells',
  duplicate: 'answers, and sends the webhook three times',
  flaky: 'fails twice before it does anything, and then works',
  fault: 'fails with an internal error whenever it is called, and does nothing',
} as const;
export type Behaviour = keyof typeof BEHAVIOURS;

const TOKEN =
  /^tok_(?:(authorize|capture|void|refund)_)?(decline|timeout|late|lost|duplicate|flaky|fault)(?:_([a-z0-9_]{1,64}))?$/;

/** The behaviour of a card for a kind of call, and its detail. */
export function behaviourOf(
  token: string,
  kind: OperationKind,
): { behaviour: Behaviour; detail: string | undefined } {
  const [, operation = 'authorize', behaviour, detail] = TOKEN.exec(token) ?? [];
  if (behaviour === undefined || operation !== kind) return { behaviour: 'ok', detail: undefined };
  return { behaviour: behaviour as Behaviour, detail };
}

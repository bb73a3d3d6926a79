/** The cards that customers pay with: most just work, a stated share behaves as badly as the sandbox knows how to. */
import type { Random } from '../random.ts';

/** A card, and whether its bank says no in the end. */
export interface Card {
  readonly token: string;
  /** For people. */
  readonly behaviour: string;
  readonly declines: boolean;
  /** Share of the orders. */
  readonly share: number;
}

/** A card that just works: whatever the shares below leave. */
export const GOOD_CARD: Card = { token: 'tok_ok', behaviour: 'answered at once', declines: false, share: 0 };

/** Cards that are mixed in. What each does is docs/payments.md's to say. */
export const DIFFICULT_CARDS: readonly Card[] = [
  { token: 'tok_decline', behaviour: 'declined', declines: true, share: 0.04 },
  { token: 'tok_late_lost_card', behaviour: 'declined two seconds later', declines: true, share: 0.01 },
  { token: 'tok_timeout', behaviour: 'done, but the answer got lost', declines: false, share: 0.03 },
  { token: 'tok_late', behaviour: 'answered by a webhook two seconds later', declines: false, share: 0.02 },
  { token: 'tok_duplicate', behaviour: 'webhook sent three times', declines: false, share: 0.03 },
  { token: 'tok_flaky', behaviour: 'provider failed twice', declines: false, share: 0.03 },
  {
    token: 'tok_capture_timeout',
    behaviour: 'captured, but the answer got lost',
    declines: false,
    share: 0.02,
  },
  {
    token: 'tok_capture_flaky',
    behaviour: 'provider failed twice at the capture',
    declines: false,
    share: 0.02,
  },
];

/** A card for each of so many orders: of every difficult one its share, and at least one where there are enough orders. */
export function dealCards(orders: number, random: Random): Card[] {
  const cards: Card[] = [];
  for (const card of DIFFICULT_CARDS) {
    for (let left = Math.ceil(orders * card.share); left > 0 && cards.length < orders / 2; left--)
      cards.push(card);
  }
  while (cards.length < orders) cards.push(GOOD_CARD);
  for (let index = cards.length - 1; index > 0; index--) {
    const other = random.integer(index + 1);
    [cards[index], cards[other]] = [cards[other] as Card, cards[index] as Card];
  }
  return cards;
}

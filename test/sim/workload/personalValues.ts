/** Personal data that clients send: every value shows by itself that it is one, wherever it turns up. */
import type { World } from '../model/world.ts';

/** What every personal value has in it that is never stored in the clear, and nothing else. */
const MARKS = /\b(?:resident-|tok_(?!\w*_before\b))/;

/** Whether a text has a personal value in it. */
export function isPersonal(text: string): boolean {
  return MARKS.test(text);
}

/** An address that nobody else has; without a country where it is null. */
export function newAddress(world: World, country: string | null): Readonly<Record<string, string>> {
  const name = world.uniqueId(world.isBefore ? 'former' : 'resident');
  return { name, line1: `The house of ${name}`, ...(country === null ? {} : { country }) };
}

/** What stands for a card, as it is sent: of a card that was sent before there was encryption it says so (`behaviourOf`). */
export function cardToken({ isBefore }: World, card: string): string {
  return isBefore ? `${card}_before` : card;
}

/** A value of a subject's that stands in no event. */
export function newPersonalText(world: World): string {
  return JSON.stringify(world.uniqueId('resident'));
}

/** Personal data that clients send: every value shows by itself that it is one, wherever it turns up. */
import type { World } from '../model/world.ts';

/** What every personal value has in it, and nothing else. */
const MARKS = /\b(?:resident-|tok_)/;

/** Whether a text has a personal value in it. */
export function isPersonal(text: string): boolean {
  return MARKS.test(text);
}

/** An address that nobody else has; without a country where it is null. */
export function newAddress(world: World, country: string | null): Readonly<Record<string, string>> {
  const name = world.uniqueId('resident');
  return { name, line1: `The house of ${name}`, ...(country === null ? {} : { country }) };
}

/** A value of a subject's that stands in no event. */
export function newPersonalText(world: World): string {
  return JSON.stringify(world.uniqueId('resident'));
}

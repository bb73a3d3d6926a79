/**
 * Sorting an object's keys wrote them into a plain object, where assigning to `__proto__` sets the prototype: the key was
 * lost, so that two different bodies had the same canonical text, fingerprint and hash.
 */
import { expect, it } from 'vitest';
import { canonicalJson } from '../../schemas/canonical.ts';

it('a key named __proto__ is part of the canonical text, in order or not', () => {
  expect(canonicalJson(JSON.parse('{"a":1,"__proto__":{"b":2}}'))).toBe('{"__proto__":{"b":2},"a":1}');
  expect(canonicalJson(JSON.parse('{"__proto__":{"b":2},"a":1}'))).toBe('{"__proto__":{"b":2},"a":1}');
});
